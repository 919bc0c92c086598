"""The outbox as administrators see it: what went out, what waits, what failed and why."""

import re
from email import message_from_bytes, policy

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import format_currency, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload, undefer

from mail.sms import Gateway
from models import Delivery, Team, Ticket, User, held, session
from models.access import LARGEST_ID, NotVisible
from models.company import user_companies
from models.held import HELD
from models.people import INTERNAL
from models.reply_address import KEY_OF_ADDRESS
from models.visibility import teams_visible_to
from web.respond import asked_by_htmx

from . import administrators_only, bp, me

PAGE = 50
STATE_NAMES = {
    "queued": _l("Waiting"),
    "held": _l("Held"),
    "sent": _l("Sent"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}
STATE_LOOKS = {"queued": "new", "held": "answered", "sent": "resolved", "failed": "failed", "cancelled": "closed"}
KIND_NAMES = {
    "stage": _l("Words of a stage"),
    "moved": _l("Change of stage"),
    "reply": _l("Answer"),
    "note": _l("Internal note"),
    "new_ticket": _l("New ticket"),
    "assigned": _l("Assignment"),
    "reminder": _l("Reminder"),
    "link": _l("Fresh link"),
    "signup": _l("Sign-up"),
    "reset": _l("Password reset"),
    "invitation": _l("Invitation"),
    "sms_held": _l("SMS are held"),
    "test": _l("Test of a template"),
}
HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "Auto-Submitted")
# Whoever holds one of these could read a ticket as its customer or take over a login: the outbox never shows them.
SECRETS = (
    re.compile(r"(/(?:ticket|reset|signup|invitation|rating|unsubscribe)/)[^\s\"'<>]+"),
    re.compile(r"([?&](?:code|token)=)[^\s&\"'<>]+"),
    KEY_OF_ADDRESS,
)


def masked(text: str) -> str:
    for secret in SECRETS:
        text = secret.sub(r"\1••••••", text)
    return text


def readable_by(administrator):
    """A condition on Delivery: about a ticket of their companies, or to a login that they may manage (R-VIS-8)."""
    tickets = select(Ticket.id).where(Ticket.team_id.in_(select(Team.id).where(teams_visible_to(administrator))))
    ids = [company.id for company in administrator.companies]
    at_home = select(user_companies.c.user_id).where(user_companies.c.company_id.in_(ids))
    strangers = select(User.contact_id).where(User.role.in_(INTERNAL), User.id.not_in(at_home))
    ours = and_(Delivery.ticket_id.is_(None), Delivery.contact_id.not_in(strangers))
    # The test of a template may speak of a ticket that others may not see.
    own = or_(Delivery.kind != "test", Delivery.contact_id == administrator.contact_id)
    return and_(or_(Delivery.ticket_id.in_(tickets), ours), own)


@bp.get("/outbox")
@administrators_only
def outbox():
    """Newest first; a page ends where the next one begins (``before``), so the hundredth costs what the first does."""
    from .mail import tabs

    state, text = request.args.get("state", ""), request.args.get("q", "").strip()[:200]
    before = request.args.get("before", 0, type=int)
    query = select(Delivery).where(readable_by(me())).order_by(Delivery.id.desc()).limit(PAGE + 1)
    if state in STATE_NAMES:
        query = query.where(Delivery.state == state)
    if text:
        query = query.where(Delivery.address.icontains(text, autoescape=True))
    if 0 < before <= LARGEST_ID:
        query = query.where(Delivery.id < before)
    found = session.scalars(query.options(joinedload(Delivery.contact), joinedload(Delivery.ticket))).all()
    return render_template(
        "console/outbox.html", deliveries=found[:PAGE], next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        before=before, q=text, state=state, chips=chips(state, text), state_names=STATE_NAMES, looks=STATE_LOOKS,
        kinds=KIND_NAMES, folder=mail_folder(), gateway=gateway(), held=held_sms(), tabs=tabs("out"),
    )  # fmt: skip


def chips(state, text):
    """The states to filter by; those that want attention say how many."""
    query = select(Delivery.state, func.count()).where(
        Delivery.state.in_(("queued", "held", "failed")), readable_by(me())
    )
    counts = dict(session.execute(query.group_by(Delivery.state)).all())
    words = [("", _("All")), *STATE_NAMES.items()]
    return [
        (label, url_for(".outbox", state=key or None, q=text or None), key == state, counts.get(key))
        for key, label in words
    ]


def mail_folder() -> str | None:
    """Where mails are kept as files, while no mail server is named."""
    return None if current_app.config.get("MAIL_URL") else f"{current_app.config['DATA_DIR']}/mail"


def gateway() -> Gateway | None:
    url = current_app.config.get("SMS_URL")
    return Gateway(url) if url else None


def held_sms() -> tuple[int, str] | None:
    """How many SMS wait for somebody to see to the gateway, and why, as far as this administrator may know."""
    if not me().administrator:
        return None
    count, newest = session.execute(select(func.count(), func.max(Delivery.id)).where(HELD, readable_by(me()))).one()
    return (count, masked(session.get(Delivery, newest).reason)) if count else None


@bp.post("/outbox/held/attempt")
@administrators_only
def send_held():
    count = held.send_held(Delivery.id.in_(select(Delivery.id).where(HELD, readable_by(me()))))
    session.commit()
    if count:
        flash(ngettext("%(num)s SMS is sent now.", "%(num)s SMS are sent now.", count), "success")
    else:
        flash(_("No SMS is held."), "info")
    return redirect(url_for(".outbox"), 303)


@bp.get("/outbox/balance")
@administrators_only
def balance():
    """What the gateway has left of our money; asked apart from the page, which does not wait for it."""
    found = gateway() and gateway().balance()
    if found:
        words = _("Balance: %(amount)s", amount=format_currency(*found))
    else:
        words = _("This gateway does not tell its balance.")
    if asked_by_htmx():
        return render_template("console/_balance.html", words=words)
    flash(words, "info")
    return redirect(url_for(".outbox"), 303)


def readable(id: int) -> Delivery:
    loaded = (joinedload(Delivery.contact), joinedload(Delivery.ticket), undefer(Delivery.raw))
    query = select(Delivery).where(Delivery.id == id, readable_by(me())).options(*loaded)
    delivery = session.scalar(query) if 0 < id <= LARGEST_ID else None
    if delivery is None:
        raise NotVisible
    return delivery


@bp.get("/outbox/<int:id>")
@administrators_only
def delivery(id):
    found = readable(id)
    return render_template(
        "console/delivery.html", delivery=found, mail=opened(found), error=masked(found.reason),
        state_names=STATE_NAMES, looks=STATE_LOOKS, kinds=KIND_NAMES, folder=mail_folder(),
    )  # fmt: skip


def opened(delivery) -> dict | None:
    """The finished mail, readable: headers, text, names of the files. None before the first attempt."""
    if not delivery.raw:
        return None
    if delivery.channel == "sms":
        return {"subject": _("SMS"), "headers": [], "text": masked(delivery.raw.decode()), "files": []}
    mail = message_from_bytes(delivery.raw, policy=policy.default)
    part = mail.get_body(("plain", "html"))
    return {
        "subject": masked(str(mail["Subject"] or "")),
        "headers": [(name, masked(str(mail[name]))) for name in HEADERS if mail[name]],
        "text": masked(_text(part)) if part else "",
        "files": [file.get_filename() or _("unnamed") for file in mail.iter_attachments()],
    }


def _text(part) -> str:
    try:
        text = part.get_content()
    except (LookupError, UnicodeError):
        return _("This text cannot be shown.")
    return text if part.get_content_subtype() == "plain" else re.sub(r"<[^>]{0,2000}>", " ", text)


@bp.post("/outbox/<int:id>/attempt")
@administrators_only
def try_again(id):
    found = readable(id)
    if found.try_again():
        flash(_("The mail to %(address)s is tried again.", address=found.address), "success")
    elif found.state in ("failed", "held"):
        flash(_("The customer has no phone number."), "info")
    else:
        flash(_("This mail is not one that failed: nothing was changed."), "info")
    session.commit()
    return redirect(url_for(".delivery", id=id), 303)
