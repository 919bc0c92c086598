"""A ticket: one request of one customer, made of the capabilities in the class line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from .assignment import Assignable
from .base import Base, Refusal, UtcDateTime, add_unless_there, flush_many, is_sqlite, now, number_new, session
from .bell import ring
from .closing import Closable, Closing
from .closing_rule import ClosedByRule
from .contact_attempt import Contacted
from .draft import Drafting
from .event import Event, Eventful
from .follower import Followed
from .links import Linked
from .merging import Mergeable
from .message import Conversation, Message
from .outbox import Mailing
from .people import Contact, User
from .presence import Watched
from .rating import Rated
from .reopening import Reopenable
from .search import Searchable, index_new
from .stage import Stage, Staged
from .team import Team
from .undo import Undoable

PRIORITIES = (0, 1, 2, 3)  # low, medium, high, urgent
_FRESH = [
    "stage_id", "assignee_id", "team_id", "last_activity_at", "merged_into_id", "stage", "assignee", "team", "closing",
    "merged_into",
]  # fmt: skip

ticket_tags = Table(
    "ticket_tags",
    Base.metadata,
    Column("ticket_id", ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class NotAllowed(Refusal):
    """This person may not do this to this ticket."""


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)

    def __str__(self):
        return self.name

    @classmethod
    def named(cls, names) -> list["Tag"]:
        """The tags of these names, made where they are missing; blank names are left out."""
        names = list(dict.fromkeys(" ".join(name.split())[:40].rstrip() for name in names if name.strip()))
        known = {tag.name: tag for tag in session.scalars(select(cls).where(cls.name.in_(names)))}
        return [known.get(name) or cls._made(name) for name in names]

    @classmethod
    def _made(cls, name: str) -> "Tag":
        tag = cls(name=name)
        return tag if add_unless_there(tag) else session.scalar(select(cls).where(cls.name == name))


class Ticket(
    Closable,
    Mergeable,
    Reopenable,
    ClosedByRule,
    Staged,
    Assignable,
    Conversation,
    Undoable,
    Drafting,
    Followed,
    Watched,
    Linked,
    Mailing,
    Rated,
    Contacted,
    Searchable,
    Eventful,
    Base,
):
    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("priority between 0 and 3", name="priority"),
        CheckConstraint("merged_into_id is null or merged_into_id <> id", name="not_into_itself"),
        # The column of a board, in the order of its cards.
        Index("ix_tickets_board", "team_id", "stage_id", "priority", "rank", "id"),
        # The same of one assignee.
        Index("ix_tickets_own_board", "team_id", "assignee_id", "stage_id", "priority", "rank", "id"),
        # The open tickets of a member, and those that were given to one.
        Index("ix_tickets_load", "team_id", "assignee_id", "stage_id", "assigned_at"),
        Index("ix_tickets_activity", "last_activity_at", "id"),
        Index("ix_tickets_inactive", "team_id", "stage_id", "last_activity_at"),
        Index("ix_tickets_mine", "assignee_id", "last_activity_at", "id"),
        # What changed last on a board.
        Index("ix_tickets_changed", "team_id", "changed_at"),
        Index("ix_tickets_not_compared", "created_at", sqlite_where=text("compared_at IS NULL"),
              postgresql_where=text("compared_at IS NULL")),
        # What waits for our answer, as the dashboard counts it.
        Index("ix_tickets_waiting", "team_id", "stage_id", sqlite_where=text("waiting_since IS NOT NULL"),
              postgresql_where=text("waiting_since IS NOT NULL")),
        # What the team has forgotten to answer, longest first.
        Index("ix_tickets_forgotten", "team_id", "waiting_since", sqlite_where=text("waiting_since IS NOT NULL"),
              postgresql_where=text("waiting_since IS NOT NULL")),
        Index("ix_tickets_customer", "customer_id", "last_activity_at", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    # The number that people see: never used again, the same after an export and import.
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = synonym("id")
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str] = mapped_column(String(250))
    priority: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    stage_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # False once a person took the assignee away on purpose: the rule then leaves the ticket alone.
    awaits_assignment: Mapped[bool] = mapped_column(default=True)
    # Since when the customer's last public message has had no answer; None when the last word is ours (R-CLOSE-3b).
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    never_auto_close: Mapped[bool] = mapped_column(default=False)
    # The place of the card in its column: higher is further up.
    rank: Mapped[float] = mapped_column(default=lambda: now().timestamp())
    # When the row last changed, whoever wrote it and why: what boards look at to know whether they are out of date.
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=now, onupdate=now)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    follow_up_of_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    submission_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when likely duplicates were looked for

    team: Mapped[Team] = relationship()
    stage: Mapped[Stage] = relationship()
    customer: Mapped[Contact] = relationship(foreign_keys=[customer_id])
    assignee: Mapped[User | None] = relationship(foreign_keys=[assignee_id])
    tags: Mapped[list[Tag]] = relationship(secondary=ticket_tags, order_by=Tag.name)
    messages: Mapped[list[Message]] = relationship(
        foreign_keys=Message.ticket_id, back_populates="ticket", order_by=(Message.at, Message.id)
    )
    events: Mapped[list[Event]] = relationship(order_by=(Event.at, Event.id), backref="ticket")
    closing: Mapped[Closing | None] = relationship(cascade="all, delete-orphan", uselist=False)
    merged_into: Mapped["Ticket | None"] = relationship(
        foreign_keys=[merged_into_id], remote_side=[id], back_populates="merged"
    )
    merged: Mapped[list["Ticket"]] = relationship(
        foreign_keys=[merged_into_id], back_populates="merged_into", order_by=id
    )
    follow_up_of: Mapped["Ticket | None"] = relationship(
        foreign_keys=[follow_up_of_id], remote_side=[id], back_populates="follow_ups"
    )
    follow_ups: Mapped[list["Ticket"]] = relationship(
        foreign_keys=[follow_up_of_id], back_populates="follow_up_of", order_by=id
    )

    def __str__(self):
        return f"#{self.id} {self.subject}"

    @property
    def company(self):
        return self.team.company

    def lock(self):
        """Hold the ticket until the commit, and see what others committed before: writers go one after the other."""
        if self.id is not None:
            session.flush()
            session.refresh(self, _FRESH, with_for_update={"of": Ticket, "key_share": True})

    def touch(self, at: datetime):
        """Note an activity (R-CLOSE-3): it starts a new spell of inactivity and cancels the reminder."""
        self.last_activity_at = max(at, self.last_activity_at or at)
        self.reminded_at = None

    def edit(self, by, subject=None, priority=None, tags=None, team=None, never_auto_close=None):
        """Change what is given and leave the rest; each change is a line in the history. TicketClosed when closed."""
        self.refuse_if_closed()
        changes = (("subject", subject), ("priority", priority), ("never_auto_close", never_auto_close))
        for name, value in changes:
            before = getattr(self, name)
            if value is not None and value != before:
                setattr(self, name, value)
                kind = "priority" if name == "priority" else "edited"
                self.record(kind, by=by, from_=str(before), to=str(value), why="" if kind == "priority" else name)
                self.touch(now())
        if subject is not None:
            self.index_subject()
        if tags is not None:
            self._tag(tags, by)
        if team is not None and team is not self.team:
            self._change_team(team, by)

    def _tag(self, names, by):
        before, tags = {tag.name for tag in self.tags}, Tag.named(names)
        if {tag.name for tag in tags} != before:
            self.tags = tags
            after = ", ".join(sorted(tag.name for tag in tags))
            self.record("tagged", by=by, from_=", ".join(sorted(before)), to=after)
            self.touch(now())

    def _change_team(self, team, by):
        """To another team (R-STAGE-8): the stage stays if that team has it, the assignee if allowed to see it."""
        before, self.team = self.team, team
        before.changed_at = now()  # its board lost a card
        self.record("team", by=by, from_=before.slug, to=team.slug)
        self.touch(now())
        session.flush()
        if self.stage not in team.stages:
            self.move_to(team.first_stage, by=by, silent=True)
        if self.assignee and not team.may_be_assigned(self.assignee):
            self.assign_to(None, by=by)
            self.awaits_assignment = True
            ring("assign")
        self.drop_followers_who_may_not_see()


@dataclass
class Opening:
    """What a new ticket begins with. ``by`` is the contact who writes, else the customer; ``answered`` says whether
    its stage may write to the customer (R-STAGE-5)."""

    team: Team
    customer: Contact
    subject: str
    body: str
    by: Contact | None = None
    attachments: Sequence = ()
    key: str | None = None
    at: datetime = field(default_factory=now)
    follow_up_of: "Ticket | None" = None
    stage: Stage | None = None  # else the first one of the team
    answered: bool = True
    mail_id: str | None = None
    placed_by: str | None = None
    message: Message | None = None  # the first one, once it is written

    def ticket(self) -> Ticket:
        """The ticket alone."""
        return Ticket(
            team=self.team,
            customer=self.customer,
            subject=" ".join(self.subject.split())[:250],
            stage=self.stage or self.team.hold_first_stage(),
            submission_key=self.key,
            follow_up_of_id=self.follow_up_of and self.follow_up_of.id,
            created_at=self.at,
            last_activity_at=self.at,
            stage_changed_at=self.at,
            rank=self.at.timestamp(),
        )


def open_ticket(
    team, customer, subject, body, by=None, attachments=(), key=None, at=None, follow_up_of=None, stage=None
) -> Ticket:
    """A new ticket in the first stage of the team, or the one given, with its first message, history and mails.

    ``by`` is the contact who writes, else the customer. ``key`` names the submission: the same key again returns the
    ticket that it made (threat model, rule 31), also when both arrive at the same moment.
    """
    if key and (known := _by_key(key)):
        return known
    stage = stage and team.hold_stage(stage)
    opening = Opening(team, customer, subject, body, by, attachments, key, at or now(), follow_up_of, stage)
    ticket = opening.ticket()
    if not _insert_once(ticket):
        return _by_key(key)
    _begin([(ticket, opening)])
    return ticket


def open_tickets(openings: list[Opening]) -> list[Ticket]:
    """Many new tickets with few statements, each as by ``open_ticket``; IntegrityError where a key is taken."""
    number_new()
    first = {team: team.hold_first_stage() for team in {opening.team for opening in openings}}
    for opening in openings:
        opening.stage = opening.stage or first[opening.team]
    begun = [(opening.ticket(), opening) for opening in openings]
    _begin(begun)
    return [ticket for ticket, _ in begun]


def _begin(begun: list[tuple[Ticket, Opening]]):
    """The new tickets with their first message, history and mails."""
    with session.no_autoflush:
        session.add_all(ticket for ticket, _ in begun)
        events = []
        for ticket, opening in begun:
            by = opening.by or opening.customer
            events.append(ticket.record("created", by=by, at=opening.at))
            opening.message = ticket.say(by, opening.body, opening.attachments, at=opening.at)
            opening.message.mail_id, opening.message.placed_by = opening.mail_id, opening.placed_by
        number_new()
        following = {team: team.followers for team in {opening.team for _, opening in begun}}
        for (ticket, opening), event in zip(begun, events, strict=True):
            if opening.answered:
                ticket.send_stage_templates(event)
            author = opening.by or opening.customer
            ticket.tell_followers_of_new_ticket(event, author, following[opening.team])
        flush_many()
        index_new((ticket.id, ticket.head_to_find + opening.body, "") for ticket, opening in begun)
    ring("assign")


def _by_key(key) -> Ticket | None:
    return session.scalar(select(Ticket).where(Ticket.submission_key == key))


def _insert_once(ticket) -> bool:
    """Insert the ticket, or find that a parallel submission of the same key was first."""
    from sqlalchemy.exc import IntegrityError

    try:
        with session.begin_nested():
            session.add(ticket)
    except IntegrityError:
        if ticket.submission_key and _by_key(ticket.submission_key):
            return False
        raise
    return True


def skip_locked(query):
    """Take the tickets that nobody else is changing: who only adds a message or a mail to one does not hold it.

    SQLite has one writer at a time and needs no row locks.
    """
    return query if is_sqlite() else query.with_for_update(skip_locked=True, key_share=True, of=Ticket)


def days(number: int) -> timedelta:
    """Days of inactivity are 24 hours each, whatever the clocks do (R-CLOSE-3)."""
    return timedelta(hours=24 * number)
