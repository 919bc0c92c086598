"""The address book of the teams, each address with a live check: a mail that we send there and watch arrive."""

from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from mail.envelope import Envelope, NotTaken
from mail.headers import ASCII, mailbox
from mail.outgoing import post_office
from models import AddressCheck, Team, TeamAddress, now, session
from models.access import LARGEST_ID, NotVisible
from models.outbox import new_mail_id
from models.people import normal_email
from models.visibility import teams_visible_to

from . import administrators_only, bp, me
from .choices import NEEDED, commit, email_address, trim
from .mail import tabs
from .outbox import mail_folder


class AddressForm(FlaskForm):
    address = StringField(_l("E-mail address"), [DataRequired(NEEDED), email_address], [trim])
    team = SelectField(_l("Team"), coerce=int)

    def validate_address(self, field):
        if is_ours(field.data):
            raise ValidationError(_l("This is an address of a team already."))


def is_ours(address: str) -> bool:
    taken = (
        session.scalar(select(Team.id).where(Team.address == address)),
        session.scalar(select(TeamAddress.id).where(TeamAddress.address == address)),
    )
    return any(taken) or address == normal_email(current_app.config["MAIL_FROM"])


def my_teams() -> list[Team]:
    return list(session.scalars(select(Team).where(teams_visible_to(me())).order_by(Team.name, Team.id)))


@bp.get("/mail/addresses")
@administrators_only
def addresses():
    return page(form_for(my_teams(), formdata=None))


def form_for(teams, **settings) -> AddressForm:
    form = AddressForm(**settings)
    form.team.choices = [(team.id, team.name) for team in teams]
    return form


def page(form):
    teams = my_teams()
    aliases = session.scalars(
        select(TeamAddress).where(TeamAddress.team_id.in_([team.id for team in teams])).order_by(TeamAddress.address)
    ).all()
    rows = [(team, team.address, None) for team in teams if team.address]
    rows += [(alias.team, alias.address, alias.id) for alias in aliases]
    rows.sort(key=lambda row: (row[0].name, row[0].id, row[2] is not None, row[1]))
    listed = [address for _, address, _ in rows]
    checks = session.scalars(
        select(AddressCheck).where(AddressCheck.address.in_(listed)).order_by(AddressCheck.id)
    ).all()
    config = current_app.config
    ways = {"LMTP_LISTEN": config["LMTP_LISTEN"], "IMAP_URL": config["IMAP_URL"]}
    return render_template(
        "console/mail_addresses.html", rows=rows, checks={check.address: check for check in checks}, form=form,
        tabs=tabs("addresses"), ways=[name for name, value in ways.items() if value], at=now(),
        mark=config["REPLY_MARK"], nameless=[team for team in teams if not team.address],
        folder=mail_folder(),
    )  # fmt: skip


@bp.post("/mail/addresses")
@administrators_only
def add_address():
    form = form_for(my_teams())
    if not form.validate_on_submit():
        return page(form), 422
    session.add(TeamAddress(address=form.address.data, team_id=form.team.data))
    if not commit(form.address):
        return page(form), 422
    flash(_("Mail to %(address)s is the team's from now on.", address=form.address.data), "success")
    return redirect(url_for(".addresses"), 303)


@bp.post("/mail/addresses/<int:id>/removal")
@administrators_only
def remove_address(id):
    found = session.get(TeamAddress, id) if id <= LARGEST_ID else None
    if found is None or not me().sees(found.team):
        raise NotVisible
    session.delete(found)
    session.commit()
    flash(_("%(address)s is no address of the team any more.", address=found.address), "success")
    return redirect(url_for(".addresses"), 303)


@bp.post("/mail/checks")
@administrators_only
def check_address():
    """Send a mail to one of our addresses; the page then watches it arrive."""
    address = normal_email(request.form.get("address", ""))[:254]
    known = {team.address for team in my_teams()}
    alias = session.scalar(select(TeamAddress).where(TeamAddress.address == address))
    if not address or (address not in known and not (alias and me().sees(alias.team))):
        raise NotVisible
    check = AddressCheck(address=address, mail_id=new_mail_id(), sent_at=now())
    session.add(check)
    session.commit()  # before the mail can arrive
    try:
        send(check)
    except NotTaken as reason:
        session.delete(check)
        session.commit()
        flash(_("The mail was not taken by the mail server: %(reason)s", reason=str(reason)), "error")
    return redirect(url_for(".addresses"), 303)


def send(check: AddressCheck):
    config = current_app.config
    letter = EmailMessage(policy=ASCII)
    by, to = mailbox(config["HELPDESK_NAME"], config["MAIL_FROM"]), mailbox("", check.address)
    letter["From"], letter["To"], letter["Subject"] = by, to, _("Check of %(address)s", address=check.address)
    letter["Date"], letter["Message-ID"] = format_datetime(check.sent_at), f"<{check.mail_id}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("A check that mail to this address arrives. Guichet recognises it and opens no ticket.")
    with post_office() as office:
        office.post(Envelope(f"check-{check.id}", by.addr_spec, to.addr_spec, letter.as_bytes()))


@bp.get("/mail/checks/<int:id>")
@administrators_only
def address_check(id):
    """What became of a check so far: the piece of the page that watches."""
    found = session.get(AddressCheck, id) if id <= LARGEST_ID else None
    if found is None or found.address not in {address for _, address, _ in _mine()}:
        raise NotVisible
    return render_template("console/_address_check.html", check=found, at=now())


def _mine():
    teams = my_teams()
    yield from ((team, team.address, None) for team in teams)
    ids = [team.id for team in teams]
    yield from ((None, one.address, one.id) for one in session.scalars(
        select(TeamAddress).where(TeamAddress.team_id.in_(ids))))  # fmt: skip
