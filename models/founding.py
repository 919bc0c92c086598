"""The first run: an empty database becomes a helpdesk, once."""

from sqlalchemy import func, select

from .base import Refusal, is_sqlite, session
from .company import Company
from .people import Contact, User
from .team import Team, make_team
from .templates_shipped import ship_all

_LOCK = 6_845_310  # any number of our own: those who found a helpdesk at the same moment meet at it


class AlreadyFounded(Refusal):
    """Somebody was first: there is an administrator."""


def founded() -> bool:
    return session.scalar(select(User.id).where(User.role == "administrator").limit(1)) is not None


def found(company: dict, administrator: dict, password: str, team: dict) -> tuple[User, Team]:
    """Make the company, its administrator, and in their language the shipped templates and the first team.

    Of two who do so at once one gets AlreadyFounded. Raises WeakPassword before anything is kept.
    """
    _one_at_a_time()
    if founded():
        raise AlreadyFounded
    home = Company(**company)
    contact = Contact.get_or_create(administrator["email"])
    for field, value in administrator.items():
        setattr(contact, field, value)
    user = contact.user or User(contact=contact)
    user.role, user.active, user.companies = "administrator", True, [home]
    user.set_password(password)
    session.add_all([home, user])
    session.flush()
    language = contact.language
    ship_all(language)
    return user, make_team(company=home, language=language, **team)


def _one_at_a_time():
    """Hold the others back until the commit. SQLite has one writer at a time as it is."""
    if not is_sqlite():
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
