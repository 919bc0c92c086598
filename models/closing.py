"""Closing and reopening: by hand, by the customer, and by itself after a time without activity (R-CLOSE)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, now, session
from .bell import ring
from .event import Event
from .people import Contact
from .stage import Stage

if TYPE_CHECKING:
    from .ticket import Ticket

HOW = ("agent", "customer", "automatic", "merge")
BATCH = 1000


class TicketClosed(Refusal):
    """A closed ticket is locked: reopen it first (R-CLOSE-8)."""


class ClosingFailed(RuntimeError):
    """A ticket of the batch changed although it was held: the batch is undone, and the next run looks again."""


class ClosureNotOffered(Refusal):
    """This team doesn't let customers close their tickets (R-CLOSE-6)."""


class Batch(Base):
    """One run of an automatic rule for one team, as a whole to look at and to undo (R-CLOSE-4b)."""

    __tablename__ = "batches"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Closing(Base):
    """How a ticket came to be closed: by whom, when, why. Reopening removes the row; history keeps both."""

    __tablename__ = "closings"
    __table_args__ = (CheckConstraint(f"how in {HOW}", name="how"),)
    # The ticket is the key, so two people closing at once cannot both succeed.
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    how: Mapped[str] = mapped_column(String(10), default="agent")
    why: Mapped[str] = mapped_column(Text, default="")
    from_stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"), index=True)
    active_before: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the last activity, for an undo
    by: Mapped[Contact | None] = relationship()
    from_stage: Mapped[Stage | None] = relationship()


class Closable:
    """A ticket is closed exactly when its stage is folded (R-STAGE-2)."""

    @hybrid_property
    def closed(self) -> bool:
        return self.stage.folded

    @closed.inplace.expression
    @classmethod
    def _closed_in_sql(cls):
        return cls.stage_id.in_(select(Stage.id).where(Stage.folded))

    def refuse_if_closed(self):
        if self.closed:
            raise TicketClosed

    def close(self, by=None, why="", how="agent", at=None, silent=False):
        """Move the ticket to its team's closing stage (R-CLOSE-1); closing it again changes nothing."""
        if not self.closed:
            self.move_to(self.team.closing_stage, by=by, why=why, how=how, at=at, silent=silent)

    @property
    def closable_by_customer(self) -> bool:
        """Whether the customer is offered *Close ticket*, or is asked if a resolved one is solved (R-CLOSE-6, 7)."""
        return not self.closed and (self.team.closure_by_customers or self.status == "resolved")

    def close_by_customer(self, by, comment="", score=None, at=None):
        """The customer closes the ticket, with a word and a rating if they like; again changes nothing (R-CLOSE-6)."""
        self.lock()
        if self.closed:
            return
        if not self.closable_by_customer:
            raise ClosureNotOffered
        self.close(by=by, why=comment, how="customer", at=at)
        if score is not None:
            self.rate(score, by=by, at=at)

    def reopening_allowed(self, at: datetime) -> bool:
        """Whether a customer's message still reopens this ticket, or opens a follow-up instead (R-CLOSE-8)."""
        return at <= self.reopening_until

    @property
    def reopening_until(self) -> datetime:
        closed_at = self.closing.at if self.closing else self.stage_changed_at
        return closed_at + timedelta(days=self.team.reopen_days)

    def reopen(self, by=None, why="", at=None):
        """Back to work: to the first *open* stage of the team, else its first unfolded one. An open ticket stays."""
        self.lock()
        if not self.closed:
            return
        stage = self.team.first_with_status("open") or next((s for s in self.team.stages if not s.folded), None)
        if stage is None:
            raise TicketClosed
        self.move_to(stage, by=by, why=why, at=at)

    def not_solved(self, by, body="", attachments=(), key=None, at=None):
        """The customer says *not yet* (R-CLOSE-7) or comes back (R-CLOSE-8); returns the ticket that goes on."""
        if body.strip() or attachments:
            return self.reply(by, body, attachments, key=key, at=at).ticket
        self.lock()
        if self.closed:
            raise TicketClosed
        if self.status == "resolved" and (stage := self.team.first_with_status("open")):
            self.move_to(stage, by=by, at=at)
            self.waiting_since = self.waiting_since or at or now()
        return self

    def _closed(self, before, by, why, how, at):
        """The row and the line of history of a closing; called by ``move_to`` alone."""
        how = how or ("automatic" if by is None else "customer" if self.on_customers_side(by) else "agent")
        self.closing = Closing(by=by, at=at, how=how, why=why, from_stage=before)
        return self.record("closed", by=by, from_=before.name, to=self.stage.name, why=why, at=at)

    def _reopened(self, before, by, why, at):
        self.closing = None
        self.cancel_unsent_stage_mail()
        return self.record("reopened", by=by, from_=before.name, to=self.stage.name, why=why, at=at)


@dataclass
class Verdict:
    """What the rule says of one inactive ticket: ``close`` it, or ``spare`` it and why."""

    ticket: "Ticket"
    action: str
    to: str
    why: str


class AutomaticClosing:
    """A team closes what nobody touched for some days (R-CLOSE-2, 3)."""

    @property
    def closes_into(self) -> Stage:
        """*Move to stage*: the one chosen, if it is still the team's, else the default of R-CLOSE-2."""
        chosen = self.auto_close_stage
        return chosen if chosen is not None and chosen in self.stages else self.closing_stage

    def inactive(self, at: datetime):
        """A condition on Ticket: watched by the rule and without activity for the team's days, closed ones left out."""
        from .ticket import Ticket, days

        watched = [stage.id for stage in self.auto_close_in if not stage.folded] or (
            [] if self.auto_close_in else [stage.id for stage in self.stages if not stage.folded]
        )
        return and_(
            Ticket.team_id == self.id,
            Ticket.stage_id.in_(watched),
            Ticket.stage_id != self.closes_into.id,
            Ticket.last_activity_at <= at - days(self.auto_close_days),
        )

    def spared(self):
        """A condition on Ticket: inactive or not, the rule leaves it alone (R-CLOSE-3b)."""
        from .ticket import Ticket

        return Ticket.never_auto_close | (Ticket.waiting_since.is_not(None) if self.spare_waiting else False)

    def due_to_close(self, at: datetime):
        return and_(self.inactive(at), ~self.spared())

    @property
    def closing_reason(self) -> str:
        return f"inactive for {self.auto_close_days} days"

    def verdicts(self, at: datetime):
        """What a run at this clock would do, oldest activity first; changes nothing."""
        from .ticket import Ticket

        query = select(Ticket, self.spared()).where(self.inactive(at))
        for ticket, spared in session.execute(query.order_by(Ticket.last_activity_at, Ticket.id)):
            if not spared:
                yield Verdict(ticket, "close", self.closes_into.name, self.closing_reason)
            else:
                why = "never close automatically" if ticket.never_auto_close else "waits for our answer"
                yield Verdict(ticket, "spare", ticket.stage.name, why)


def closing_teams() -> list:
    from .team import Team

    return list(session.scalars(select(Team).where(Team.auto_close).order_by(Team.id)))


def close_due_batch(at: datetime, limit=BATCH) -> int:
    """Close up to ``limit`` inactive tickets of one team, in one conditional write; returns how many.

    The condition is tested again by the write itself: a reply that commits first keeps its ticket open (R-CLOSE-5).
    """
    from .outbox import queue_stage_mails, tell_followers_of_moves

    for team in closing_teams():
        if team.stages and (ids := _hold_due(team, at, limit)):
            events = _write_closings(team, ids, at)
            _move(team, ids, at)
            queue_stage_mails(team.closes_into, events, at)
            tell_followers_of_moves(events, at)
            session.expire_all()
            ring("deliver")
            return len(ids)
    return 0


def _hold_due(team, at, limit) -> list[int]:
    """Lock what is due, so that it stays so until the commit; what somebody else holds is left for the next run."""
    from .ticket import Ticket, skip_locked

    due = select(Ticket.id).where(team.due_to_close(at)).order_by(Ticket.last_activity_at, Ticket.id).limit(limit)
    return list(session.scalars(skip_locked(due)))


def _move(team, ids, at):
    """The conditional write that closes; ClosingFailed, and nothing of the batch is kept, if one is no longer due."""
    from .ticket import Ticket

    moved = (
        update(Ticket)
        .where(Ticket.id.in_(ids), team.due_to_close(at))
        .values(
            stage_id=team.closes_into.id,
            stage_changed_at=at,
            last_activity_at=at,
            reminded_at=None,
            rank=at.timestamp(),
        )
        .execution_options(synchronize_session=False)
    )
    if session.execute(moved).rowcount != len(ids):
        raise ClosingFailed


def _write_closings(team, ids, at):
    """The rows that remember the closing and the history, each in one statement; returns a condition on its events."""
    from .ticket import Ticket

    target, here = team.closes_into, Ticket.id.in_(ids)
    why, kind = team.closing_reason, "closed" if target.folded else "stage"
    if target.folded:
        batch = Batch(team_id=team.id, at=at)
        session.add(batch)
        session.flush()
        columns = ["ticket_id", "at", "how", "why", "batch_id", "from_stage_id", "active_before"]
        values = select(Ticket.id, *_literals(at, "automatic", why, batch.id), Ticket.stage_id, Ticket.last_activity_at)
        session.execute(insert(Closing).from_select(columns, values.where(here)))
    columns = [Event.ticket_id, Event.at, Event.kind, Event.to, Event.why, Event.from_]
    values = select(Ticket.id, *_literals(at, kind, target.name, why), Stage.name).join(
        Stage, Ticket.stage_id == Stage.id
    )
    session.execute(insert(Event).from_select(columns, values.where(here)))
    return and_(Event.ticket_id.in_(ids), Event.kind == kind, Event.at == at)


def remind_due_batch(at: datetime, limit=BATCH) -> int:
    """Remind the customers of one team whose tickets close soon, once per spell of inactivity (R-CLOSE-5)."""
    from .ticket import Ticket, days, skip_locked

    for team in closing_teams():
        if not team.remind_days_before or not team.stages:
            continue
        ahead = at + days(team.remind_days_before)
        due = and_(team.due_to_close(ahead), Ticket.reminded_at.is_(None), ~team.inactive(at))
        if tickets := list(session.scalars(skip_locked(select(Ticket).where(due).order_by(Ticket.id).limit(limit)))):
            for ticket in tickets:
                ticket.reminded_at = at
                ticket.send_reminder(ticket.record("reminded", to=ticket.customer.email, at=at))
            return len(tickets)
    return 0


def close_stage(stage, by=None, at=None) -> int:
    """A stage became folded: remember the closing of each of its tickets, without mail (R-STAGE-2)."""
    from .ticket import Ticket

    at, by_id = at or now(), by and by.id
    how = "agent" if by else "automatic"
    here = and_(Ticket.stage_id == stage.id, ~exists().where(Closing.ticket_id == Ticket.id))
    columns = [Ticket.id, *_literals(by_id, at, how, "", stage.id)]
    number = session.scalar(select(func.count()).select_from(Ticket).where(here))
    _write_history(stage, "closed", by_id, at, here)
    session.execute(
        insert(Closing).from_select(
            ["ticket_id", "by_id", "at", "how", "why", "from_stage_id"], select(*columns).where(here)
        )
    )
    session.expire_all()
    return number


def reopen_stage(stage, by=None, at=None) -> int:
    """A stage is no longer folded: forget the closings of its tickets, without mail."""
    from .ticket import Ticket

    here = Ticket.stage_id == stage.id
    number = session.scalar(select(func.count()).where(here))
    _write_history(stage, "reopened", by and by.id, at or now(), here)
    session.execute(
        delete(Closing).where(Closing.ticket_id.in_(select(Ticket.id).where(here))),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    return number


def _write_history(stage, kind, by_id, at, here):
    from .ticket import Ticket

    columns = ["ticket_id", "kind", "by_id", "at", "from_", "to", "why"]
    values = select(Ticket.id, *_literals(kind, by_id, at, stage.name, stage.name, "folded")).where(here)
    session.execute(insert(Event).from_select([getattr(Event, name) for name in columns], values))


def _literals(*values):
    for value in values:
        if value is None:
            yield cast(null(), Integer)
        elif isinstance(value, datetime):
            yield literal(value, UtcDateTime)
        else:
            yield literal(value)
