"""The run of the rules: closes what is due, reminds whose tickets close soon, batch by batch (R-CLOSE-2 to 5)."""

from datetime import datetime

from sqlalchemy import and_, bindparam, insert, select, update

from .base import is_sqlite, session
from .batch import Batch, BatchTicket
from .bell import ring
from .closing import Closing, literals
from .closing_rule import closing_teams
from .event import Event
from .outbox import queue_letters, tell_followers_of_moves
from .people import Contact
from .stage import Stage
from .team import Team
from .templates_shipped import REMINDER, shipped

BATCH = 1000


class ClosingFailed(RuntimeError):
    """A ticket of the batch changed although it was held: the batch is undone, and the next run looks again."""


def close_due_batch(at: datetime, limit=BATCH) -> int:
    """Close up to ``limit`` inactive tickets of one team, in one conditional write; returns how many.

    The condition is tested again by the write itself: a reply that commits first keeps its ticket open (R-CLOSE-5).
    """
    for team in closing_teams():
        if ids := _hold(team, lambda rule: rule.due(at), limit):
            rule = team.closing_rule
            batch = Batch.going_on(team, rule.target, at)
            told = and_(_write_down(rule, batch, ids, at), rule.told())
            for template in rule.letters():
                queue_letters("stage", template, told, at)
            tell_followers_of_moves(told, at)
            _move(rule, ids, at)
            batch.size += len(ids)
            session.flush()
            session.expire_all()
            ring("deliver")
            return len(ids)
    return 0


def _hold(team, asked, limit) -> list[int]:
    """Lock the rule, then the tickets that it asks for, so that both stay so until the commit.

    One worker at a time runs the rule of a team: a run is one batch. A ticket or a stage that somebody else holds is
    left for the next run, and not waited for.
    """
    from .ticket import Ticket, skip_locked

    if not is_sqlite() and not _hold_rule(team, asked):  # SQLite has one writer at a time
        return []
    due = select(Ticket.id).where(asked(team.closing_rule)).order_by(Ticket.last_activity_at, Ticket.id).limit(limit)
    return list(session.scalars(skip_locked(due)))


def _written_out(ids: list[int]):
    """The numbers as part of the statement: the driver takes longer to read a thousand parameters than the database
    to close the tickets."""
    return bindparam("ids", ids, expanding=True, literal_execute=True)


def _hold_rule(team, asked) -> bool:
    """Keep the settings of the team, and its stages as folded as they are; False where nothing is due, the rule is
    off by now, or a stage is being changed."""
    from .ticket import Ticket

    if session.scalar(select(Ticket.id).where(asked(team.closing_rule)).limit(1)) is None:
        return False
    session.refresh(team, with_for_update={"key_share": True, "of": Team})
    return team.auto_close and set(team.hold_stages(skip_locked=True)) == set(team.stages)


def _write_down(rule, batch, ids, at):
    """Batch, closings and history, each in one statement; returns a condition on the events."""
    from .ticket import Ticket

    here, target = Ticket.id.in_(_written_out(ids)), rule.target
    columns = ["batch_id", "ticket_id", "at", "restored", "stage_id", "active_at", "stage_changed_at", "rank"]
    before = (Ticket.stage_id, Ticket.last_activity_at, Ticket.stage_changed_at, Ticket.rank)
    values = select(*literals(batch.id), Ticket.id, *literals(at, False), *before)
    session.execute(insert(BatchTicket).from_select(columns, values.where(here)))
    if target.folded:
        columns = ["ticket_id", "at", "how", "why", "from_stage_id"]
        values = select(Ticket.id, *literals(at, "automatic", rule.reason), Ticket.stage_id)
        session.execute(insert(Closing).from_select(columns, values.where(here)))
    kind = "closed" if target.folded else "stage"
    columns = [Event.ticket_id, Event.at, Event.kind, Event.to, Event.why, Event.from_]
    values = select(Ticket.id, *literals(at, kind, target.name, rule.reason), Stage.name)
    values = values.join(Stage, Ticket.stage_id == Stage.id)
    session.execute(insert(Event).from_select(columns, values.where(here)))
    return and_(Event.ticket_id.in_(_written_out(ids)), Event.kind == kind, Event.at == at)


def _move(rule, ids, at):
    """The conditional write that closes; ClosingFailed, and nothing of the batch is kept, if one is no longer due.

    When the reminder went out stays as it is: an undone closing must not remind anybody twice.
    """
    from .ticket import Ticket

    moved = update(Ticket).where(Ticket.id.in_(_written_out(ids)), rule.due(at))
    moved = moved.values(stage_id=rule.target.id, stage_changed_at=at, last_activity_at=at, rank=at.timestamp())
    if session.execute(moved.execution_options(synchronize_session=False)).rowcount != len(ids):
        raise ClosingFailed


def remind_due_batch(at: datetime, limit=BATCH) -> int:
    """Remind the customers of one team whose tickets close soon, once per spell of inactivity (R-CLOSE-5)."""
    from .ticket import Ticket

    for team in closing_teams():
        if ids := _hold(team, lambda rule: rule.to_remind(at), limit):
            here = Ticket.id.in_(_written_out(ids))
            session.execute(
                update(Ticket).where(here).values(reminded_at=at).execution_options(synchronize_session=False)
            )
            columns = [Event.ticket_id, Event.at, Event.kind, Event.why, Event.to]
            values = select(Ticket.id, *literals(at, "reminded", ""), Contact.email).join(Ticket.customer)
            session.execute(insert(Event).from_select(columns, values.where(here)))
            events = and_(Event.ticket_id.in_(_written_out(ids)), Event.kind == "reminded", Event.at == at)
            queue_letters("reminder", shipped(REMINDER), events, at)
            session.expire_all()
            ring("deliver")
            return len(ids)
    return 0
