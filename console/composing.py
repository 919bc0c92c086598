"""Where one answers on the page of a ticket: what was begun, who will get it, what was just sent."""

from flask import current_app

from models.base import now
from models.undo import SHOWN
from web.locale import lazy_gettext as _l

from . import me
from .forms import ReplyForm

WHY = {
    "customer": _l("customer"),
    "assignee": _l("assignee"),
    "ticket": _l("follows this ticket"),
    "team": _l("follows the team"),
    "merged": _l("by a merged ticket"),
}


def composing(ticket, following, refused: ReplyForm | None) -> dict:
    """What the composer shows; ``refused`` keeps what was typed, else a draft is taken up again."""
    drafts = {draft.internal: draft for draft in ticket.drafts_of(me())}
    reply = refused or _begun(ticket, drafts)
    internal = bool(reply.internal.data)
    following = sorted(following, key=lambda one: one.contact.id != ticket.customer_id)  # the customer first
    last = ticket.messages[-1] if ticket.messages else None
    undo = last and ticket.undo_of(last, me(), now())
    return {
        "reply": reply,
        "draft": drafts.get(internal),
        "other_draft": drafts.get(not internal),
        "all_drafts": [draft for draft in drafts.values() if draft.body.strip()],
        "told": [(one.contact, reasons(ticket, one)) for one in ticket.recipients(me().contact, False, following)],
        "told_note": [(one.contact, reasons(ticket, one)) for one in ticket.recipients(me().contact, True, following)],
        "undo": undo,
        "undo_seconds": undo and round(min((undo.until - now()).total_seconds(), SHOWN.total_seconds())),
        "state": state_of(_version(ticket), ()),
        "max_upload": current_app.config["MAX_CONTENT_LENGTH"],
    }


def _begun(ticket, drafts) -> ReplyForm:
    form, begun = ReplyForm(formdata=None), drafts.get(False) or drafts.get(True)
    if begun:
        form.body.data, form.internal.data = begun.body, begun.internal
    form.seen.data, form.merged.data = max((message.id for message in ticket.messages), default=0), len(ticket.merged)
    return form


def reasons(ticket, one) -> list:
    """Why somebody is told, in words, the weightiest first."""
    assigned = ticket.assignee and ticket.assignee.contact_id == one.contact.id
    found = {
        "customer": one.contact.id == ticket.customer_id,
        "assignee": assigned,
        "ticket": one.by_ticket and not assigned,
        "team": one.by_team,
        "merged": one.by_merge,
    }
    return [WHY[reason] for reason, true in found.items() if true]


def _version(ticket) -> str:
    """As ``ticket.version``, of what the page has loaded already."""
    return "-".join(str(max((one.id for one in each), default=0)) for each in (ticket.messages, ticket.events))


def state_of(version: str, others) -> str:
    """What a page knows of the ticket and of those who look at it: the answer to a poll that knows as much is empty."""
    return f"{version}." + ",".join(f"{one.user_id}{'w' if one.writing else ''}" for one in others)
