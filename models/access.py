"""How a signed-in user reaches a ticket or a team: by looking among those they may see, never past them."""

from functools import lru_cache
from typing import ClassVar

from sqlalchemy import bindparam, select

from .base import plain_rows, session

LARGEST_ID = 2**31 - 1  # of an integer column


class NotVisible(LookupError):
    """There is no such thing for this user: hidden and absent are one answer (R-VIS-8)."""


class Seeing:
    """A user sees some tickets and teams; these find one of them or raise NotVisible."""

    # Of several companies the one whose teams and lists are shown now, by choice of the user; None: all of them.
    # It narrows what is shown, and gives or takes no right.
    focus: ClassVar[int | None] = None

    def ticket(self, number: int, *options):
        """The ticket of this number; ``options`` load what the page shows."""
        from .visibility import parameters_of

        return self._find(_ticket(self.role, options), number, parameters_of(self))

    def team(self, id: int, *options):
        """The team whose board this user may see."""
        from .visibility import parameters_of

        return self._find(_team(self.role, options), id, parameters_of(self))

    def teams(self) -> list:
        """The active teams whose boards this user may see, in the order of their names."""
        from .visibility import parameters_of

        teams = session.scalars(_teams(self.role), parameters_of(self)) if self.active else []
        return [team for team in teams if self.focus in (None, team.company_id)]

    def team_names(self, company_id: int) -> dict[int, str]:
        """The same teams of one company, as a choice offers them."""
        from .visibility import parameters_of

        rows = plain_rows(_team_names(self.role), parameters_of(self)) if self.active else []
        return {id: name for id, name, company in rows if company == company_id and self.focus in (None, company)}

    def sees(self, thing) -> bool:
        """Whether this user may see this ticket or team."""
        from .visibility import may_see

        return may_see(self, thing)

    def _find(self, query, id, parameters):
        possible = self.active and 0 < id <= LARGEST_ID
        found = session.scalars(query, parameters | {"id": id}).unique().one_or_none() if possible else None
        if found is None:
            raise NotVisible
        return found


# Each is built once for a role and what is to be loaded with it: building takes longer than asking.


@lru_cache(maxsize=128)
def _ticket(role, options):
    from .ticket import Ticket
    from .visibility import Somebody, tickets_visible_to

    seen = tickets_visible_to(Somebody(role))
    return select(Ticket).where(Ticket.id == bindparam("id"), seen).options(*options)


@lru_cache(maxsize=128)
def _team(role, options):
    from .team import Team
    from .visibility import Somebody, teams_visible_to

    return select(Team).where(Team.id == bindparam("id"), teams_visible_to(Somebody(role))).options(*options)


@lru_cache(maxsize=8)
def _teams(role):
    from .team import Team
    from .visibility import Somebody, teams_visible_to

    return select(Team).where(teams_visible_to(Somebody(role)), Team.active).order_by(Team.name, Team.id)


@lru_cache(maxsize=8)
def _team_names(role):
    from .team import Team

    return _teams(role).with_only_columns(Team.id, Team.name, Team.company_id)
