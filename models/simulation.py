"""What the other method of assignment would have done: the tickets of the last days given once more, on paper."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush

from sqlalchemy import func, or_, select

from .assignment import NEVER, Candidate, whose_turn
from .base import session
from .closing import Closing
from .people import User
from .ticket import Ticket

MOST_TICKETS = 5000  # of the days before; of more, the newest are replayed


@dataclass
class Share:
    """What one member was given, and what they would have been given."""

    user: User
    then: int
    now: int


class Simulation:
    """The tickets of a team that arrived in the days before ``at``, given to its takers by ``method``.

    Time off, hours and members are those of today (``takers``, where they are known already). Tickets close when they
    really closed, whoever has them.
    """

    def __init__(self, team, method: str, at: datetime, days: int = 30, takers=None):
        self.team, self.method, self.start = team, method, at - timedelta(days=days)
        self.members = {user.id: user for user in sorted(takers or team.takers(), key=lambda user: user.id)}
        self.arrivals = self._arrivals(at)
        self.counts = self._counts_before()
        self.last = {}
        self.leaving = self._closings_of_older() if method == "equal_open" else []

    def shares(self) -> list[Share]:
        """One for each taker, in the order of their ids."""
        given = dict.fromkeys(self.members, 0)
        for number, arrived, _, closed in self.arrivals:
            if (user_id := self._give(number, arrived, closed)) is not None:
                given[user_id] += 1
        really = [assignee for _, _, assignee, _ in self.arrivals]
        return [Share(user, really.count(id), given[id]) for id, user in self.members.items()]

    def _give(self, number, arrived, closed) -> int | None:
        while self.leaving and self.leaving[0][0] <= arrived:
            _, _, holder = heappop(self.leaving)
            self.counts[holder] = self.counts.get(holder, 0) - 1
        chosen = whose_turn(
            [
                Candidate(
                    user,
                    self.counts.get(id, 0),
                    self.last.get(id, NEVER),
                    user.available_from(arrived, self.team.company),
                )
                for id, user in self.members.items()
            ]
        )
        if chosen is None:
            return None
        id = chosen.user.id
        self.counts[id], self.last[id] = self.counts.get(id, 0) + 1, arrived
        if closed and self.method == "equal_open":
            heappush(self.leaving, (closed, number, id))
        return id

    def _arrivals(self, at) -> list[tuple]:
        query = (
            select(Ticket.id, Ticket.created_at, Ticket.assignee_id, Closing.at)
            .outerjoin(Closing, Closing.ticket_id == Ticket.id)
            .where(Ticket.team_id == self.team.id, Ticket.created_at > self.start, Ticket.created_at <= at)
            .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        )
        return [tuple(row) for row in session.execute(query.limit(MOST_TICKETS))][::-1]

    def _counts_before(self) -> dict[int, int]:
        first = self.arrivals[0][1] if self.arrivals else self.start
        query = select(Ticket.assignee_id, func.count()).where(
            Ticket.team_id == self.team.id, Ticket.assignee_id.is_not(None), Ticket.created_at < first
        )
        if self.method == "equal_open":
            query = query.outerjoin(Closing, Closing.ticket_id == Ticket.id)
            query = query.where(or_(Closing.at.is_(None), Closing.at > first))
        counts = dict(session.execute(query.group_by(Ticket.assignee_id)).all())
        if self.method == "equal_total":
            for id, start in self.team.head_starts().items():
                counts[id] = counts.get(id, 0) + start
        return counts

    def _closings_of_older(self) -> list[tuple]:
        """When those who had open tickets at the start were rid of them."""
        first = self.arrivals[0][1] if self.arrivals else self.start
        query = select(Closing.at, Ticket.id, Ticket.assignee_id).join(Ticket, Ticket.id == Closing.ticket_id)
        query = query.where(
            Ticket.team_id == self.team.id,
            Ticket.assignee_id.is_not(None),
            Ticket.created_at < first,
            Closing.at > first,
        )
        return sorted(tuple(row) for row in session.execute(query))
