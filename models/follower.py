"""Followers of teams and tickets. Following is decided by team row, ticket row and exclusion: nothing is copied."""

from functools import cache
from typing import NamedTuple

from sqlalchemy import ForeignKey, Integer, and_, bindparam, case, delete, exists, or_, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from .base import Base, Refusal, is_sqlite, session
from .people import Contact, User


class StillNeeded(Refusal):
    """A member follows the team and an assignee the ticket: take that role from them first (R-VIS-1)."""


class TeamFollower(Base):
    """Follows all tickets of the team, present and future, but those they were removed from (R-VIS-4)."""

    __tablename__ = "team_followers"
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True)
    contact: Mapped[Contact] = relationship(lazy="joined", innerjoin=True)


def followed_as(team_id, user_id, contact_id):
    """An expression: how somebody follows a team, "member" who must, "follower", or nothing."""
    from .team import TeamMember

    member = exists().where(TeamMember.team_id == team_id, TeamMember.user_id == user_id)
    follows = exists().where(TeamFollower.team_id == team_id, TeamFollower.contact_id == contact_id)
    return case((member, "member"), (follows, "follower"), else_="")


class TicketFollower(Base):
    """Follows one ticket, or with ``excluded`` was removed from it and stays so until added again."""

    __tablename__ = "ticket_followers"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True)
    excluded: Mapped[bool] = mapped_column(default=False)
    contact: Mapped[Contact] = relationship(lazy="joined", innerjoin=True)


def is_portal_contact():
    """A contact with a portal login, as a condition on TeamFollower or TicketFollower columns."""
    return select(User.contact_id).where(User.role == "portal")


class TeamFollowing:
    """A team is followed."""

    @property
    def followers(self) -> list[Contact]:
        query = select(Contact).join(TeamFollower).where(TeamFollower.team_id == self.id)
        return list(session.scalars(query.order_by(Contact.email)))

    def add_follower(self, contact):
        session.flush()
        if session.get(TeamFollower, (self.id, contact.id)) is None:
            session.add(TeamFollower(team_id=self.id, contact_id=contact.id))
            session.flush()

    def remove_follower(self, contact):
        """StillNeeded for a member."""
        if contact.user in self.members and contact.user is not None:
            raise StillNeeded(contact.email)
        session.execute(
            delete(TeamFollower).where(TeamFollower.team_id == self.id, TeamFollower.contact_id == contact.id)
        )

    def change_visibility(self, visibility: str) -> int:
        """Set the visibility; leaving *public* removes portal users as followers everywhere (R-VIS-5).

        Returns how many portal users lost their place.
        """
        before, self.visibility = self.visibility, visibility
        if before != "public" or visibility == "public":
            return 0
        session.flush()
        losing = len(self.portal_followers())
        for table, condition in self._portal_rows():
            session.execute(delete(table).where(condition), execution_options={"synchronize_session": False})
        session.expire_all()
        return losing

    def portal_followers(self) -> list[Contact]:
        """The portal users who follow the team or one of its tickets by a row, each once."""
        ids = [select(table.contact_id).where(condition) for table, condition in self._portal_rows()]
        return list(session.scalars(select(Contact).where(or_(*map(Contact.id.in_, ids))).order_by(Contact.email)))

    def _portal_rows(self):
        from .ticket import Ticket

        tickets = select(Ticket.id).where(Ticket.team_id == self.id)
        yield TeamFollower, and_(TeamFollower.team_id == self.id, TeamFollower.contact_id.in_(is_portal_contact()))
        yield (
            TicketFollower,
            and_(
                TicketFollower.ticket_id.in_(tickets),
                TicketFollower.contact_id.in_(is_portal_contact()),
                ~TicketFollower.excluded,
            ),
        )


def follow_tickets(pairs: list[tuple[int, int]]):
    """Add many followers, (ticket id, contact id) each, quietly; an earlier removal ends, as by ``add_follower``."""
    new = (sqlite if is_sqlite() else postgresql).insert(TicketFollower)
    new = new.on_conflict_do_update(index_elements=["ticket_id", "contact_id"], set_={"excluded": False})
    rows = [{"ticket_id": ticket, "contact_id": contact, "excluded": False} for ticket, contact in pairs]
    session.execute(new, rows)


def followers_to_tell(events):
    """A query: ticket id, event id, contact id and address of each follower who does not know of these events yet."""
    from .event import Event
    from .people import User
    from .team import TeamMember
    from .ticket import Ticket

    told = select(Ticket.id, Event.id, Contact.id, Contact.email).join(Event, Event.ticket_id == Ticket.id)
    members = select(User.contact_id).join(TeamMember).where(TeamMember.team_id == Ticket.team_id)
    told = told.where(
        events,
        Contact.id != Ticket.customer_id,
        Contact.id.is_distinct_from(Event.by_id),
        Contact.id.not_in(members.correlate(Ticket)),
    )
    row = (TicketFollower.ticket_id == Ticket.id) & (TicketFollower.contact_id == Contact.id)
    by_team = told.join(TeamFollower, TeamFollower.team_id == Ticket.team_id)
    by_team = by_team.join(Contact, Contact.id == TeamFollower.contact_id)
    by_ticket = told.join(TicketFollower, TicketFollower.ticket_id == Ticket.id)
    by_ticket = by_ticket.join(Contact, Contact.id == TicketFollower.contact_id)
    return union(
        by_ticket.where(~TicketFollower.excluded), by_team.where(~exists().where(row, TicketFollower.excluded))
    )


class Following(NamedTuple):
    """A contact who follows a ticket, and why: added to it, follower of the team, by a merge, or else its customer."""

    contact: Contact
    by_ticket: bool
    by_team: bool
    by_merge: bool = False  # of a ticket that is part of this one now


@cache
def _followers():
    """The contacts who follow a ticket and why, found by indexes; built once."""
    rows = select(TicketFollower.contact_id).where(TicketFollower.ticket_id == bindparam("ticket", type_=Integer))
    team = select(TeamFollower.contact_id).where(TeamFollower.team_id == bindparam("team", type_=Integer))
    customer = select(Contact.id).where(Contact.id == bindparam("customer", type_=Integer))
    by_way = union(rows.where(~TicketFollower.excluded), team, customer)
    query = select(Contact, Contact.id.in_(rows), Contact.id.in_(team))
    query = query.where(Contact.id.in_(by_way), Contact.id.not_in(rows.where(TicketFollower.excluded)))
    return query.order_by(Contact.email).options(joinedload(Contact.user).lazyload(User.contact))


def following(numbers):
    """A condition on Contact: who follows one of these tickets; ``numbers`` are ids, or a query of them."""
    from .ticket import Ticket

    def not_removed(contact_id):
        removed = select(TicketFollower.ticket_id).where(TicketFollower.contact_id == contact_id)
        return Ticket.id.not_in(removed.where(TicketFollower.excluded))

    ways = (
        select(TicketFollower.contact_id).where(TicketFollower.ticket_id.in_(numbers), ~TicketFollower.excluded),
        select(Ticket.customer_id).where(Ticket.id.in_(numbers), not_removed(Ticket.customer_id)),
        select(TeamFollower.contact_id)
        .join(Ticket, Ticket.team_id == TeamFollower.team_id)
        .where(Ticket.id.in_(numbers), not_removed(TeamFollower.contact_id)),
    )
    return Contact.id.in_(union(*ways))


def followers_by_merge(ticket, numbers):
    """The contacts who follow one of the tickets that are part of this one; colleagues as far as they see this one."""
    from .people import INTERNAL
    from .visibility import users_who_see

    here = select(TicketFollower.contact_id).where(TicketFollower.ticket_id == ticket.id, TicketFollower.excluded)
    colleagues = select(User.contact_id).where(User.role.in_(INTERNAL), User.active)
    seeing = select(User.contact_id).where(users_who_see(ticket))
    told = or_(Contact.id.not_in(colleagues), Contact.id.in_(seeing))
    return select(Contact).where(following(numbers), Contact.id.not_in(here), told)


class Followed:
    """A ticket is followed by its customer, by the team's followers, and by those who were added to it."""

    @property
    def followers(self) -> list[Contact]:
        """Everybody who follows the ticket or one that was merged into it, in the order of their addresses."""
        return [one.contact for one in self.following]

    @property
    def following(self) -> list[Following]:
        """The same people, and why each of them follows."""
        session.flush()
        values = {"ticket": self.id, "team": self.team_id, "customer": self.customer_id}
        own = [Following(*row) for row in session.execute(_followers(), values)]
        if not self.merged:
            return own
        from .merging import merged_ones

        known = {one.contact for one in own}
        merged = (one for one in session.scalars(followers_by_merge(self, merged_ones(self.id))) if one not in known)
        own += [Following(one, by_ticket=False, by_team=False, by_merge=True) for one in merged]
        return sorted(own, key=lambda one: one.contact.email)

    def add_follower(self, contact, by=None, quietly=False):
        """Add somebody to this ticket; an earlier removal ends (R-VIS-4). Adding again changes nothing."""
        session.flush()
        row = session.get(TicketFollower, (self.id, contact.id))
        if row and not row.excluded:
            return
        if by is not None:
            self.refuse_if_closed()
        if row:
            row.excluded = False
        else:
            session.add(TicketFollower(ticket_id=self.id, contact_id=contact.id))
        if not quietly:
            self.record("followed", by=by, to=contact.email)
        session.flush()

    def remove_follower(self, contact, by=None):
        """Remove somebody from this ticket, whatever way they follow it; StillNeeded for the assignee."""
        if self.assignee and self.assignee.contact_id == contact.id:
            raise StillNeeded(contact.email)
        if contact not in self.followers:
            return
        if by is not None:
            self.refuse_if_closed()
        row = session.get(TicketFollower, (self.id, contact.id))
        if row:
            row.excluded = True
        else:
            session.add(TicketFollower(ticket_id=self.id, contact_id=contact.id, excluded=True))
        self.record("unfollowed", by=by, from_=contact.email)
        session.flush()

    def drop_followers_who_may_not_see(self):
        """After a change of team: users among the ticket's own followers who may not see it go (R-STAGE-8)."""
        from .visibility import may_see

        query = select(TicketFollower).where(TicketFollower.ticket_id == self.id, ~TicketFollower.excluded)
        for row in session.scalars(query):
            user = row.contact.user
            if user and not may_see(user, self):
                session.delete(row)
        session.flush()
