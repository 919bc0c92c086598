"""How much lies on a team's table right now: the figures of the dashboard, grouped by team, whatever their number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from .base import session
from .closing import Closing
from .stage import Stage
from .team import Team
from .ticket import Ticket
from .visibility import teams_visible_to

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
    query = select(Team).where(teams_visible_to(user), Team.active).order_by(Team.name, Team.id)
    loads = {team.id: Workload(team) for team in session.scalars(query)}
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
