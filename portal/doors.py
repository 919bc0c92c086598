"""The two ways to one ticket: a mailed link, or signing in. Both lead to the same page and the same verbs."""

from dataclasses import dataclass
from functools import cache, wraps

from flask import g, url_for
from flask_login import current_user
from sqlalchemy import Integer, and_, bindparam, or_
from sqlalchemy.orm import joinedload, selectinload

from models.access import NotVisible
from models.base import now, session
from models.links import Link, open_link
from models.message import Message
from models.people import Contact
from models.team import Team
from models.ticket import Ticket
from models.visibility import Somebody, may_see, messages_behind, messages_visible_to, parameters_of

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
    """A ticket, the contact who stands before it, and the link that let them in, if one did.

    ``face`` is the ticket as which the contact knows it: their own, where that was merged into one that is not theirs.
    """

    ticket: Ticket
    contact: Contact
    face: Ticket
    link: Link | None = None

    @classmethod
    def by_link(cls, token: str) -> "Door":
        """The holder of the link acts as its contact (R-LINK-1), without being signed in; LinkRefused."""
        link = open_link(token)
        own = _load(link.ticket_id)
        ticket = own if own.merged_into_id is None else _load(own.stays.id)
        return cls(ticket, link.contact, ticket if ticket.customer_id == link.contact_id else own, link)

    @classmethod
    def signed_in(cls, number: int) -> "Door":
        """A ticket that this user may see and takes part in; NotVisible."""
        own = current_user.ticket(number, *_SHOWN)
        if current_user.internal and current_user.contact not in own.followers:
            raise NotVisible
        if own.merged_into_id is None:
            return cls(own, current_user.contact, own)
        ticket = _load(own.stays.id)
        return cls(ticket, current_user.contact, ticket if may_see(current_user, ticket) else own)

    @property
    def readable(self):
        """A condition on Message: what they may read of the conversation; ``asked`` are its values."""
        return _readable(None if self.link else current_user.role)

    @property
    def asked(self) -> dict:
        values = {"here": self.ticket.id, "face": self.face.id}
        if self.link:
            return values | {"own": self.link.ticket_id, "viewers_contact": self.link.contact_id}
        return values | parameters_of(current_user)

    @property
    def own(self) -> bool:
        """Whether it is this contact's own request: only then it is theirs to close and to rate."""
        return self.ticket.customer_id == self.contact.id

    def url(self, name="page", **values) -> str:
        if self.link:
            return url_for(f"portal.link_{name}", token=self.link.token, **values)
        return url_for(f"portal.my_{name}", number=self.face.number, **values)

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


@cache
def _readable(role):
    """Built once for each role, and for the holders of links (None)."""
    here = or_(Message.ticket_id == bindparam("here"), Message.moved_from_id == bindparam("face"))
    seen = messages_visible_to(Somebody(role)) if role else messages_behind(_AnyLink)
    return and_(here, ~Message.internal, seen)


class _AnyLink:
    """In place of a link, as Somebody is in place of a user."""

    ticket_id, contact_id = bindparam("own", type_=Integer), Somebody.contact_id


def _load(number: int) -> Ticket:
    return session.get(Ticket, number, options=_SHOWN, populate_existing=True)


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
