"""What happens to all tickets of a stage at once, in a few statements and without mail: R-STAGE-2 and R-STAGE-6."""

from datetime import datetime

from sqlalchemy import and_, delete, exists, func, insert, select, update

from .base import now, session
from .closing import Closing, literals
from .event import Event
from .outbox import Delivery

SAYS_IT_IS_CLOSED = ("stage", "moved")  # kinds of deliveries


def hold_tickets(*where) -> int:
    """Lock these tickets until the commit, and count them: who moves one of them waits, or has been quicker."""
    from .ticket import Ticket

    held = select(Ticket.id).where(*where).order_by(Ticket.id).with_for_update(key_share=True)
    return session.scalar(select(func.count()).select_from(held.subquery()))


def close_stage(stage, by=None, at: datetime | None = None) -> int:
    """A stage became folded: remember the closing of each of its tickets; returns how many (R-STAGE-2)."""
    from .ticket import Ticket

    here = and_(Ticket.stage_id == stage.id, ~exists().where(Closing.ticket_id == Ticket.id))
    number = session.scalar(select(func.count()).select_from(Ticket).where(here))
    _write_history("closed", stage, stage, here, by, at or now(), why="folded")
    _write_closings(stage, here, by, at or now())
    session.expire_all()
    return number


def reopen_stage(stage, by=None, at: datetime | None = None) -> int:
    """A stage is no longer folded: forget the closings of its tickets; returns how many.

    A new spell of inactivity begins (R-CLOSE-3): else the rule would close them again within the minute, with mails.
    """
    from .ticket import Ticket

    here, at = Ticket.stage_id == stage.id, at or now()
    _write_history("reopened", stage, stage, here, by, at, why="folded")
    _forget_closings(here)
    number = _change(here, at)
    session.expire_all()
    return number


def keep_merged_closed(stage, teams, by=None, at: datetime | None = None):
    """Before a folded stage gives up its tickets to be open: merged ones stay closed, in another one (R-MERGE-2).

    MergedStayClosed where their team has no other folded stage.
    """
    from .stage import MergedStayClosed
    from .ticket import Ticket

    at = at or now()
    for team in teams:
        here = and_(Ticket.team_id == team.id, Ticket.stage_id == stage.id, Ticket.merged_into_id.is_not(None))
        if session.scalar(select(Ticket.id).where(here).limit(1)) is None:
            continue
        other = next((one for one in team.stages if one.folded and one is not stage), None)
        if other is None:
            raise MergedStayClosed(team.name)
        team.hold_stage(other)
        _write_history("stage", stage, other, here, by, at)
        _execute(update(Ticket).where(here).values(stage_id=other.id, stage_changed_at=at, rank=at.timestamp()))


def move_all(team, stage, takes, by=None, at: datetime | None = None) -> int:
    """The tickets of a team go from one stage to another, as ``move_to`` would bring each; returns how many."""
    from .ticket import Ticket

    here, at = and_(Ticket.team_id == team.id, Ticket.stage_id == stage.id), at or now()
    closes, reopens = takes.folded and not stage.folded, stage.folded and not takes.folded
    _write_history("closed" if closes else "reopened" if reopens else "stage", stage, takes, here, by, at)
    if closes:
        _write_closings(stage, here, by, at)
    elif reopens:
        _forget_closings(here)
    number = _change(here, at, stage_id=takes.id, stage_changed_at=at, rank=at.timestamp())
    session.expire_all()
    return number


def _write_history(kind, before, after, here, by, at, why=""):
    from .ticket import Ticket

    columns = [Event.ticket_id, Event.kind, Event.by_id, Event.at, Event.from_, Event.to, Event.why]
    values = select(Ticket.id, *literals(kind, by and by.id, at, before.name, after.name, why)).where(here)
    session.execute(insert(Event).from_select(columns, values))


def _write_closings(before, here, by, at):
    from .ticket import Ticket

    columns = ["ticket_id", "by_id", "at", "how", "why", "from_stage_id"]
    how = "agent" if by else "automatic"
    values = select(Ticket.id, *literals(by and by.id, at, how, "", before.id)).where(here)
    session.execute(insert(Closing).from_select(columns, values))


def _forget_closings(here):
    """With the rows go the mails that would say what is no longer true (R-CLOSE-5)."""
    from .ticket import Ticket

    ids = select(Ticket.id).where(here)
    told = and_(Delivery.kind.in_(SAYS_IT_IS_CLOSED), Delivery.state.in_(("queued", "held")))
    closed = exists().where(Event.id == Delivery.event_id, Event.kind == "closed")
    _execute(update(Delivery).where(told, Delivery.ticket_id.in_(ids), closed).values(state="cancelled"))
    _execute(delete(Closing).where(Closing.ticket_id.in_(ids)))


def _change(here, at, **values) -> int:
    from .ticket import Ticket

    return _execute(update(Ticket).where(here).values(last_activity_at=at, reminded_at=None, **values)).rowcount


def _execute(statement):
    return session.execute(statement, execution_options={"synchronize_session": False})
