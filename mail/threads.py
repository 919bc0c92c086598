"""Which ticket a mail answers, by the Message-IDs that it names (RFC 5322, 3.6.4)."""

from sqlalchemy import exists, select

from models.base import session
from models.incoming import IncomingMail
from models.message import Message
from models.outbox import Delivery
from models.ticket import Ticket
from models.visibility import followed_by

MOST = 30


def ticket_of_thread(references: list[str]) -> Ticket | None:
    """The ticket of the nearest mail that we know: one that we sent, or one that was placed here."""
    ids = references[:MOST]
    if not ids:
        return None
    known: dict[str, int] = {}
    for model in (IncomingMail, Delivery, Message):
        rows = select(model.mail_id, model.ticket_id).where(model.mail_id.in_(ids), model.ticket_id.is_not(None))
        known |= dict(session.execute(rows).all())
    nearest = next((known[id] for id in ids if id in known), None)
    return session.get(Ticket, nearest) if nearest else None


def taking_part(ticket: Ticket, contact) -> bool:
    """Whether this contact asked, follows, or wrote here in public (threat model, rule 45)."""
    if contact.id == ticket.customer_id:
        return True
    wrote = exists().where(Message.ticket_id == ticket.id, Message.author_id == contact.id, ~Message.internal)
    follows = exists(select(Ticket.id).where(Ticket.id == ticket.id, followed_by(contact.id)))
    return session.scalar(select(wrote | follows)) or bool(ticket.merged and contact in ticket.followers)
