"""A message goes to another ticket, or becomes a ticket of its own; who may read it stays the same (R-MAIL-2)."""

from .base import Refusal, now, session
from .bell import ring
from .follower import TicketFollower


class CannotMove(Refusal):
    """The message stays. ``reason`` is "hidden", "closed", "company", "here" or "only"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def move_message(message, target, by, at=None):
    """To another ticket. Outsiders go on reading it as people of the ticket that it was said to."""
    source = message.ticket
    for ticket in sorted({source, target}, key=lambda one: one.id):
        ticket.lock()
    _refuse(message, target, by)
    if len(source.messages) < 2:
        raise CannotMove("only")  # merge the tickets instead
    _put(message, target, by, at or now())


def split_message(message, by, subject="", at=None):
    """A new ticket of the same team begins with this message, quietly; its customer is the outsider who wrote it."""
    from .ticket import Ticket

    at, source = at or now(), message.ticket
    source.lock()
    _refuse(message, None, by)
    if len(source.messages) < 2:
        raise CannotMove("only")
    home = session.get(Ticket, message.home_id)
    customer = home.customer if message.author.internal else message.author
    subject = " ".join((subject or home.subject).split())[:250]
    made = Ticket(
        team=source.team, customer=customer, subject=subject, stage=source.team.first_stage, created_at=at,
        last_activity_at=at, stage_changed_at=at, rank=at.timestamp(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    for row in session.query(TicketFollower).where(TicketFollower.ticket_id == source.id, TicketFollower.excluded):
        session.add(TicketFollower(ticket_id=made.id, contact_id=row.contact_id, excluded=True))
    made.record("created", by=by, at=at)
    if not by.user.sees(made):  # of a private team, whoever follows one ticket alone
        made.add_follower(by, quietly=True)
    _put(message, made, by, at)
    ring("assign")
    return made


def move_back(message, by, at=None):
    """To the ticket that it was said to, or where that goes on; an empty ticket of a split is merged there."""
    from .ticket import Ticket

    home, left = session.get(Ticket, message.moved_from_id), message.ticket
    target = home.stays
    for ticket in sorted({left, target}, key=lambda one: one.id):
        ticket.lock()
    _refuse(message, target, by)
    _put(message, target, by, at or now())
    message.moved_from_id = None
    message.origin_id = home.id if home is not target else None
    session.flush()
    for ticket in (home, target):
        ticket.index_anew()
    if not left.messages:
        left.merge_into(target, by, at=at)
    return target


def _refuse(message, target, by):
    everything = [message.ticket] + [target] * (target is not None)
    if not (by.user and by.user.internal and all(by.user.sees(ticket) for ticket in everything)):
        raise CannotMove("hidden")
    if target is message.ticket:
        raise CannotMove("here")
    for ticket in everything:
        if ticket.closed or ticket.merged_into_id is not None:
            raise CannotMove("closed")
        if ticket.team.company_id != message.ticket.team.company_id:
            raise CannotMove("company")


def _put(message, target, by, at):
    source, home = message.ticket, message.home_id
    message.moved_from_id = None if target.id == home else home
    message.origin_id = None
    message.ticket = target
    session.flush()
    for ticket in (source, target):
        session.expire(ticket, ["messages"])
        ticket.record("edited", by=by, from_=str(source.id), to=str(target.id), why="message", at=at)
        ticket.waiting_since = ticket.unanswered_since()
        ticket.index_anew()
