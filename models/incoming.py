"""Mail that came in: the raw bytes first, then the one thing that became of them (R-MAIL-2, R-MAIL-4).

A row is committed before anybody is told that the mail was taken (threat model, rule 41). What became of it is one of
OUTCOMES (rule 42); until then it is *received*, and the worker's to read.
"""

import hashlib
from datetime import datetime, timedelta

from flask_babel import gettext
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, now, only_reading, session
from .bell import ring
from .message import Message
from .outbox import Delivery
from .people import normal_email
from .team import Team
from .ticket import Ticket

OUTCOMES = ("ticket", "reply", "bounce", "automatic", "parked", "quarantined", "discarded")
STATES = ("received", *OUTCOMES)
WAYS = ("lmtp", "smtp", "imap", "pipe", "copy")
# The rules of R-MAIL-2 that put a message where it is; ``Message.placed_by`` keeps one of them.
RULES = ("reply_address", "thread", "recipient", "hand")
SET_ASIDE = ("parked", "quarantined")
KEPT = timedelta(
    days=90
)  # the original of a mail that has its place; what was set aside is kept until somebody decides
_HANDLED_WELL = ("ticket", "reply", "bounce", "automatic", "discarded")


class NotSetAside(Refusal):
    """This mail has its place already: there is nothing to decide."""


class IncomingMail(Base):
    """One mail to one recipient, as it came. ``key`` names the delivery: the same one again is the same row."""

    __tablename__ = "incoming_mails"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"via in {WAYS}", name="via"),
        Index("ix_incoming_mails_due", "due_at", "id", sqlite_where=text("state = 'received'"),
              postgresql_where=text("state = 'received'")),
        Index("ix_incoming_mails_newest", "state", "id"),
        Index("ix_incoming_mails_author", "author", "received_at"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    via: Mapped[str] = mapped_column(String(10))
    # The envelope; where the way in has none, the recipient is None. An empty sender is that of a bounce (RFC 5321).
    sender: Mapped[str | None] = mapped_column(String(320))
    recipient: Mapped[str | None] = mapped_column(String(320))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    size: Mapped[int]  # bytes
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(12), default="received")
    reason: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    released: Mapped[bool] = mapped_column(default=False)  # somebody said that it is no spam
    # What it says of itself, once it was read.
    author: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(String(250), default="")
    mail_id: Mapped[str | None] = mapped_column(String(250), index=True)
    copies: Mapped[str] = mapped_column(Text, default="")  # addresses of Cc and To that are not ours, one a line
    verified: Mapped[bool | None]  # whether our own mail server vouches for the author; None: it does not say
    answered: Mapped[bool] = mapped_column(default=False)  # whether an automatic answer went to the author
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id", ondelete="SET NULL"), index=True)
    team: Mapped[Team | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
    message: Mapped[Message | None] = relationship()
    delivery: Mapped[Delivery | None] = relationship()

    @property
    def why(self) -> str:
        """The reason in the reader's language; what follows its colon stays as it came."""
        ours, colon, theirs = self.reason.partition(": ")
        if not colon:
            return gettext(self.reason) if self.reason else ""
        return f"{gettext(ours + ':')} {theirs}"

    def becomes(self, state: str, reason="", at: datetime | None = None, **what):
        """The one outcome of this mail."""
        self.state, self.reason, self.handled_at = state, reason, at or now()
        for name, value in what.items():
            setattr(self, name, value)

    def run_again(self, at: datetime | None = None):
        """Read and place it anew, for what was set aside; what was taken for a machine's is then a person's.

        NotSetAside for what has its place.
        """
        if self.state not in (*SET_ASIDE, "automatic") or self.raw is None:
            raise NotSetAside
        self.released = self.released or self.state != "parked"
        self.state, self.reason, self.attempts, self.due_at = "received", "", 0, at or now()
        ring("receive")

    def discard(self, at: datetime | None = None):
        if self.state not in SET_ASIDE:
            raise NotSetAside
        self.becomes("discarded", self.reason, at)


def doubtful(message, verified: bool | None) -> bool:
    """Whether its author may be somebody else: who failed the check of our mail server, or writes as one of us without
    a key of ours and without being vouched for (threat model, rules 44 and 45)."""
    as_one_of_us = message.author.internal and message.placed_by != "reply_address"
    return verified is False or (as_one_of_us and not verified)


class TeamAddress(Base):
    """One more address of a team; what is sent there is sent to the team."""

    __tablename__ = "team_addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(254), unique=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    team: Mapped[Team] = relationship()


class AddressCheck(Base):
    """A mail that we sent to an address of ours, to watch it arrive."""

    __tablename__ = "address_checks"
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(254), index=True)
    mail_id: Mapped[str] = mapped_column(String(250), unique=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def key_of(raw: bytes, recipient: str | None) -> str:
    """The name of a delivery: the same bytes to the same recipient are the same delivery, tried again."""
    digest = hashlib.sha256((recipient or "").encode("utf-8", "surrogateescape") + b"\0")
    digest.update(raw)
    return digest.hexdigest()


def row_of(raw: bytes, via: str, sender: str | None, recipient: str | None, at: datetime | None = None) -> dict:
    """The values of a new row."""
    at = at or now()
    sender, recipient = (plain(value) if value is not None else None for value in (sender, recipient))
    return {
        "key": key_of(raw, recipient), "via": via, "sender": sender, "recipient": recipient and normal_email(recipient),
        "received_at": at, "due_at": at, "size": len(raw), "raw": raw, "state": "received", "attempts": 0,
    }  # fmt: skip


def plain(address: str) -> str:
    return "".join(c for c in address if c.isprintable() and not "\ud800" <= c <= "\udfff")[:320]


def all_addresses() -> dict[str, Team]:
    """Every address of every team."""
    found = {team.address: team for team in session.scalars(select(Team).where(Team.address.is_not(None)))}
    for alias in session.scalars(select(TeamAddress)):
        found.setdefault(alias.address, alias.team)
    return found


def counts(condition) -> dict[str, int]:
    """How many there are of what wants a look."""
    query = select(IncomingMail.state, func.count()).where(IncomingMail.state.in_(("received", *SET_ASIDE)), condition)
    return dict(session.execute(query.group_by(IncomingMail.state)).all())


def forget_originals(at: datetime, limit=200) -> int:
    """Drop the originals of mails that have had their place for KEPT; returns how many. Commits by itself."""
    old = select(IncomingMail.id).where(
        IncomingMail.handled_at <= at - KEPT, IncomingMail.state.in_(_HANDLED_WELL), IncomingMail.raw.is_not(None)
    )
    with only_reading():
        ids = list(session.scalars(old.limit(limit)))
    if ids:
        rows = IncomingMail.__table__
        session.execute(rows.update().where(rows.c.id.in_(ids)).values(raw=None))
        session.commit()
    return len(ids)
