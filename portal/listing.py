"""My tickets: those a user is the customer of or follows, as far as they may see them."""

from dataclasses import dataclass

from sqlalchemy import and_, select, union
from sqlalchemy.orm import joinedload

from models.base import session
from models.follower import TeamFollower, TicketFollower
from models.search import matching
from models.stage import Stage
from models.ticket import Ticket
from models.visibility import followed_by, tickets_visible_to

PER_PAGE = 25
LAST_PAGE = 400
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

    @classmethod
    def asked(cls, user, args) -> "Listing":
        wanted = args.get("page", "1")
        page = int(wanted) if wanted.isdecimal() and wanted.isascii() and len(wanted) < 9 else 1
        return cls(
            user,
            status=args.get("status") if args.get("status") in STATUSES else "",
            q=args.get("q", "").strip()[:200],
            sort=args.get("sort") if args.get("sort") in ORDERS else "-activity",
            page=max(1, min(page, LAST_PAGE)),
        )

    def tickets(self) -> list[Ticket]:
        """The tickets of this page, and one more where there is a next page."""
        query = select(Ticket).where(self.condition).order_by(*ORDERS[self.sort])
        query = query.options(joinedload(Ticket.team), joinedload(Ticket.stage))
        return list(session.scalars(query.offset((self.page - 1) * PER_PAGE).limit(PER_PAGE + 1)))

    @property
    def condition(self):
        parts = [tickets_visible_to(self.user), followed_by(self.user.contact_id), *self.near()]
        if self.status:
            closed = Ticket.stage_id.in_(select(Stage.id).where(Stage.folded))
            parts.append(closed if self.status == "closed" else ~closed)
        if self.q:
            parts.append(matching(Ticket.id, self.q, internal=False))
        return and_(*parts)

    def near(self):
        """The ids to look among, found by indexes: the page costs what the user's tickets cost, not all.

        Who follows a whole team finds a page of tickets soon by going through all of them in their order.
        """
        me = self.user.contact_id
        if session.scalar(select(TeamFollower.team_id).where(TeamFollower.contact_id == me).limit(1)):
            return ()
        customer = select(Ticket.id).where(Ticket.customer_id == me)
        follower = select(TicketFollower.ticket_id).where(TicketFollower.contact_id == me)
        return (Ticket.id.in_(union(customer, follower)),)
