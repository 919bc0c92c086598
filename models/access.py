"""How a signed-in user reaches a ticket or a team: by looking among those they may see, never past them."""

from sqlalchemy import select

from .base import session

LARGEST_ID = 2**31 - 1  # of an integer column


class NotVisible(LookupError):
    """There is no such thing for this user: hidden and absent are one answer (R-VIS-8)."""


class Seeing:
    """A user sees some tickets and teams; these find one of them or raise NotVisible."""

    def ticket(self, number: int, *options):
        """The ticket of this number; ``options`` load what the page shows."""
        from .ticket import Ticket
        from .visibility import tickets_visible_to

        return self._find(select(Ticket).where(Ticket.id == number, tickets_visible_to(self)).options(*options), number)

    def team(self, id: int, *options):
        """The team whose board this user may see."""
        from .team import Team
        from .visibility import teams_visible_to

        return self._find(select(Team).where(Team.id == id, teams_visible_to(self)).options(*options), id)

    def teams(self) -> list:
        """The active teams whose boards this user may see, in the order of their names."""
        from .team import Team
        from .visibility import teams_visible_to

        query = select(Team).where(teams_visible_to(self), Team.active)
        return list(session.scalars(query.order_by(Team.name, Team.id)))

    def sees(self, thing) -> bool:
        """Whether this user may see this ticket or team."""
        from .visibility import may_see

        return may_see(self, thing)

    @staticmethod
    def _find(query, id):
        found = session.scalars(query).unique().one_or_none() if 0 < id <= LARGEST_ID else None
        if found is None:
            raise NotVisible
        return found
