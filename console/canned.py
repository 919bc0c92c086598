"""Canned replies: a page to keep them, and what the composer finds among them, filled in for its ticket."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import joinedload
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from mail.placeholders import values_about
from mail.rendering import language_of
from models import CannedReply, Ticket, session
from models.access import LARGEST_ID, NotVisible
from models.canned import WITHOUT_VALUE, canned_reply, find_canned_replies
from models.team import Team
from models.template import TextTooLong, UnknownPlaceholder

from . import bp, me
from .choices import NEEDED, trim
from .template_form import MEANINGS

MOST = 500  # shown on the page that keeps them
PLACEHOLDERS = {name: meaning for name, meaning in MEANINGS.items() if name not in WITHOUT_VALUE}


def can_be_filled(form, field):
    try:
        CannedReply(body=field.data or "").check()
    except TextTooLong:
        raise ValidationError(_("Written out, this text could become too long.")) from None
    except UnknownPlaceholder as unknown:
        names = ", ".join(f"{{{{ {name} }}}}" for name in unknown.names)
        raise ValidationError(_("%(names)s is no placeholder; choose one of those offered.", names=names)) from None


class CannedForm(FlaskForm):
    shortcut = StringField(
        _l("Shortcut"),
        [DataRequired(NEEDED), Length(max=40), Regexp(r"[\w-]+$", message=_l("Letters, digits, - and _ only."))],
        filters=[trim],
        description=_l("Write : and the shortcut in an answer, then press Tab."),
    )
    title = StringField(_l("Title"), [DataRequired(NEEDED), Length(max=120)], filters=[trim])
    body = TextAreaField(_l("Text"), [DataRequired(NEEDED), Length(max=20_000), can_be_filled], filters=[trim])
    company = SelectField(_l("Who uses it"), coerce=int, default=0)

    def __init__(self, reply=None):
        super().__init__(obj=reply, data={"company": (reply and reply.company_id) or 0})
        mine = [SelectChoice(one.id, _("Everybody of %(company)s", company=one.name)) for one in me().companies]
        self.company.choices = [SelectChoice(0, _("Only me")), *mine]


@bp.get("/canned")
def canned():
    found = find_canned_replies(me(), request.args.get("q", "")[:200], limit=MOST)
    return render_template("console/canned.html", replies=found, q=request.args.get("q", ""))


@bp.route("/canned/new", methods=["GET", "POST"])
def new_canned():
    return _edit(None)


@bp.route("/canned/<int:id>", methods=["GET", "POST"])
def change_canned(id):
    return _edit(_changeable(id))


@bp.post("/canned/<int:id>/removal")
def remove_canned(id):
    session.delete(_changeable(id))
    session.commit()
    flash(_("The canned reply is gone."), "success")
    return redirect(url_for(".canned"), 303)


def _changeable(id) -> CannedReply:
    reply = canned_reply(me(), id) if id <= LARGEST_ID else None
    if reply is None or not reply.changeable_by(me()):
        raise NotVisible
    return reply


def _edit(reply):
    form = CannedForm(reply)
    if form.validate_on_submit():
        reply = reply or CannedReply(user=me())
        reply.shortcut, reply.title, reply.body = form.shortcut.data, form.title.data, form.body.data
        reply.company_id = form.company.data or None
        if reply.company_id is None:
            reply.user_id = reply.user_id or me().id
        session.add(reply)
        session.commit()
        flash(_("Saved."), "success")
        return redirect(url_for(".canned"), 303)
    page = render_template("console/canned_reply.html", form=form, reply=reply, placeholders=PLACEHOLDERS)
    return page, 422 if form.is_submitted() else 200


@bp.get("/tickets/<int:number>/canned")
def canned_for(number):
    """The canned replies that fit ``q``, as the composer puts them in; with ``shortcut``, that one alone."""
    ticket = me().ticket(number, joinedload(Ticket.team).joinedload(Team.company), joinedload(Ticket.customer))
    wanted = request.args.get("shortcut", "")[:40]
    found = find_canned_replies(me(), wanted or request.args.get("q", "")[:200], company=ticket.company)
    if wanted:
        found = [one for one in found if one.shortcut.lower() == wanted.lower()][:1]
    with force_locale(language_of(ticket.customer)):
        filled = values_about(ticket, None, ticket.subject)
    return render_template("console/_canned.html", replies=[(one, one.fill(filled)) for one in found])
