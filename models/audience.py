"""Who can see a ticket and by which way, and who would lose what by another visibility: named before it happens."""

from dataclasses import dataclass, field

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from .base import now, session
from .company import user_companies
from .follower import TeamFollower, TicketFollower, followers_by_merge
from .links import REPLIES, Link
from .merging import merged_ones
from .people import INTERNAL, Contact, User
from .ticket import Ticket
from .visibility import users_who_see

NAMED = 200  # people listed by name; the number is always the whole


@dataclass
class Access:
    """One person and the ways by which they have access: *administrator*, *colleague*, *member*, *team follower*,
    *assignee*, *ticket follower*, *customer*, *link*, *merged*."""

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
    of_team = set(session.scalars(select(TeamFollower.contact_id).where(TeamFollower.team_id == ticket.team_id)))
    rows = select(TicketFollower.contact_id, TicketFollower.excluded).where(TicketFollower.ticket_id == ticket.id)
    rows = dict(session.execute(rows).all())
    people = [Access(user.contact, _ways(ticket, user, of_team, rows)) for user in users]
    known = {one.contact.id: one for one in people}
    links = select(Link).where(Link.ticket_id == ticket.id, Link.purpose.not_in(REPLIES))
    for link in session.scalars(links.options(joinedload(Link.contact))):
        if link.valid(now()):
            if link.contact_id not in known:
                count += 1
                people.append(Access(link.contact))
                known[link.contact_id] = people[-1]
            known[link.contact_id].ways.append("link")
    others = followers_by_merge(ticket, merged_ones(ticket.id)) if ticket.merged else None
    for contact in session.scalars(others.limit(NAMED)) if ticket.merged else ():
        if contact.id not in known:
            count += 1
            people.append(Access(contact, ["merged"]))
    return Audience(people, count)


def _ways(ticket, user, of_team: set[int], rows: dict[int, bool]) -> list[str]:
    """``of_team`` follow the team, ``rows`` say of contacts whether they were removed from the ticket."""
    team, excluded = ticket.team, rows.get(user.contact_id)
    ways = {
        "administrator": user.administrator,
        "colleague": user.internal and team.visibility != "private",
        "member": any(membership.user_id == user.id for membership in team.memberships),
        "team follower": user.contact_id in of_team and (user.internal or not excluded),
        "assignee": ticket.assignee_id == user.id,
        "ticket follower": excluded is False,
        "customer": ticket.customer_id == user.contact_id and not excluded,
    }
    return [way for way, true in ways.items() if true]


def losing_access(team, visibility: str, company=None) -> Audience:
    """Who can see the team or a ticket of it now and could not, or not all of it, with this visibility (R-VIS-5), or as
    a team of this company (R-VIS-8)."""
    conditions = [_portal_users(team)] if team.visibility == "public" != visibility else []
    if visibility == "private" != team.visibility:
        conditions.append(_colleagues(team))
    if company not in (None, team.company):
        conditions.append(_strangers_to(company, team))
    if not conditions:
        return Audience([], 0)
    losing = and_(User.active, or_(*conditions))
    count = session.scalar(select(func.count()).select_from(User).where(losing))
    first = select(User).join(Contact).where(losing).order_by(Contact.name, Contact.id).limit(NAMED)
    users = list(session.scalars(first))
    ways = _ways_to_team(team, users)
    named = [Access(user.contact, [way for way, ids in ways.items() if user.id in ids]) for user in users]
    return Audience(named, count)


def _portal_users(team):
    """A condition on User: portal users who follow the team or a ticket of it, its customers among them."""
    return and_(User.role == "portal", or_(_follow_the_team(team), _follow_a_ticket(team)))


def _follow_the_team(team):
    return User.contact_id.in_(select(TeamFollower.contact_id).where(TeamFollower.team_id == team.id))


def _follow_a_ticket(team):
    rows = select(TicketFollower.contact_id).join(Ticket).where(Ticket.team_id == team.id, ~TicketFollower.excluded)
    return or_(User.contact_id.in_(rows), User.contact_id.in_(select(Ticket.customer_id).where(_customers_of(team))))


def _customers_of(team):
    """A condition on Ticket: of the team, and its customer was not removed from it."""
    theirs = and_(TicketFollower.ticket_id == Ticket.id, TicketFollower.contact_id == Ticket.customer_id)
    return and_(Ticket.team_id == team.id, ~exists().where(theirs, TicketFollower.excluded))


def _of_company(company_id):
    return User.id.in_(select(user_companies.c.user_id).where(user_companies.c.company_id == company_id))


def _colleagues(team):
    """A condition on User: internal users who see the team only because everybody of the company does."""
    ordinary = User.role.in_([role for role in INTERNAL if role != "administrator"])
    return and_(ordinary, _of_company(team.company_id), ~_follow_the_team(team))


def _strangers_to(company, team):
    """A condition on User: internal users who see something of the team, and do not belong to that company."""
    seeing = [User.role == "administrator", _follow_the_team(team), _follow_a_ticket(team)]
    inside = and_(User.role.in_(INTERNAL), _of_company(team.company_id), ~_of_company(company.id))
    return inside if team.visibility != "private" else and_(inside, or_(*seeing))


def _ways_to_team(team, users) -> dict[str, set[int]]:
    """By which ways these users reach the team or a ticket of it: {way: their ids}; four queries."""
    contacts, of_contact = [user.contact_id for user in users], {user.contact_id: user.id for user in users}
    here, row = Ticket.team_id == team.id, TicketFollower.contact_id
    follow = select(TeamFollower.contact_id).where(TeamFollower.team_id == team.id)
    added = select(row).distinct().join(Ticket).where(here, row.in_(contacts), ~TicketFollower.excluded)
    asked = select(Ticket.customer_id).distinct().where(_customers_of(team), Ticket.customer_id.in_(contacts))
    working = select(Ticket.assignee_id).distinct().where(here, Ticket.assignee_id.in_([user.id for user in users]))

    def ids(query) -> set[int]:
        return {of_contact[contact] for contact in session.scalars(query)}

    return {
        "administrator": {user.id for user in users if user.administrator},
        "colleague": {user.id for user in users if user.internal and team.visibility != "private"},
        "member": {one.user_id for one in team.memberships},
        "team follower": ids(follow.where(TeamFollower.contact_id.in_(contacts))),
        "assignee": set(session.scalars(working)),
        "ticket follower": ids(added),
        "customer": ids(asked),
    }
