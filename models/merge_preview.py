"""What a merge would change for whom, named before it happens (R-MERGE-2b)."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import and_, select

from .base import session
from .follower import followers_by_merge, following
from .people import INTERNAL, Contact, User
from .visibility import users_who_see

NAMED = 200


@dataclass
class Consequences:
    """Of making the sources part of a ticket; lists of people are by name, at most NAMED."""

    into: object
    sources: list

    @property
    def strangers(self) -> list[Contact]:
        """Customers of the sources who are not the customer of the ticket that stays."""
        found = {ticket.customer_id: ticket.customer for ticket in self.sources}
        found.pop(self.into.customer_id, None)
        return list(found.values())

    @property
    def teams(self) -> list:
        """The teams that lose a ticket to another team."""
        return list(dict.fromkeys(ticket.team for ticket in self.sources if ticket.team_id != self.into.team_id))

    @property
    def asks(self) -> bool:
        """Whether to ask again: different customers, or different teams (R-MERGE-3)."""
        return bool(self.strangers or self.teams)

    @cached_property
    def readers(self) -> list[User]:
        """Colleagues who see the ticket that stays, and will read there what they could not see before."""
        if not self.sources:
            return []
        everything = and_(*(users_who_see(ticket) for ticket in self.sources))
        newly = select(User).join(Contact).where(users_who_see(self.into), ~everything, User.role.in_(INTERNAL))
        return list(session.scalars(newly.order_by(Contact.name, User.id).limit(NAMED)))

    @cached_property
    def joining(self) -> list[Contact]:
        """Who follows one of the sources, and gets the updates of the ticket that stays from then on."""
        known = set(self.into.followers)
        found = session.scalars(followers_by_merge(self.into, self._numbers).limit(NAMED))
        return sorted((one for one in found if one not in known), key=lambda one: one.email)

    @cached_property
    def leaving(self) -> list[Contact]:
        """Colleagues who follow a source and get no updates any more, since they do not see the ticket that stays."""
        seeing = select(User.contact_id).where(users_who_see(self.into))
        colleagues = select(User.contact_id).where(User.role.in_(INTERNAL), User.active)
        lost = select(Contact).where(following(self._numbers), Contact.id.in_(colleagues), Contact.id.not_in(seeing))
        return list(session.scalars(lost.order_by(Contact.email).limit(NAMED)))

    @property
    def _numbers(self) -> list[int]:
        return [ticket.id for ticket in self.sources]
