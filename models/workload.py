"""How much lies on a team's table right now: the figures of the dashboard, grouped by team, whatever their number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from .assignment import waits_for_assignment, whose_turn
from .base import session
from .closing import Closing
from .people import User
from .stage import Stage
from .team import Team
from .ticket import Ticket

RECENTLY = timedelta(days=7)


@dataclass
class Workload:
    """The open tickets of one team, and how many it closed in the last seven days."""

    team: Team
    open: int = 0
    unassigned: int = 0
    waiting: int = 0  # for our answer
    mine: int = 0
    closed_recently: int = 0


def workloads(user, at: datetime) -> list[Workload]:
    """One for each active team that this user may see, in the order of their names; six queries."""
    loads = {team.id: Workload(team) for team in user.teams()}
    here = (Ticket.team_id.in_(loads), Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)))
    figures = {
        "open": select(Ticket.team_id, func.count()).where(*here),
        "unassigned": select(Ticket.team_id, func.count()).where(*here, Ticket.assignee_id.is_(None)),
        "waiting": select(Ticket.team_id, func.count()).where(*here, Ticket.waiting_since.is_not(None)),
        "mine": select(Ticket.team_id, func.count()).where(*here, Ticket.assignee_id == user.id),
        "closed_recently": select(Ticket.team_id, func.count())
        .join(Closing, Closing.ticket_id == Ticket.id)
        .where(Ticket.team_id.in_(loads), Closing.at > at - RECENTLY),
    }
    for name, figure in figures.items():
        for team_id, count in session.execute(figure.group_by(Ticket.team_id)) if loads else ():
            setattr(loads[team_id], name, count)
    return list(loads.values())


@dataclass
class Share:
    """What one taker of a team carries, and until when they are away (None: they are here)."""

    user: User
    open: int
    total: int
    away_until: datetime | None


def shares_of(team, at: datetime) -> list[Share]:
    """One for each who may be given tickets of the team, in the order of their names; three queries."""
    still_open = func.count().filter(Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)))
    counts = select(Ticket.assignee_id, still_open, func.count()).where(Ticket.team_id == team.id)
    carried = {id: (open, total) for id, open, total in session.execute(counts.group_by(Ticket.assignee_id))}
    takers = sorted(team.takers(selectinload(User.time_off)), key=lambda user: (str(user).lower(), user.id))
    return [Share(user, *carried.get(user.id, (0, 0)), user.away_until(at)) for user in takers]


def stuck(team, at: datetime) -> tuple[int, str] | None:
    """How many tickets wait for an assignee that the rule cannot find, and why; None when all is well (R-ASSIGN-6)."""
    if not team.auto_assign or not (first := team.tickets_to_assign(limit=1)):
        return None
    candidates = team.candidates(at)
    if whose_turn(candidates) is not None:
        return None
    count = session.scalar(select(func.count()).where(Ticket.team_id == team.id, waits_for_assignment()))
    return max(count, len(first)), "away" if candidates else "nobody"
