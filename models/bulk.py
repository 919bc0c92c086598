"""The same done with many tickets: a row says what, a row for each ticket says how it went; the worker carries it out.

Each ticket is changed by the verb that changes it alone, with one line in its history; one that refuses stays as it is.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import JSON, ForeignKey, Index, String, case, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .assignment import CannotBeAssigned
from .base import Base, Refusal, UtcDateTime, is_sqlite, now, session
from .bell import ring
from .closing import TicketClosed
from .people import User
from .stage import NotInPipeline

log = logging.getLogger(__name__)

BATCH = 25  # tickets of one transaction: others wait so long for the write lock of SQLite
MOST = 20_000  # tickets of one action
KEPT = timedelta(days=30)


class Left(Refusal):
    """This ticket stays as it is; ``why`` is one of REASONS."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


# Why a ticket was left as it is: not visible (any more), locked, not in this pipeline … "failed": nobody foresaw it.
REASONS = ("gone", "closed", "assignee", "stage", "reason", "refused", "failed")


def _assign(ticket, by, values):
    wanted = values.get("assignee")
    user = by if wanted == "me" else session.get(User, int(wanted)) if wanted else None
    if wanted and (user is None or not ticket.team.may_be_assigned(user)):
        raise Left("assignee")
    try:
        ticket.assign_to(user, by=by.contact)
    except CannotBeAssigned:
        raise Left("assignee") from None


def _move(ticket, by, values):
    stage = next((stage for stage in ticket.team.stages if stage.id == values.get("stage")), None)
    if stage is None:
        raise Left("stage")
    if stage.folded:
        _ask_for_reason(ticket, values)
    try:
        ticket.move_to(stage, by=by.contact, why=values.get("why", "") if stage.folded else "")
    except NotInPipeline:
        raise Left("stage") from None


def _close(ticket, by, values):
    _ask_for_reason(ticket, values)
    ticket.close(by=by.contact, why=values.get("why", ""), silent=values.get("silent", False))


def _ask_for_reason(ticket, values):
    """Closing without an answer asks for a reason (R-CLOSE-9)."""
    if not ticket.closed and not values.get("why") and not ticket.answered:
        raise Left("reason")


def _tag(ticket, by, values):
    """Adds the tags; those that are there stay."""
    ticket.edit(by.contact, tags=[*(tag.name for tag in ticket.tags), *values.get("tags", ())])


def _follow(ticket, by, values):
    ticket.add_follower(by.contact, by=by.contact)


DEEDS = {"assign": _assign, "move": _move, "close": _close, "tag": _tag, "follow": _follow}


class BulkAction(Base):
    """What somebody does with many tickets: which deed, with which values, and how far it is."""

    __tablename__ = "bulk_actions"
    id: Mapped[int] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    deed: Mapped[str] = mapped_column(String(10))
    values: Mapped[dict] = mapped_column(JSON)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    cancelled: Mapped[bool] = mapped_column(default=False)
    by: Mapped[User] = relationship()

    @classmethod
    def start(cls, by, deed: str, values: dict, numbers) -> "BulkAction":
        """Note what is to be done with these tickets; the worker begins after the commit."""
        _forget_old()
        action = cls(by=by, deed=deed, values=values)
        session.add(action)
        session.flush()
        rows = [{"action_id": action.id, "ticket_id": number} for number in dict.fromkeys(numbers)]
        if rows:
            session.execute(insert(BulkItem), rows)
        else:
            action.finished_at = now()
        ring("bulk")
        return action

    @property
    def counts(self) -> dict[str, int]:
        """How many tickets wait, are done, were left as they are."""
        query = select(BulkItem.state, func.count()).where(BulkItem.action_id == self.id).group_by(BulkItem.state)
        return {"waits": 0, "done": 0, "left": 0} | dict(session.execute(query).all())

    def left(self, limit=200) -> list["BulkItem"]:
        """Tickets that stay as they are, with why."""
        query = select(BulkItem).where(BulkItem.action_id == self.id, BulkItem.state == "left")
        return list(session.scalars(query.order_by(BulkItem.why, BulkItem.ticket_id).limit(limit)))

    def cancel(self, at=None):
        """Leave the tickets alone that were not reached yet; one that has finished stays finished."""
        if self.finished_at is None:
            self.cancelled, self.finished_at = True, at or now()

    def carry_out(self, numbers) -> list["Left | None"]:
        """Do it with these tickets: for each None, or why it stays as it is."""
        from .listing import tickets_of

        seen = {ticket.id: ticket for ticket in tickets_of(self.by, numbers)}
        return [self._one(seen.get(number)) for number in numbers]

    def _one(self, ticket):
        if ticket is None:
            return Left("gone")
        try:
            with session.begin_nested():
                DEEDS[self.deed](ticket, self.by, self.values)
                session.flush()
        except Left as left:
            return left
        except TicketClosed:
            return Left("closed")
        except Refusal:
            return Left("refused")
        except OperationalError:
            raise  # the database is away: the next round goes on here
        except Exception:  # one ticket must not stop the others, nor be tried for ever (threat model, rule 67)
            log.exception("bulk action %s: ticket %s failed", self.id, ticket.id)
            return Left("failed")
        return None


class BulkItem(Base):
    """One ticket of an action. It may be gone by the time it is reached, so the ticket is named, not held."""

    __tablename__ = "bulk_items"
    __table_args__ = (Index("ix_bulk_items_action_id_state", "action_id", "state"),)
    action_id: Mapped[int] = mapped_column(ForeignKey("bulk_actions.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(5), default="waits")
    why: Mapped[str] = mapped_column(String(10), default="")


def carry_out_batch(at: datetime, limit=BATCH) -> int:
    """Do the next tickets of the oldest action that is not finished; returns how many were reached.

    Two workers never do the same action at once: its row is held until the commit.
    """
    query = select(BulkAction).where(BulkAction.finished_at.is_(None)).order_by(BulkAction.id).limit(1)
    action = session.scalar(query if is_sqlite() else query.with_for_update(skip_locked=True, of=BulkAction))
    if action is None:
        return 0
    if not action.by.internal:
        action.cancel(at)
        return 1
    waiting = select(BulkItem.ticket_id).where(BulkItem.action_id == action.id, BulkItem.state == "waits")
    numbers = list(session.scalars(waiting.order_by(BulkItem.ticket_id).limit(limit)))
    outcome = zip(numbers, action.carry_out(numbers), strict=True)
    _write_down(action, {number: left.why if left else "" for number, left in outcome})
    if len(numbers) < limit:
        action.finished_at = at
    return max(1, len(numbers))


def _write_down(action, outcome: dict[int, str]):
    if outcome:
        why = case(outcome, value=BulkItem.ticket_id)
        done = update(BulkItem).where(BulkItem.action_id == action.id, BulkItem.ticket_id.in_(outcome))
        session.execute(
            done.values(why=why, state=case((why == "", "done"), else_="left")),
            execution_options={"synchronize_session": False},
        )


def _forget_old():
    """Whoever looked at how it went did so long ago; the history of the tickets stays."""
    old = delete(BulkAction).where(BulkAction.finished_at < now() - KEPT)
    session.execute(old, execution_options={"synchronize_session": False})
