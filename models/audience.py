"""Who can see a ticket and by which way, and who would lose what by another visibility: named before it happens."""

from dataclasses import dataclass, field

from sqlalchemy import and_, func, or_, select

from .base import now, session
from .company import user_companies
from .follower import TeamFollower, TicketFollower
from .links import Link
from .people import INTERNAL, Contact, User
from .ticket import Ticket
from .visibility import users_who_see

NAMED = 200  # people listed by name; the number is always the whole


@dataclass
class Access:
    """One person and the ways by which they have access: *administrator*, *colleague*, *member*, *team follower*,
    *assignee*, *ticket follower*, *customer*, *link*."""

    contact: Contact
    ways: list[str] = field(default_factory=list)


@dataclass
class Audience:
    """Some people by name, in the order of their names, and how many there are in all."""

    people: list[Access]
    count: int

    @property
    def unnamed(self) -> int:
        return self.count - len(self.people)


def who_can_see(ticket) -> Audience:
    """Everybody who can see the ticket now, and by which way; the holders of its valid links too."""
    seeing = users_who_see(ticket)
    count = session.scalar(select(func.count()).select_from(User).where(seeing))
    users = session.scalars(select(User).join(Contact).where(seeing).order_by(Contact.name, Contact.id).limit(NAMED))
    people = [Access(user.contact, _ways(ticket, user)) for user in users]
    known = {one.contact.id: one for one in people}
    for link in session.scalars(select(Link).where(Link.ticket_id == ticket.id)):
        if link.valid(now()):
            if link.contact_id not in known:
                count += 1
                people.append(Access(link.contact))
                known[link.contact_id] = people[-1]
            known[link.contact_id].ways.append("link")
    return Audience(people, count)


def _ways(ticket, user) -> list[str]:
    team = ticket.team
    of_team = session.get(TeamFollower, (team.id, user.contact_id)) is not None
    row = session.get(TicketFollower, (ticket.id, user.contact_id))
    excluded = row is not None and row.excluded
    ways = {
        "administrator": user.administrator,
        "colleague": user.internal and team.visibility != "private",
        "member": any(membership.user_id == user.id for membership in team.memberships),
        "team follower": of_team and (user.internal or not excluded),
        "assignee": ticket.assignee_id == user.id,
        "ticket follower": row is not None and not excluded,
        "customer": ticket.customer_id == user.contact_id and not excluded,
    }
    return [way for way, true in ways.items() if true]


def losing_access(team, visibility: str) -> Audience:
    """Who can see the team or a ticket of it now and could not, or not all of it, with this visibility (R-VIS-5)."""
    conditions = [_portal_users(team)] if team.visibility == "public" != visibility else []
    if visibility == "private" != team.visibility:
        conditions.append(_colleagues(team))
    if not conditions:
        return Audience([], 0)
    losing = and_(User.active, or_(*conditions))
    count = session.scalar(select(func.count()).select_from(User).where(losing))
    users = session.scalars(select(User).join(Contact).where(losing).order_by(Contact.name, Contact.id).limit(NAMED))
    return Audience([Access(user.contact, _ways_to_team(team, user)) for user in users], count)


def _portal_users(team):
    """A condition on User: portal users who follow the team or a ticket of it, its customers among them."""
    tickets = select(Ticket.id).where(Ticket.team_id == team.id)
    rows = select(TicketFollower.contact_id).where(TicketFollower.ticket_id.in_(tickets), ~TicketFollower.excluded)
    customers = select(Ticket.customer_id).where(Ticket.team_id == team.id)
    followers = select(TeamFollower.contact_id).where(TeamFollower.team_id == team.id)
    ways = (User.contact_id.in_(each) for each in (rows, customers, followers))
    return and_(User.role == "portal", or_(*ways))


def _colleagues(team):
    """A condition on User: internal users who see the team only because everybody of the company does."""
    at_home = select(user_companies.c.user_id).where(user_companies.c.company_id == team.company_id)
    followers = select(TeamFollower.contact_id).where(TeamFollower.team_id == team.id)
    ordinary = User.role.in_([role for role in INTERNAL if role != "administrator"])
    return and_(ordinary, User.id.in_(at_home), User.contact_id.not_in(followers))


def _ways_to_team(team, user) -> list[str]:
    if user.internal:
        return ["colleague"]
    here = select(Ticket.id).where(Ticket.team_id == team.id)
    own = here.where(Ticket.customer_id == user.contact_id)
    row = select(TicketFollower.ticket_id).where(
        TicketFollower.contact_id == user.contact_id, ~TicketFollower.excluded, TicketFollower.ticket_id.in_(here)
    )
    ways = {
        "team follower": session.get(TeamFollower, (team.id, user.contact_id)) is not None,
        "ticket follower": session.scalar(row.limit(1)) is not None,
        "customer": session.scalar(own.limit(1)) is not None,
    }
    return [way for way, true in ways.items() if true]
