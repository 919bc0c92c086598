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

    @staticmethod
    def _find(query, id):
        found = session.scalar(query) if 0 < id <= LARGEST_ID else None
        if found is None:
            raise NotVisible
        return found
