"""What a recipient may be told, and where their link leads (R-VIS-6 to 9; threat model, rules 7 and 32)."""

from flask import current_app
from sqlalchemy import exists, select

from models.base import Refusal, session
from models.event import Event
from models.links import Link
from models.message import Message
from models.people import User
from models.ticket import Ticket
from models.visibility import followed_by, may_see, messages_heard_by

# Read on the inside alone: their button leads to the console even where the reader is also the customer.
INSIDE = ("note", "assigned")


class NotForThem(Refusal):
    """This recipient must not get this mail."""


class Obsolete(Refusal):
    """What the mail wanted to say is no longer so."""


def check(delivery):
    """Raise NotForThem or Obsolete where the mail must not go out any more: rights are those of now (rule 5)."""
    ticket, contact, kind = delivery.ticket, delivery.contact, delivery.kind
    if ticket is None:
        return
    if kind in INSIDE or (delivery.message and delivery.message.internal):
        if not (contact.internal and may_see(contact.user, ticket)):
            raise NotForThem("Only internal users who may see the ticket get this mail.")
        if kind == "assigned" and ticket.assignee is not contact.user:
            raise Obsolete("The ticket has another assignee now.")
    elif kind in ("moved", "reply", "new_ticket"):
        if contact.user and not contact.user.active and contact.id != ticket.customer_id:
            raise NotForThem("The user of this address is not active.")
        if not _follows(ticket, contact, delivery.message):
            raise Obsolete("The recipient no longer follows the ticket.")


def _follows(ticket, contact, message) -> bool:
    """Whether they are told of it: outsiders of what is for them, also after a merge (R-MERGE-3)."""
    if message and not contact.internal:
        return session.scalar(select(exists().where(Message.id == message.id, messages_heard_by(contact.id))))
    if session.scalar(select(exists().where(Ticket.id == ticket.id, followed_by(contact.id)))):
        return True
    return bool(ticket.merged) and contact in ticket.followers


def link_to_ticket(delivery) -> str | None:
    """Where this recipient reads the ticket: the customer by a signed link, users who may see it in their own
    room, everybody else nowhere (R-VIS-6, R-VIS-7)."""
    ticket, contact = delivery.ticket, delivery.contact
    if ticket is None:
        return None
    base = current_app.config["BASE_URL"]
    if uses_signed_link(delivery):
        return f"{base}/ticket/{ticket.link_for(contact).token}"
    user = contact.user
    if user is None or not may_see(user, ticket):
        return None
    return f"{base}/console/tickets/{ticket.number}" if user.internal else f"{base}/my/tickets/{ticket.number}"


def uses_signed_link(delivery) -> bool:
    if delivery.ticket is None or delivery.kind in INSIDE:
        return False
    return delivery.kind == "link" or delivery.contact_id == delivery.ticket.customer_id


def mailbox_proven(ticket) -> bool:
    """Whether the customer is known to read this address: by a login, by a link that was used, or because one of us
    opened the ticket. Until then anybody may have typed it, and no word of theirs is mailed there (rule 32)."""
    customer = ticket.customer
    if customer.user and customer.user.active:
        return True
    used = exists().where(Link.contact_id == customer.id, Link.last_used_at.is_not(None))
    ours = select(User.contact_id).where(User.role != "portal")
    opened_by_us = exists().where(Event.ticket_id == ticket.id, Event.kind == "created", Event.by_id.in_(ours))
    return session.scalar(select(used | opened_by_us))
