"""Merging: several tickets become one conversation, and each can be taken out again as it was (R-MERGE).

A merged ticket keeps its row: followers, tags, links, rating and history stay on it, closed. Its messages stand on the
ticket that stays and remember in ``origin`` where they were said; who may read them is asked of that ticket
(models/visibility.py). So nothing is copied but tags, and taking a ticket out is the same in whatever order it happens.
"""

from datetime import datetime

from sqlalchemy import JSON, Column, ForeignKey, Table, func, insert, literal, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .assignment import CannotBeAssigned
from .base import Base, Refusal, UtcDateTime, now, session
from .follower import TicketFollower
from .message import Message
from .people import Contact

MOST = 50
CHOICES = ("subject", "priority", "assignee", "stage")
# Of the ticket that stays: what a merge may change, and an undo puts back where nobody changed it since.
_REMEMBERED = (
    "subject", "priority", "assignee_id", "assigned_at", "awaits_assignment", "stage_id", "stage_changed_at", "rank",
    "last_activity_at", "reminded_at", "waiting_since",
)  # fmt: skip
_ANEW = {"populate_existing": True}
KEPT = ("stage_id", "stage_changed_at", "last_activity_at", "reminded_at", "rank")  # of a merged ticket

merging_tags = Table(
    "merging_tags",
    Base.metadata,
    Column("merging_id", ForeignKey("mergings.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class CannotMerge(Refusal):
    """These tickets can't become one. ``reason`` is a word of REASONS, ``ticket`` the one that it is about, if one."""

    REASONS = ("few", "many", "itself", "merged", "circle", "closed", "company", "hidden", "never closed", "choice")

    def __init__(self, reason, ticket=None):
        super().__init__(f"{reason}: {ticket.id}" if ticket else reason)
        self.reason, self.ticket = reason, ticket


class Merging(Base):
    """That a ticket was merged, and what an undo needs: how it was, and what it changed on the ticket that stays.

    ``changes`` are {column: [before, after]} of the ticket that stays; ``tags`` those that it has because of this one.
    """

    __tablename__ = "mergings"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))
    stage_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_activity_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rank: Mapped[float | None]
    changes: Mapped[dict] = mapped_column(JSON, default=dict)
    by: Mapped[Contact | None] = relationship()
    tags: Mapped[list["Tag"]] = relationship(secondary=merging_tags)  # noqa: F821


class MergedPath(Base):
    """That the conversation of one ticket goes on in another, by a merge or by several, and since when.

    Whoever takes part in ``ticket`` is told what we say publicly on ``into`` from then on (R-MERGE-3).
    """

    __tablename__ = "merged_paths"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    into_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class Mergeable:
    """A ticket can become part of another, and be taken out again."""

    @property
    def stays(self):
        """The ticket on which the conversation goes on: this one, or the end of its chain of merges."""
        ticket = self
        while ticket.merged_into_id is not None:
            ticket = ticket.merged_into
        return ticket

    def hold_what_stays(self):
        """Lock the ticket on which the conversation goes on, also if it is merged while we wait for it."""
        while True:
            ticket = self.stays
            ticket.lock()
            if ticket.merged_into_id is None:
                return ticket

    def merge_into(self, target, by, take=None, tell=False, at=None):
        """Make this ticket part of another; see ``merge``."""
        merge([self], target, by, take, tell, at)

    def unmerge(self, by, at=None):
        """Take this ticket out again, as it was (R-MERGE-4); one that is not merged stays as it is.

        What outsiders wrote to it meanwhile comes along; what we wrote stays where it was written.
        """
        from .unmerging import Undoing

        if self.merged_into_id is not None:
            Undoing(self, by, at or now()).carry_out()

    def face_for(self, contact):
        """The ticket by which this contact knows the conversation: this one, or one of theirs that was merged."""
        from .visibility import followed_by

        if not self.merged:
            return self
        mine = _Ticket().id.in_(merged_ones(self.id)) | (_Ticket().id == self.id)
        query = select(_Ticket()).where(mine, followed_by(contact.id))
        return session.scalar(query.order_by(_Ticket().id != self.id, _Ticket().id).limit(1)) or self

    @property
    def merging(self) -> Merging | None:
        """As it is in the database now: the undo of a neighbour may have changed it before we held the ticket."""
        return session.scalar(select(Merging).where(Merging.ticket_id == self.id), execution_options=_ANEW)


def _Ticket():
    from .ticket import Ticket

    return Ticket


def merged_ones(number):
    """The ids of all tickets whose conversation goes on in this one."""
    return select(MergedPath.ticket_id).where(MergedPath.into_id == number)


def merge(sources, into, by, take=None, tell=False, at=None):
    """Make the sources part of one ticket (R-MERGE-2); CannotMerge with the reason, and nothing has changed.

    ``by`` is the contact who merges. ``take`` names for some of CHOICES the source whose value the ticket that stays
    takes. ``tell`` mails the customers of the sources, once each.
    """
    at, sources = at or now(), list(dict.fromkeys(sources))
    for ticket in sorted({*sources, into}, key=lambda one: one.id):  # everybody in this order: nobody waits in a circle
        ticket.lock()
    take = take or {}
    _refuse(sources, into, by, take)
    for source in sources:
        _Joining(source, into, by, at).carry_out([name for name, chosen in take.items() if chosen is source])
    into.index_anew()
    if tell:
        _tell_customers(sources)


def _refuse(sources, into, by, take):
    everything = [into, *sources]
    for ticket in everything[: MOST + 1]:
        if by is None or by.user is None or not (by.user.internal and by.user.sees(ticket)):
            raise CannotMerge("hidden", ticket)
    refuse_together(sources, into)
    for name, chosen in take.items():
        if name not in CHOICES or chosen not in everything:
            raise CannotMerge("choice")
    if (chosen := take.get("subject", into)) and chosen.customer_id != into.customer_id:
        raise CannotMerge("choice", chosen)  # one customer's words would stand before another (R-MERGE-3)


def refuse_together(sources, into):
    """CannotMerge where these tickets can't become one, whoever asks."""
    if not sources:
        raise CannotMerge("few")
    if len(sources) >= MOST:
        raise CannotMerge("many")
    if into in sources:
        raise CannotMerge("itself", into)
    for ticket in (into, *sources):
        if ticket.merged_into_id is not None:
            raise CannotMerge("circle" if ticket is into and ticket.stays in sources else "merged", ticket)
        if ticket.team.company_id != into.team.company_id:
            raise CannotMerge("company", ticket)
        if ticket.closed:
            raise CannotMerge("closed", ticket)
        if ticket is not into and not ticket.team.closing_stage.folded:
            raise CannotMerge("never closed", ticket)


class _Joining:
    """One ticket becomes part of another."""

    def __init__(self, source, into, by, at):
        self.source, self.into, self.by, self.at = source, into, by, at

    def carry_out(self, taken):
        source, into, before = self.source, self.into, state_of(self.into)
        merging = Merging(ticket_id=source.id, at=self.at, by=self.by, changes={})
        for name in KEPT:
            setattr(merging, name, getattr(source, name))
        session.add(merging)
        merging.tags = self._give_tags()
        stage = source.stage
        source.close(by=self.by, how="merge", at=self.at, silent=True)
        source.record("merged", by=self.by, to=str(into.id), at=self.at)
        into.record("merged", by=self.by, from_=str(source.id), at=self.at)
        source.merged_into = into
        self._give_messages()
        into.touch(self.at)
        into.waiting_since = min(filter(None, (into.waiting_since, source.waiting_since)), default=None)
        follower = self._take(taken, stage)
        session.flush()
        after = state_of(into)
        merging.changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        if follower:
            merging.changes["follower"] = follower
        source.index_anew()

    def _give_tags(self) -> list:
        source, into = self.source, self.into
        given = {tag for one in mergings_into(into) for tag in one.tags}
        new = [tag for tag in source.tags if tag not in into.tags]
        shared = [tag for tag in source.tags if tag in given and tag not in new]
        into.tags = [*into.tags, *new]
        return new + shared

    def _give_messages(self):
        source, into = self.source, self.into
        session.flush()
        move_messages(Message.ticket_id == source.id, into.id, func.coalesce(Message.origin_id, source.id))
        known = select(MergedPath.ticket_id, literal(into.id), literal(self.at, UtcDateTime))
        columns = ["ticket_id", "into_id", "since"]
        session.execute(insert(MergedPath).from_select(columns, known.where(MergedPath.into_id == source.id)))
        session.add(MergedPath(ticket_id=source.id, into_id=into.id, since=self.at))
        session.flush()
        session.expire(source, ["messages"])
        session.expire(into, ["messages"])

    def _take(self, taken, stage):
        """Choices that differ: the ticket that stays takes them from this one. Returns the follower this made of it."""
        source, into, follower = self.source, self.into, None
        if "subject" in taken or "priority" in taken:
            into.edit(self.by, **{name: getattr(source, name) for name in ("subject", "priority") if name in taken})
        if "stage" in taken:
            if stage not in into.team.stages or stage.folded:
                raise CannotMerge("choice", source)
            into.move_to(stage, by=self.by, at=self.at, silent=True)
        if "assignee" in taken and source.assignee is not into.assignee:
            contact = source.assignee and source.assignee.contact
            row = contact and session.get(TicketFollower, (into.id, contact.id))
            if contact and (row is None or row.excluded):
                follower = [contact.id, row is not None]
            try:
                into.assign_to(source.assignee, by=self.by, at=self.at)
            except CannotBeAssigned:
                raise CannotMerge("choice", source) from None
        return follower


def move_messages(which, ticket_id, origin):
    session.execute(
        update(Message).where(which).values(ticket_id=ticket_id, origin_id=origin),
        execution_options={"synchronize_session": False},
    )
    for thing in session.identity_map.values():
        if isinstance(thing, Message):
            session.expire(thing, ["ticket_id", "origin_id", "ticket"])


def mergings_into(ticket) -> list[Merging]:
    """The merges into this ticket that stand, oldest first."""
    Ticket = _Ticket()
    query = select(Merging).join(Ticket, Ticket.id == Merging.ticket_id).where(Ticket.merged_into_id == ticket.id)
    return list(session.scalars(query.order_by(Merging.id), execution_options=_ANEW))


def state_of(ticket) -> dict:
    return {name: written(getattr(ticket, name)) for name in _REMEMBERED}


def written(value):
    return value.isoformat() if isinstance(value, datetime) else value


def _tell_customers(sources):
    """Once each, by the template, from the ticket that they know."""
    for source in {one.customer_id: one for one in reversed(sources)}.values():
        source.send_merge_notice(next(event for event in reversed(source.events) if event.kind == "merged"))
