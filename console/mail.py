"""The mail page: what came in and what became of it, what was set aside, and what came back (R-MAIL-4).

A stranger's mail is shown as it lies there, never opened here: its reading belongs to the child with limits.
"""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload, undefer

from models import Delivery, IncomingMail, Team, Ticket, session
from models.access import LARGEST_ID, NotVisible
from models.incoming import SET_ASIDE, NotSetAside, counts
from models.visibility import teams_visible_to

from . import administrators_only, bp, me
from .by_mail import RULES
from .originals import original_of, without_secrets
from .outbox import masked, readable_by

PAGE = 50
SHOWN_BYTES = 30_000  # of the original
STATE_NAMES = {
    "received": _l("To be read"),
    "ticket": _l("New ticket"),
    "reply": _l("Reply"),
    "parked": _l("Parked"),
    "quarantined": _l("Quarantined"),
    "automatic": _l("Automatic"),
    "bounce": _l("Bounce"),
    "discarded": _l("Discarded"),
}
LOOKS = {
    "received": "new", "ticket": "open", "reply": "resolved", "parked": "failed", "quarantined": "answered",
    "automatic": "closed", "bounce": "closed", "discarded": "closed",
}  # fmt: skip
WAYS = {
    "lmtp": _l("From the mail server (LMTP)"),
    "smtp": _l("From the mail server (SMTP)"),
    "imap": _l("From the mailbox (IMAP)"),
    "pipe": _l("From the command of a mail server"),
    "copy": _l("As a copy: the mail names several teams"),
}


def seen_by(administrator):
    """A condition on IncomingMail: sent to a team of their companies, or to nobody that we know (R-VIS-8)."""
    teams = select(Team.id).where(teams_visible_to(administrator))
    tickets = select(Ticket.id).where(Ticket.team_id.in_(teams))
    nowhere = and_(IncomingMail.team_id.is_(None), IncomingMail.ticket_id.is_(None))
    return or_(IncomingMail.team_id.in_(teams), IncomingMail.ticket_id.in_(tickets), nowhere)


@bp.get("/mail")
@administrators_only
def mail():
    """Newest first; a page ends where the next one begins, as in the outbox."""
    state, text = request.args.get("state", ""), request.args.get("q", "").strip()[:200]
    before = request.args.get("before", 0, type=int)
    query = select(IncomingMail).where(seen_by(me())).order_by(IncomingMail.id.desc()).limit(PAGE + 1)
    if state in STATE_NAMES:
        query = query.where(IncomingMail.state == state)
    if text:
        columns = (IncomingMail.author, IncomingMail.subject, IncomingMail.recipient, IncomingMail.sender)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    if 0 < before <= LARGEST_ID:
        query = query.where(IncomingMail.id < before)
    found = session.scalars(query.options(joinedload(IncomingMail.ticket), joinedload(IncomingMail.team))).all()
    return render_template(
        "console/mail.html", mails=found[:PAGE], next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        before=before, q=text, state=state, chips=chips(state, text), states=STATE_NAMES, looks=LOOKS,
        set_aside=[one.id for one in found[:PAGE] if one.state in SET_ASIDE], masked=masked, tabs=tabs("in"),
    )  # fmt: skip


def chips(state, text):
    known = counts(seen_by(me()))
    words = [("", _("All")), *STATE_NAMES.items()]
    return [
        (label, url_for(".mail", state=key or None, q=text or None), key == state, known.get(key))
        for key, label in words
    ]


def tabs(here: str):
    """In, out, what came back, and the addresses."""
    bounced = select(func.count()).where(Delivery.bounced_at.is_not(None), readable_by(me()))
    return [
        (_("In"), url_for(".mail"), here == "in", None),
        (_("Out"), url_for(".outbox"), here == "out", None),
        (_("Bounced"), url_for(".bounced"), here == "bounced", session.scalar(bounced) or None),
        (_("Addresses"), url_for(".addresses"), here == "addresses", None),
    ]


@bp.get("/mail/bounced")
@administrators_only
def bounced():
    """Our mails that came back, and why."""
    query = select(Delivery).where(Delivery.bounced_at.is_not(None), readable_by(me()))
    if text := request.args.get("q", "").strip()[:200]:
        query = query.where(Delivery.address.icontains(text, autoescape=True))
    query = query.options(joinedload(Delivery.ticket)).order_by(Delivery.bounced_at.desc(), Delivery.id.desc())
    found = session.scalars(query.limit(PAGE)).all()
    return render_template("console/bounced.html", deliveries=found, q=text, tabs=tabs("bounced"), masked=masked)


def readable(id: int, *options) -> IncomingMail:
    query = select(IncomingMail).where(IncomingMail.id == id, seen_by(me())).options(*options)
    found = session.scalar(query) if 0 < id <= LARGEST_ID else None
    if found is None:
        raise NotVisible
    return found


@bp.get("/mail/<int:id>")
@administrators_only
def incoming(id):
    found = readable(id, undefer(IncomingMail.raw), joinedload(IncomingMail.ticket), joinedload(IncomingMail.message))
    raw = without_secrets(found.raw[:SHOWN_BYTES]) if found.raw else b""
    return render_template(
        "console/incoming.html", mail=found, source=raw.decode("utf-8", "replace"), cut=found.size > SHOWN_BYTES,
        states=STATE_NAMES, looks=LOOKS, ways=WAYS, rules=RULES, masked=masked,
        can_run=found.raw is not None and found.state in (*SET_ASIDE, "automatic"), set_aside=found.state in SET_ASIDE,
    )  # fmt: skip


@bp.get("/mail/<int:id>/original")
@administrators_only
def original(id):
    return original_of(readable(id, undefer(IncomingMail.raw)))


@bp.get("/tickets/<int:number>/originals/<int:id>")
def original_of_message(number, id):
    """The mail that a message came by, for whoever sees the ticket."""
    ticket = me().ticket(number)
    query = select(IncomingMail).where(IncomingMail.message_id == id, IncomingMail.raw.is_not(None))
    found = session.scalar(query.options(undefer(IncomingMail.raw)).limit(1)) if id <= LARGEST_ID else None
    if found is None or found.message.ticket_id != ticket.id:
        raise NotVisible
    return original_of(found)


@bp.post("/mail/<int:id>/run")
@administrators_only
def run_again(id):
    found = readable(id)
    try:
        found.run_again()
        flash(_("The mail is read again; look in a moment what became of it."), "success")
    except NotSetAside:
        flash(_("This mail has its place already: nothing was changed."), "info")
    session.commit()
    return redirect(url_for(".incoming", id=id), 303)


@bp.post("/mail/discards")
@administrators_only
def discard():
    """Put away what was set aside: one mail, or all those of a page."""
    ids = [int(id) for id in request.form.getlist("mail") if id.isascii() and id.isdigit() and len(id) < 10][:PAGE]
    query = select(IncomingMail).where(IncomingMail.id.in_(ids), IncomingMail.state.in_(SET_ASIDE), seen_by(me()))
    found = session.scalars(query).all()
    for one in found:
        one.discard()
    session.commit()
    flash(ngettext("%(num)s mail was discarded.", "%(num)s mails were discarded.", len(found)), "success")
    return redirect(url_for(".mail"), 303)
