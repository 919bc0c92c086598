"""Signed links: one ticket, one contact, one purpose (R-LINK-1). Codes for the mailbox: sign-up, reset, invitation."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, add_unless_there, now, session
from .people import Contact, User

if TYPE_CHECKING:
    from .ticket import Ticket

# Not addresses of a page but of mail (models/reply_address.py): what is sent there becomes a reply, or a note.
REPLIES = ("reply", "note")
VALID_AFTER_CLOSING = timedelta(days=180)
_SIGNER = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
CODE_AGES = {"signup": timedelta(hours=24), "reset": timedelta(hours=2), "invitation": timedelta(days=7)}


class LinkRefused(Refusal):
    """The link shows nothing. ``link`` is set where it is genuine but expired or revoked: a fresh one can be mailed."""

    def __init__(self, link=None):
        super().__init__()
        self.link = link


class Link(Base):
    """A mailed link: who may use it, since when, and whether it still counts. ``version`` is part of the token."""

    __tablename__ = "links"
    __table_args__ = (UniqueConstraint("ticket_id", "contact_id", "purpose"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20), default="view")
    version: Mapped[int] = mapped_column(default=1)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ticket: Mapped["Ticket"] = relationship()
    contact: Mapped[Contact] = relationship()

    @property
    def token(self) -> str:
        """What stands in the address; the same each time until the link is revoked or renewed."""
        return _signer(self.purpose).dumps([self.id, self.version])

    def valid(self, at: datetime) -> bool:
        """Valid while the ticket is open and 180 days after, or after a fresh one was asked for."""
        if self.revoked_at:
            return False
        ticket = self.ticket.stays  # of a merged ticket, the one on which its conversation goes on
        if not ticket.closed:
            return True
        return at <= max(ticket.closed_at, self.issued_at) + VALID_AFTER_CLOSING

    def revoke(self, at: datetime | None = None):
        """The link is dead, and the reply addresses of the same person with it."""
        at = at or now()
        same = Link.ticket_id == self.ticket_id, Link.contact_id == self.contact_id, Link.revoked_at.is_(None)
        for link in session.scalars(select(Link).where(*same)):
            link.revoked_at, link.version = at, link.version + 1

    def renew(self, at: datetime | None = None):
        """A fresh link in place of this one, for the same ticket and contact; older tokens stay dead."""
        self.revoked_at, self.issued_at, self.version = None, at or now(), self.version + 1


class Linked:
    """A ticket is reached by signed links."""

    def link_for(self, contact, purpose="view") -> Link:
        """The link of this contact, made at first need; a revoked one is returned as it is."""
        query = select(Link).where(Link.ticket_id == self.id, Link.contact_id == contact.id, Link.purpose == purpose)
        if link := session.scalar(query):
            return link
        link = Link(ticket_id=self.id, contact_id=contact.id, purpose=purpose)
        return link if add_unless_there(link) else session.scalar(query)

    @property
    def links(self) -> list[Link]:
        shown = select(Link).where(Link.ticket_id == self.id, Link.purpose.not_in(REPLIES))
        return list(session.scalars(shown.order_by(Link.id)))

    def revoke_links(self, at: datetime | None = None):
        """No link opens the ticket any more, and no reply address leads to it."""
        for link in session.scalars(select(Link).where(Link.ticket_id == self.id, Link.revoked_at.is_(None))):
            link.revoke(at)


def open_link(token: str, purpose="view", at: datetime | None = None) -> Link:
    """The link that this token names; LinkRefused if it is not ours, not for this purpose, or no longer valid."""
    try:
        id, version = _signer(purpose).loads(token)
        link = session.get(Link, int(id))
    except (BadSignature, ValueError, TypeError):
        raise LinkRefused from None
    if link is None or link.purpose != purpose:
        raise LinkRefused
    if link.version != version or not link.valid(at or now()):
        raise LinkRefused(link)
    return link


def code_for(contact: Contact, purpose: str) -> str:
    """A short-lived code that proves a mailbox; any later change of the login voids it (threat model, rule 18)."""
    return _code_signer(purpose).dumps([contact.id, _stamp(contact)])


def contact_of_code(code: str, purpose: str) -> Contact | None:
    """The contact whose mailbox this code proves, or None when it is wrong, used, or too old."""
    try:
        id, stamp = _code_signer(purpose).loads(code, max_age=CODE_AGES[purpose].total_seconds())
        contact = session.get(Contact, int(id))
    except (BadSignature, ValueError, TypeError):
        return None
    return contact if contact and stamp == _stamp(contact) else None


def _stamp(contact) -> str:
    user = session.scalar(select(User).where(User.contact_id == contact.id))
    return f"{contact.code_version}:{user.login_key if user else ''}:{contact.email}"


def _signer(purpose) -> URLSafeSerializer:
    return URLSafeSerializer(_keys(), salt=f"guichet.link.{purpose}", signer_kwargs=_SIGNER)


def _code_signer(purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_keys(), salt=f"guichet.code.{purpose}", signer_kwargs=_SIGNER)


def _keys() -> list[str]:
    """Oldest first, as itsdangerous wants them: the last one signs, all of them verify."""
    return [*(current_app.config.get("SECRET_KEY_FALLBACKS") or ()), current_app.config["SECRET_KEY"]]
