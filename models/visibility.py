"""Who may see what (R-VIS): one SQL condition for tickets, one for teams, used by every page, count and export."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from sqlalchemy import Integer, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import aliased

from .base import session
from .company import user_companies
from .follower import TeamFollower, TicketFollower
from .merging import MergedPath
from .message import Message
from .people import INTERNAL, User
from .team import Team
from .ticket import Ticket


@dataclass(frozen=True)
class Somebody:
    """Any active user of a role, in place of one: a statement with such a condition is built once and asked by all.

    ``parameters_of(user)`` are then its values. The role stands in the statement itself, never in a parameter.
    """

    role: str
    active: ClassVar[bool] = True
    id: ClassVar = bindparam("viewer", type_=Integer)
    contact_id: ClassVar = bindparam("viewers_contact", type_=Integer)

    @property
    def internal(self) -> bool:
        return self.role in INTERNAL

    @property
    def administrator(self) -> bool:
        return self.role == "administrator"


def parameters_of(user) -> dict:
    return {"viewer": user.id, "viewers_contact": user.contact_id}


def followed_by(contact_id):
    """The tickets that this contact follows: by a row of the ticket, or by team or as customer and not excluded.

    Asked ticket by ticket, so that it costs what is looked at, not what somebody follows in all.
    """
    row = aliased(TicketFollower)
    # The offset of nothing keeps PostgreSQL from looking up everything that is followed, once and for all.
    own = select(row.ticket_id).where(row.ticket_id == Ticket.id, row.contact_id == contact_id)
    own = own.correlate(Ticket).offset(0)
    teams = select(TeamFollower.team_id).where(TeamFollower.contact_id == contact_id)
    return or_(
        exists(own.where(~row.excluded)),
        and_(or_(Ticket.customer_id == contact_id, Ticket.team_id.in_(teams)), ~exists(own.where(row.excluded))),
    )


def _companies(user):
    return select(user_companies.c.company_id).where(user_companies.c.user_id == user.id)


def teams_visible_to(user):
    """A condition on Team: the teams whose board and tickets this user may see as a whole."""
    if not user.internal:
        return false()
    followed = select(TeamFollower.team_id).where(TeamFollower.contact_id == user.contact_id)
    everyone = or_(Team.visibility == "company", Team.visibility == "public", Team.id.in_(followed))
    return and_(Team.company_id.in_(_companies(user)), *([] if user.administrator else [everyone]))


def tickets_visible_to(user):
    """A condition on Ticket, written from R-VIS-1 to 4 and 8; nothing for who is not signed in or not active."""
    if user is None or not user.active:
        return false()
    if not user.internal:
        public = select(Team.id).where(Team.visibility == "public")
        return and_(Ticket.team_id.in_(public), followed_by(user.contact_id))
    whole = select(Team.id).where(teams_visible_to(user))
    if user.administrator:
        return Ticket.team_id.in_(whole)
    private = select(Team.id).where(Team.company_id.in_(_companies(user)), Team.visibility == "private")
    return or_(Ticket.team_id.in_(whole), and_(Ticket.team_id.in_(private), followed_by(user.contact_id)))


def may_see(user, thing) -> bool:
    """The same condition asked of one team or ticket."""
    query = _is_seen(user.role, isinstance(thing, Team))
    return user.active and session.scalar(query, parameters_of(user) | {"thing": thing.id})


@cache
def _is_seen(role, team: bool):
    """Whether somebody of this role sees a thing; built once."""
    model, seen = (Team, teams_visible_to) if team else (Ticket, tickets_visible_to)
    return select(exists().where(model.id == bindparam("thing", type_=Integer), seen(Somebody(role))))


def messages_visible_to(user):
    """A condition on Message: internal users read what stands on a ticket that they see, or was said on one; portal
    users what is public of it (R-VIS-9), after a merge as R-MERGE-3 says."""
    seen = tickets_visible_to(user)
    if user is not None and user.internal:
        ticket = select(Ticket.id).where(seen).correlate(Message)  # looked at message by message, not all that are seen
        return or_(*(exists(ticket.where(Ticket.id == id)) for id in (Message.ticket_id, Message.home_id)))
    return _heard(seen, user.contact_id) if user is not None else false()


def messages_heard_by(contact_id):
    """A condition on Message: what an outsider is told who follows tickets, by mail alone perhaps (R-VIS-6)."""
    return _heard(followed_by(contact_id), contact_id, teams=None)


def messages_behind(link):
    """A condition on Message: what the holder of a signed link may read, whatever the visibility (R-VIS-7)."""
    mine = or_(Ticket.id == link.ticket_id, Ticket.customer_id == link.contact_id)
    return _heard(mine, link.contact_id, teams=None, removable=False)


def _heard(takes_part, contact_id, teams="public", removable=True):
    """What is public for an outsider; ``takes_part`` is a condition on Ticket (R-MERGE-3).

    Everything that was said to their own tickets; what they said themselves; and since a merge what we, the internal
    users, say on the ticket that their own became part of. No word of another customer, then or later.
    """
    here = select(Ticket.id).where(takes_part).correlate(Message)
    own = exists(here.where(Ticket.id == Message.home_id))
    said = and_(Message.author_id == contact_id, exists(here.where(Ticket.id == Message.ticket_id)))
    home, removal = aliased(Ticket), aliased(TicketFollower)
    ours = Message.author_id.in_(select(User.contact_id).where(User.role.in_(INTERNAL)))
    since = (
        select(MergedPath.ticket_id)
        .join(Ticket, Ticket.id == MergedPath.ticket_id)
        .join(home, home.id == MergedPath.into_id)
        .where(MergedPath.into_id == Message.home_id, MergedPath.since < Message.at, takes_part)
        .where(ours, home.customer_id != Message.author_id)
        .correlate(Message)
    )
    if teams:
        since = since.where(home.team_id.in_(select(Team.id).where(Team.visibility == teams)))
    if removable:
        removed = select(removal.ticket_id).where(removal.ticket_id == home.id, removal.contact_id == contact_id)
        since = since.where(~exists(removed.where(removal.excluded).correlate(home)))
    return and_(~Message.internal, or_(own, said, exists(since)))


def users_who_see(ticket):
    """A condition on User: the same rule asked the other way round, of one ticket."""
    team, rows = ticket.team, select(TicketFollower.contact_id).where(TicketFollower.ticket_id == ticket.id)
    of_team = User.contact_id.in_(select(TeamFollower.contact_id).where(TeamFollower.team_id == team.id))
    follows = or_(
        User.contact_id.in_(rows.where(~TicketFollower.excluded)),
        and_(
            or_(of_team, User.contact_id == ticket.customer_id),
            User.contact_id.not_in(rows.where(TicketFollower.excluded)),
        ),
    )
    at_home = User.id.in_(select(user_companies.c.user_id).where(user_companies.c.company_id == team.company_id))
    inside = or_(User.role == "administrator", team.visibility != "private", of_team, follows)
    outside = and_(User.role == "portal", team.visibility == "public", follows)
    return and_(User.active, or_(and_(User.role.in_(INTERNAL), at_home, inside), outside))
