"""My tickets: those a user is the customer of or follows, as far as they may see them."""

from dataclasses import dataclass
from functools import cache, cached_property

from sqlalchemy import and_, bindparam, exists, func, select, union
from sqlalchemy.orm import aliased, joinedload, selectinload

from models.base import is_sqlite, session
from models.follower import TeamFollower, TicketFollower
from models.merging import MergedPath
from models.search import Search
from models.stage import Stage
from models.ticket import Ticket
from models.visibility import Somebody, followed_by, parameters_of, tickets_visible_to
from models.words import beginnings, terms_of

PER_PAGE = 25
LAST_PAGE = 400
MOST_OWN = LAST_PAGE * PER_PAGE
ORDERS = {
    "-activity": (Ticket.last_activity_at.desc(), Ticket.id.desc()),
    "activity": (Ticket.last_activity_at, Ticket.id),
    "-number": (Ticket.id.desc(),),
    "number": (Ticket.id,),
    "subject": (Ticket.subject, Ticket.id),
    "-subject": (Ticket.subject.desc(), Ticket.id.desc()),
}
STATUSES = ("open", "closed")


@dataclass
class Listing:
    """One page of the list. What is unknown in the address counts as not asked for."""

    user: object
    status: str = ""
    q: str = ""
    sort: str = ""
    page: int = 1
    loosened: bool = False  # nothing had the words as they were: these have words that begin with them

    @classmethod
    def asked(cls, user, args) -> "Listing":
        wanted = args.get("page", "1")
        page = int(wanted) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 9 else 1
        return cls(
            user,
            status=args.get("status") if args.get("status") in STATUSES else "",
            q=args.get("q", "").strip()[:600],
            sort=args.get("sort") if args.get("sort") in ORDERS else "-activity",
            page=max(1, min(page, LAST_PAGE)),
        )

    def tickets(self) -> list[Ticket]:
        """The tickets of this page, and one more where there is a next page."""
        if not self.user.active:
            return []
        found = self._found()
        if not found and self.q and self.page == 1 and beginnings(self.terms) != self.terms:
            self.loosened, self.terms = True, beginnings(self.terms)
            found = self._found()
            self.loosened = bool(found)
        return found

    @cached_property
    def terms(self):
        return terms_of(self.q)

    def _found(self) -> list[Ticket]:
        start, most = (self.page - 1) * PER_PAGE, PER_PAGE + 1
        query = _page(self.user.role, self.sort, self.status, self.narrow, is_sqlite())
        if not self.q:
            return self._tickets(query, start, most)
        search = Search(self.terms, internal=False)
        if self.narrow and self.terms:  # the user's own tickets are soon looked through, whatever the words find
            ids = search.among(self._some(query.with_only_columns(Ticket.id), 0, MOST_OWN))
            return self._tickets(query.where(Ticket.id.in_(ids[start : start + most])), 0, most)
        return self._tickets(query.where(search.condition(Ticket.id)), start, most)

    def _some(self, query, start, most) -> list:
        return list(session.scalars(query, parameters_of(self.user) | {"start": start, "most": most}))

    def _tickets(self, query, start, most) -> list[Ticket]:
        """With the tickets where merged ones lead."""
        found = self._some(query, start, most)
        if merged := [one.id for one in found if one.merged_into_id]:
            session.scalars(select(Ticket).where(Ticket.id.in_(merged)).options(_stays)).all()
        return found

    @cached_property
    def narrow(self) -> bool:
        """Whether to look among the user's own tickets, found by indexes: the page costs what those cost, not all.

        Who follows a whole team finds a page of tickets soon by going through all of them in their order.
        """
        team = select(TeamFollower.team_id).where(TeamFollower.contact_id == self.user.contact_id)
        return session.scalar(team.limit(1)) is None


@cache
def _page(role, sort, status, narrow, sqlite):
    """What is asked, for any user of a role; built once for each shape."""
    somebody = Somebody(role)
    parts = [tickets_visible_to(somebody), followed_by(somebody.contact_id)]
    if narrow:
        own = _own(somebody)
        # As an array, since PostgreSQL would go through all public tickets, to meet the user's own among them.
        parts.append(Ticket.id.in_(own) if sqlite else Ticket.id == func.any(func.array(own.scalar_subquery())))
    if status:
        closed = _closed()
        parts.append(closed if status == "closed" else ~closed)
    parts.append(Ticket.id.not_in(_listed_as_another(somebody, narrow)))
    query = select(Ticket).where(*parts).order_by(*ORDERS[sort]).offset(bindparam("start")).limit(bindparam("most"))
    return query.options(joinedload(Ticket.team), joinedload(Ticket.stage), joinedload(Ticket.closing))


_stays = selectinload(Ticket.merged_into, recursion_depth=20)


def _own(somebody):
    customer = select(Ticket.id).where(Ticket.customer_id == somebody.contact_id)
    follower = select(TicketFollower.ticket_id).where(TicketFollower.contact_id == somebody.contact_id)
    return union(customer, follower)


def _closed():
    """A merged ticket is as closed as the one on which its conversation goes on. Asked ticket by ticket."""
    folded, stays = select(Stage.id).where(Stage.folded), aliased(Ticket)
    goes_on = select(MergedPath.ticket_id).join(stays, stays.id == MergedPath.into_id)
    goes_on = goes_on.where(MergedPath.ticket_id == Ticket.id, stays.merged_into_id.is_(None))
    return and_(Ticket.stage_id.in_(folded), ~exists(goes_on.where(stays.stage_id.not_in(folded)).correlate(Ticket)))


def _listed_as_another(somebody, narrow: bool):
    """The merged tickets that somebody finds in their list as the one that stays, since that is theirs, too.

    From where merges lead, so that it costs what was merged and not what there is.
    """
    path = aliased(MergedPath)
    ends = select(path.into_id)
    if narrow:
        ends = ends.where(path.ticket_id.in_(_own(somebody)))
    theirs = select(Ticket.id).where(Ticket.id.in_(ends), tickets_visible_to(somebody))
    theirs = theirs.where(followed_by(somebody.contact_id)).correlate(None)
    return select(MergedPath.ticket_id).where(MergedPath.into_id.in_(theirs))
