"""How much lies on a team's table right now: the figures of the dashboard, grouped by team, whatever their number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import Integer, bindparam, func, select, text
from sqlalchemy.orm import joinedload, selectinload

from .assignment import waits_for_assignment
from .base import UtcDateTime, is_sqlite, plain_rows, session
from .closing_rule import forgotten_since
from .follower import followed_as
from .people import User
from .stage import Stage
from .team import Team
from .ticket import Ticket

RECENTLY = timedelta(days=7)
MOST_FORGOTTEN = 100
MOST_COUNTED = 1000  # of a figure; more are "1,000+": a figure must not cost more the more there is to do


@dataclass
class Workload:
    """The open tickets of one team, and how many it closed in the last seven days."""

    team: Team
    open: int = 0
    unassigned: int = 0
    waiting: int = 0  # for our answer
    mine: int = 0
    closed_recently: int = 0


_OPEN = "SELECT 1 FROM tickets WHERE team_id = {team} AND stage_id IN ({open})"
# SQLite would take the index that knows since when they wait, and look each one's stage up.
_WAITING = _OPEN.replace("tickets", "tickets{by_stage}") + " AND waiting_since IS NOT NULL"
# The rows that each figure counts. What was closed by folding its stage is left out: nobody worked on it.
_FIGURES = {
    "open": _OPEN,
    "unassigned": _OPEN + " AND assignee_id IS NULL",
    "waiting": _WAITING,
    "mine": _OPEN + " AND assignee_id = :me",
    "closed_recently": "SELECT 1 FROM tickets JOIN closings ON closings.ticket_id = tickets.id WHERE team_id = {team} "
    "AND stage_id IN ({closed}) AND last_activity_at > :since AND closings.at > :since",
}
_COUNT = "SELECT {team} AS team, count(*) AS tickets FROM ({rows} LIMIT {most}) AS c{team}"


def workloads(user, at: datetime) -> list[Workload]:
    """One for each active team that this user may see, in the order of their names; seven queries."""
    loads = {team.id: Workload(team) for team in user.teams()}
    folded = dict(session.execute(select(Stage.id, Stage.folded)).all())
    stages = {
        name: ", ".join(str(id) for id in folded if folded[id] == closed) or "NULL"
        for name, closed in (("open", False), ("closed", True))
    }
    stages["by_stage"] = " INDEXED BY ix_tickets_waiting" if is_sqlite() else ""
    for figure, rows in _FIGURES.items():
        for part in _parts(list(loads)):
            asked = (_COUNT.format(team=id, rows=rows.format(team=id, **stages), most=MOST_COUNTED) for id in part)
            query = text(" UNION ALL ".join(asked))
            known = {"me": (user.id, Integer), "since": (at - RECENTLY, UtcDateTime)}
            values = [bindparam(name, *value) for name, value in known.items() if f":{name}" in rows]
            for team, count in session.execute(query.bindparams(*values)):
                setattr(loads[team], figure, count)
    return list(loads.values())


def _parts(teams: list[int]):
    """SQLite joins at most 500 questions into one."""
    return (teams[start : start + 400] for start in range(0, len(teams), 400))


@dataclass
class Share:
    """What one taker of a team carries, and from when on the rule may choose them (None: not in the next year)."""

    user: User
    open: int
    total: int
    available: datetime | None
    on_time_off: bool  # away by choice, not only outside working hours
    here: bool


def shares_of(team, at: datetime) -> list[Share]:
    """One for each who may be given tickets of the team, in the order of their names; three queries."""
    still_open = func.count().filter(Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)))
    counts = select(Ticket.assignee_id, still_open, func.count()).where(Ticket.team_id == team.id)
    carried = {id: (open, total) for id, open, total in session.execute(counts.group_by(Ticket.assignee_id))}
    takers = sorted(team.takers(selectinload(User.time_off)), key=lambda user: (str(user).lower(), user.id))
    return [_share(user, carried.get(user.id, (0, 0)), team.company, at) for user in takers]


def _share(user, carried, company, at) -> Share:
    available = user.available_from(at, company)
    return Share(user, *carried, available, user.away_until(at) is not None, available == at)


class Notices(NamedTuple):
    """What a reader of a team's board should hear before anything else."""

    stuck: tuple[int, str] | None
    forgotten: int
    followed: str


def notices_of(team, reader, at: datetime) -> Notices:
    """How many tickets wait for an assignee that the rule cannot find, and why (R-ASSIGN-6): nobody takes tickets, or
    all are away; None when all is well. How many open ones wait for an answer longer than the days of the team's rule;
    a hundred stands for more. And whether the reader follows the team, as "member" or "follower"."""
    values = {"team": team.id, "since": team.too_late(at), "user": reader.id, "contact": reader.contact_id}
    forgotten, followed, *waiting = plain_rows(_noticed(team.auto_assign is not None), values)[0]
    return Notices(_stuck(team, waiting[0], at) if any(waiting) else None, forgotten, followed)


@cache
def _noticed(assigns: bool):
    team, user, contact = (bindparam(name, type_=Integer) for name in ("team", "user", "contact"))
    forgotten = select(Ticket.id).where(forgotten_since(team, bindparam("since", type_=UtcDateTime)))
    forgotten = select(func.count()).select_from(forgotten.limit(MOST_FORGOTTEN).subquery())
    waiting = select(func.count()).where(Ticket.team_id == team, waits_for_assignment())
    asked = [forgotten.scalar_subquery(), followed_as(team, user, contact)]
    return select(*asked, *([waiting.scalar_subquery()] if assigns else []))


def _stuck(team, waiting: int, at: datetime) -> tuple[int, str] | None:
    takers = team.takers(joinedload(User.time_off))
    if any(user.available_from(at, team.company) for user in takers):
        return None
    return waiting, "away" if takers else "nobody"
