"""The people: contacts write and receive mail; some of them have a user to sign in with."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship, validates

from .access import Seeing
from .base import Base, Refusal, UtcDateTime, add_unless_there, now, session
from .company import LOOK_AHEAD, Company, user_companies
from .passwords import check_strength

ROLES = ("portal", "agent", "administrator")
INTERNAL = ("agent", "administrator")
_hasher = PasswordHasher()


class LastAdministrator(Refusal):
    """The last active administrator keeps role and access: nobody could let the others in again."""


class Contact(Base):
    """A person with an e-mail address and a preferred language."""

    __tablename__ = "contacts"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(5), default="en")
    phone: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    # Counts up with every code mailed to this address: only the newest one works (threat model, rule 18).
    code_version: Mapped[int] = mapped_column(default=0)
    bounced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user: Mapped["User | None"] = relationship(back_populates="contact", uselist=False)

    def __str__(self):
        return self.name or self.email

    @validates("email")
    def _lower(self, key, email):
        return normal_email(email)

    @property
    def internal(self) -> bool:
        """Whether this person answers tickets here: only then may they read notes (R-VIS-9)."""
        return self.user is not None and self.user.internal

    @classmethod
    def by_email(cls, email: str) -> "Contact | None":
        return session.scalar(select(cls).where(cls.email == normal_email(email)))

    @classmethod
    def get_or_create(cls, email: str, name: str = "", language: str = "en") -> "Contact":
        """The contact with this address; an existing name or language is not overwritten by a stranger."""
        if contact := cls.by_email(email):
            return contact
        contact = cls(email=email, name=name.strip(), language=language)
        return contact if add_unless_there(contact) else cls.by_email(email)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as they stand in a row or a choice: what an avatar and a name need."""

    id: int
    name: str
    email: str

    def __str__(self):
        return self.name or self.email


class User(Seeing, UserMixin, Base):
    """A login of a contact. Agents and administrators are the internal users."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role in {ROLES}", name="role"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), unique=True)
    role: Mapped[str] = mapped_column(String(20), default="agent", index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    takes_tickets: Mapped[bool] = mapped_column(default=True)
    # Part of every login cookie and of every reset code: a new value ends them all (threat model, rules 18 and 24).
    login_key: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_urlsafe(16))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    # The columns of the lists of tickets that this user chose, by name; None: the usual ones.
    list_columns: Mapped[str | None] = mapped_column(String(200))
    # Unnested: an outer join of users that are joined with contacts is built whole by SQLite, for one row of it.
    contact: Mapped[Contact] = relationship(back_populates="user", lazy="joined", innerjoin="unnested")
    companies: Mapped[list[Company]] = relationship(secondary=user_companies, order_by=Company.name)
    time_off: Mapped[list["TimeOff"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="TimeOff.starts_at"
    )

    def __str__(self):
        return str(self.contact)

    @property
    def email(self) -> str:
        return self.contact.email

    @property
    def name(self) -> str:
        return self.contact.name

    @property
    def internal(self) -> bool:
        return self.role in INTERNAL and self.active

    @property
    def administrator(self) -> bool:
        return self.role == "administrator" and self.active

    @property
    def is_active(self) -> bool:
        return self.active

    @cached_property
    def company_ids(self) -> set[int]:
        return {company.id for company in self.companies}

    def get_id(self) -> str:
        return f"{self.id}.{self.login_key}"

    @classmethod
    def from_login(cls, value: str) -> "User | None":
        """The active user whom this login cookie still names, or None."""
        number, key = login_parts(value)
        user = session.scalars(_signed_in(), {"id": number}).unique().one_or_none() if number else None
        return user if user and user.active and secrets.compare_digest(user.login_key, key) else None

    @classmethod
    def by_email(cls, email: str) -> "User | None":
        return session.scalar(select(cls).join(Contact).where(Contact.email == normal_email(email)))

    def set_password(self, password: str):
        """Keep the password as a slow salted hash and end every login; WeakPassword if it is too easy."""
        check_strength(password, self.contact.email)
        self.password_hash = _hasher.hash(password)
        self.end_logins()

    def check_password(self, password: str) -> bool:
        return verify(self.password_hash, password)

    def end_logins(self):
        self.login_key = secrets.token_urlsafe(16)

    def deactivate(self):
        """End all access from the next request on; LastAdministrator for the last one."""
        self._keep_one_administrator()
        self.active = False
        self.end_logins()

    def change_role(self, role: str):
        if self.administrator and role != "administrator":
            self._keep_one_administrator()
        if role != self.role:
            self.role = role
            self.end_logins()

    def _keep_one_administrator(self):
        others = select(User.id).where(User.role == "administrator", User.active, User.id != self.id)
        if self.administrator and session.scalar(others.limit(1)) is None:
            raise LastAdministrator

    def away_until(self, at: datetime) -> datetime | None:
        """The end of the time off that covers ``at``, or None."""
        ends = [off.ends_at for off in self.time_off if off.starts_at <= at < off.ends_at]
        return max(ends, default=None)

    def available_from(self, at: datetime, company: Company) -> datetime | None:
        """The first moment from ``at`` on in working hours and not on time off; None if none is near (R-ASSIGN-6)."""
        limit = at + LOOK_AHEAD
        while at is not None and at < limit:
            at = company.next_working_moment(at)
            back = at and self.away_until(at)
            if not back:
                return at
            at = back
        return None


def login_parts(login: str) -> tuple[int | None, str]:
    """The number of a user and their key, as ``User.get_id`` writes them; None for a number that nobody has."""
    number, _, key = login.partition(".")
    return int(number) if number.isdecimal() and len(number) <= 9 else None, key


@cache
def _signed_in():
    """One user with what every page asks of them; built once.

    Joined one by one: what ``joinedload`` writes for companies reads those of all users on SQLite.
    """
    theirs = select(User).outerjoin(user_companies, user_companies.c.user_id == User.id)
    theirs = theirs.outerjoin(Company, Company.id == user_companies.c.company_id).order_by(Company.name)
    return theirs.where(User.id == bindparam("id")).options(contains_eager(User.companies))


class TimeOff(Base):
    """A time in which a user is given no tickets, from ``starts_at`` up to but not including ``ends_at``."""

    __tablename__ = "time_off"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="order"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship(back_populates="time_off")

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


def normal_email(email: str) -> str:
    """The one form in which an address is kept and compared: trimmed, lower case."""
    return email.strip().lower()


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; a missing hash costs the same time and fits nothing (threat model, rule 26)."""
    try:
        return _hasher.verify(password_hash or _DECOY, password[:1024]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


_DECOY = _hasher.hash(secrets.token_urlsafe(16))
