"""Which tickets a mail answers, by the Message-IDs that it names (RFC 5322, 3.6.4)."""

from sqlalchemy import exists, select

from models.base import session
from models.incoming import IncomingMail
from models.message import Message
from models.outbox import Delivery
from models.ticket import Ticket
from models.visibility import followed_by

MOST, MOST_TICKETS = 30, 20  # mails and tickets that are looked at


def tickets_of_thread(references: list[str], team) -> list[Ticket]:
    """The tickets of the mails that we know, those that we sent and those that were placed here: the nearest first.

    A mail that went to several teams is on a ticket of each: that of ``team`` then comes first.
    """
    ids = references[:MOST]
    if not ids:
        return []
    known: dict[str, set[int]] = {}
    for model in (IncomingMail, Delivery, Message):
        rows = select(model.mail_id, model.ticket_id).where(model.mail_id.in_(ids), model.ticket_id.is_not(None))
        for id, number in session.execute(rows.distinct().limit(MOST_TICKETS)):
            known.setdefault(id, set()).add(number)
    numbers = {number for some in known.values() for number in some}
    tickets = {one.id: one for one in session.scalars(select(Ticket).where(Ticket.id.in_(numbers)))}
    found = []
    for id in ids:
        some = [tickets[number] for number in sorted(known.get(id, ()))]
        found += sorted(some, key=lambda one: one.team_id != (team and team.id))
    return list(dict.fromkeys(found))[:MOST_TICKETS]


def taking_part(ticket: Ticket, contact) -> bool:
    """Whether this contact asked, follows, or wrote here in public (threat model, rule 45)."""
    if contact.id == ticket.customer_id:
        return True
    wrote = exists().where(Message.ticket_id == ticket.id, Message.author_id == contact.id, ~Message.internal)
    follows = exists(select(Ticket.id).where(Ticket.id == ticket.id, followed_by(contact.id)))
    return session.scalar(select(wrote | follows)) or bool(ticket.merged and contact in ticket.followers)
