"""A run of a team's closing rule, as a whole to look at and to undo (R-CLOSE-4b)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, and_, case, delete, exists, func, insert, select, update
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from .base import Base, UtcDateTime, now, session
from .closing import Closing, TicketClosed, literals
from .event import Event
from .message import Message
from .outbox import Delivery, in_english
from .people import Contact
from .setting_change import note_changes, settings_of
from .stage import Stage

if TYPE_CHECKING:
    from .team import Team
    from .ticket import Ticket

ONE_RUN = timedelta(seconds=30)  # what follows so closely belongs to the same run; the timetable begins one a minute
UNDONE = "the automatic closing was undone"
CLOSING_UNDONE = in_english("The closing was undone.")
_SILENTLY = {"synchronize_session": False}


class Batch(Base):
    """One run for one team. ``size`` tickets were moved; of an undone run, ``restored`` of them came back."""

    __tablename__ = "batches"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))  # where to
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    size: Mapped[int] = mapped_column(default=0)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    restored: Mapped[int] = mapped_column(default=0)
    team: Mapped["Team"] = relationship()
    stage: Mapped[Stage | None] = relationship()
    undone_by: Mapped[Contact | None] = relationship()

    @classmethod
    def going_on(cls, team, stage, at: datetime) -> "Batch":
        """The run that these tickets belong to: the one that is under way, else a new one; held until the commit."""
        under_way = cls.ended_at.between(at - ONE_RUN, at), cls.undone_at.is_(None), cls.stage_id == stage.id
        query = select(cls).where(cls.team_id == team.id, *under_way).order_by(cls.id.desc()).limit(1)
        batch = session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if batch is None:
            batch = cls(team_id=team.id, stage_id=stage.id, at=at, size=0)
            session.add(batch)
        batch.ended_at = at
        session.flush()
        return batch

    @property
    def touched(self) -> int:
        """How many tickets of an undone run stayed as they were, since somebody had touched them."""
        return self.size - self.restored

    def undo(self, by, at: datetime | None = None) -> int:
        """Put back every ticket that nobody has touched since, with stage, dates and unsent mails; returns how many.

        The rule is switched off with it: it would close the same tickets again at once. Undoing again changes nothing.
        """
        at = at or now()
        self._hold()
        if self.undone_at:
            return self.restored
        if self.team.reopening_stage is None:
            raise TicketClosed
        self._mark_untouched()
        self._cancel_mail()
        self._write_history(by, at)
        self._put_back()
        self.undone_at, self.undone_by, self.restored = at, by, self._count(BatchTicket.restored)
        self._switch_off(by, at)
        session.flush()
        session.expire_all()
        return self.restored

    def restorable(self) -> int:
        """How many tickets an undo would bring back now."""
        return self._count(self._untouched())

    def told(self) -> int:
        """How many had got the mail of a closing that was taken back."""
        sent = select(Delivery.id).where(*self._mails(), Delivery.state == "sent")
        return session.scalar(select(func.count()).select_from(sent.subquery()))

    def _rows(self, *conditions):
        return select(BatchTicket.ticket_id).where(BatchTicket.batch_id == self.id, *conditions)

    def _count(self, *conditions) -> int:
        return session.scalar(select(func.count()).select_from(self._rows(*conditions).subquery()))

    def _hold(self):
        """Whoever writes on one of these tickets, folds a stage or runs the rule is waited for, and waits for us."""
        from .stage_tickets import hold_tickets
        from .team import Team
        from .ticket import Ticket

        hold_tickets(Ticket.id.in_(self._rows()))
        self.team.hold_stages()
        session.refresh(self.team, with_for_update={"key_share": True, "of": Team})
        session.refresh(self, ["undone_at", "restored", "size"], with_for_update={"of": Batch})

    def _mark_untouched(self):
        untouched = update(BatchTicket).where(BatchTicket.batch_id == self.id, self._untouched())
        session.execute(untouched.values(restored=True), execution_options=_SILENTLY)

    def _untouched(self):
        """A condition on BatchTicket: still where the run put it, and nothing of a person since: no message, no line
        of history."""
        from .ticket import Ticket

        there = exists().where(
            Ticket.id == BatchTicket.ticket_id,
            Ticket.stage_id == self.stage_id,
            Ticket.stage_changed_at == BatchTicket.at,
            Ticket.merged_into_id.is_(None),
        )
        ours, of_person = aliased(Event), aliased(Event)
        moved = select(func.max(ours.id)).where(
            ours.ticket_id == BatchTicket.ticket_id, ours.at == BatchTicket.at, ours.by_id.is_(None)
        )
        changed = exists().where(
            of_person.ticket_id == BatchTicket.ticket_id,
            of_person.by_id.is_not(None),
            of_person.id > moved.correlate(BatchTicket).scalar_subquery(),
        )
        wrote = exists().where(Message.ticket_id == BatchTicket.ticket_id, Message.at > BatchTicket.active_at)
        return and_(there, ~changed, ~wrote)

    def _mails(self):
        """The conditions on Delivery of what the run said about the tickets that are restored."""
        said = (
            select(Event.id)
            .join(BatchTicket, and_(BatchTicket.ticket_id == Event.ticket_id, BatchTicket.at == Event.at))
            .where(BatchTicket.batch_id == self.id, BatchTicket.restored, Event.by_id.is_(None))
        )
        return Delivery.kind.in_(("stage", "moved")), Delivery.event_id.in_(said)

    def _cancel_mail(self):
        unsent = update(Delivery).where(*self._mails(), Delivery.state.in_(("queued", "held")))
        session.execute(unsent.values(state="cancelled", error=CLOSING_UNDONE), execution_options=_SILENTLY)

    def _back_to(self):
        """The stage it came from, or where reopening leads if the team works there no longer."""
        open_stages = [stage.id for stage in self.team.stages if not stage.folded]
        return case((BatchTicket.stage_id.in_(open_stages), BatchTicket.stage_id), else_=self.team.reopening_stage.id)

    def _write_history(self, by, at):
        kind = "reopened" if self.stage.folded else "stage"
        columns = [Event.ticket_id, Event.at, Event.kind, Event.by_id, Event.from_, Event.why, Event.to]
        values = select(BatchTicket.ticket_id, *literals(at, kind, by and by.id, self.stage.name, UNDONE), Stage.name)
        values = values.join(Stage, Stage.id == self._back_to())
        values = values.where(BatchTicket.batch_id == self.id, BatchTicket.restored)
        session.execute(insert(Event).from_select(columns, values))

    def _put_back(self):
        from .ticket import Ticket

        mine = and_(BatchTicket.batch_id == self.id, BatchTicket.ticket_id == Ticket.id, BatchTicket.restored)
        back = update(Ticket).where(mine).values(
            stage_id=self._back_to(),
            last_activity_at=BatchTicket.active_at,
            stage_changed_at=BatchTicket.stage_changed_at,
            rank=BatchTicket.rank,
        )  # fmt: skip
        session.execute(back, execution_options=_SILENTLY)
        gone = delete(Closing).where(Closing.ticket_id.in_(self._rows(BatchTicket.restored)))
        session.execute(gone, execution_options=_SILENTLY)

    def _switch_off(self, by, at):
        if self.team.auto_close:
            before = settings_of(self.team)
            self.team.auto_close = False
            note_changes(self.team, before, by=by, at=at)


class BatchTicket(Base):
    """A ticket as it was before the run moved it."""

    __tablename__ = "batch_tickets"
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it was moved
    restored: Mapped[bool] = mapped_column(default=False)
    stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stage_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rank: Mapped[float]
    ticket: Mapped["Ticket"] = relationship()
    stage: Mapped[Stage | None] = relationship()


def batches_of(team, limit=50) -> list[Batch]:
    """The latest runs of a team, newest first."""
    query = select(Batch).where(Batch.team_id == team.id, Batch.size > 0).options(joinedload(Batch.undone_by))
    return list(session.scalars(query.order_by(Batch.id.desc()).limit(limit)))
