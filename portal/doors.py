"""The two ways to one ticket: a mailed link, or signing in. Both lead to the same page and the same verbs."""

from dataclasses import dataclass
from functools import wraps

from flask import g, url_for
from flask_login import current_user
from sqlalchemy.orm import joinedload, selectinload

from models.access import NotVisible
from models.base import now, session
from models.links import Link, open_link
from models.people import Contact
from models.team import Team
from models.ticket import Ticket
from models.visibility import may_see

from . import bp, link_holder, throttle

# What the page shows of a ticket, loaded in a fixed number of queries.
_SHOWN = (
    joinedload(Ticket.team).joinedload(Team.company),
    joinedload(Ticket.team).selectinload(Team.stages),
    joinedload(Ticket.stage),
    joinedload(Ticket.customer),
    joinedload(Ticket.closing),
    joinedload(Ticket.rating),
    joinedload(Ticket.follow_up_of),
    selectinload(Ticket.follow_ups),
)


@dataclass
class Door:
    """A ticket, the contact who stands before it, and the link that let them in, if one did."""

    ticket: Ticket
    contact: Contact
    link: Link | None = None

    @classmethod
    def by_link(cls, token: str) -> "Door":
        """The holder of the link acts as its contact (R-LINK-1), without being signed in; LinkRefused."""
        link = open_link(token)
        ticket = session.get(Ticket, link.ticket_id, options=_SHOWN, populate_existing=True)
        return cls(ticket, link.contact, link)

    @classmethod
    def signed_in(cls, number: int) -> "Door":
        """A ticket that this user may see and takes part in; NotVisible."""
        ticket = current_user.ticket(number, *_SHOWN)
        if current_user.internal and current_user.contact not in ticket.followers:
            raise NotVisible
        return cls(ticket, current_user.contact)

    @property
    def own(self) -> bool:
        """Whether it is this contact's own request: only then it is theirs to close and to rate."""
        return self.ticket.customer_id == self.contact.id

    def url(self, name="page", **values) -> str:
        if self.link:
            return url_for(f"portal.link_{name}", token=self.link.token, **values)
        return url_for(f"portal.my_{name}", number=self.ticket.number, **values)

    def url_of(self, ticket) -> str:
        """Where the conversation goes on: here, or on the follow-up where the message opened one (R-CLOSE-8)."""
        if ticket is self.ticket or not self.reaches(ticket):
            return self.url()
        if self.link:
            return url_for("portal.link_page", token=ticket.link_for(self.contact).token)
        return url_for("portal.my_page", number=ticket.number)

    def reaches(self, ticket) -> bool:
        """Whether this contact may go to another ticket from here."""
        return ticket.customer_id == self.contact.id if self.link else may_see(current_user, ticket)

    def note_use(self):
        """When the link was last used to do something; opening it is no use (threat model, rules 11 and 12)."""
        if self.link:
            self.link.last_used_at = now()


def both_doors(path: str, **options):
    """Put a view, which is given a Door, behind the signed link and behind My Account alike."""

    def register(view):
        by_link = _named(view, "link", lambda token, **values: view(_enter(Door.by_link(token)), **values))
        signed_in = _named(view, "my", lambda number, **values: view(_enter(Door.signed_in(number)), **values))
        by_link = throttle.link_guesses(link_holder(by_link))
        if "POST" in options.get("methods", ()):
            by_link, signed_in = throttle.writes(by_link), throttle.writes(signed_in)
        bp.add_url_rule(f"/ticket/<token>{path}", f"link_{view.__name__}", by_link, **options)
        bp.add_url_rule(f"/my/tickets/<int:number>{path}", f"my_{view.__name__}", signed_in, **options)
        return view

    return register


def _enter(door: Door) -> Door:
    g.timezone = door.ticket.company.timezone
    return door


def _named(view, way, enter):
    """Each way with a name of its own: rate limits are counted by it."""
    named = wraps(view)(enter)
    named.__name__ = named.__qualname__ = f"{way}_{view.__name__}"
    return named
