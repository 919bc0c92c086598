"""What tells whether a board changed: asked every few seconds by everybody who has one open, so by one query."""

import hashlib
import secrets
import time
from functools import cache, reduce
from typing import ClassVar

from sqlalchemy import Integer, String, and_, case, cast, false, func, literal_column, select

from .base import in_words, is_sqlite, plain_rows
from .company import user_companies
from .filters import LARGEST_ID
from .people import INTERNAL, Contact, User, login_parts
from .stage import ColumnFold, Stage, team_stages
from .team import Team
from .ticket import Ticket
from .visibility import Somebody, followed_by, teams_visible_to

WATCHED = 20  # of a team: the tickets that changed last
STALE_SECONDS = 600  # ages and names of people grow old without a ticket changing
BETWEEN = "\x1f"


def board_mark(login: str, team: int | None = None, focus: int | None = None) -> str | None:
    """Another one as soon as anything changes, whoever wrote it, on the board of a team, or of all that this user sees.

    None for a login that is over, somebody who is not internal, and a team that they do not see. ``login`` is what
    ``User.get_id`` gave, ``focus`` the company that was chosen. One query looks up the reader and the rest, so that an
    unchanged board costs nothing else.

    The mark is made of the tickets that changed last, not of the latest moment alone: a transaction that began earlier
    may commit later. Asked before the cards are read, it never is newer than they are.
    """
    number, key = login_parts(login)
    if number is None or not (team is None or 0 < team <= LARGEST_ID):
        return None
    words, values = _watched(is_sqlite(), team is not None)
    rows = plain_rows(words, {**values, "viewer": number, "team": team})
    if not rows or not secrets.compare_digest(rows[0].login_key, key) or (team and not rows[0].whole):
        return None
    shown = [row for row in rows if row.company_id == focus] or rows
    marked = number, [tuple(row)[1:] for row in shown], int(time.time() / STALE_SECONDS)  # without the key
    return hashlib.blake2b(repr(marked).encode(), digest_size=12).hexdigest()


class _Reader(Somebody):
    """Told by their number alone, which is all that a login says.

    What stands in a SELECT of its own is no part of what PostgreSQL weighs: with the number itself it would make a plan
    for each user, each time.
    """

    id: ClassVar = select(literal_column(":viewer", Integer)).scalar_subquery()
    contact_id: ClassVar = select(User.contact_id).where(User.id == id).correlate(None).scalar_subquery()


@cache
def _watched(_kind_of_database: bool, one_team: bool) -> tuple[str, dict]:
    """The reader beside each team of their companies, and what may change on its board; a company without teams is one
    row, too."""
    whole = case(*((User.role == role, teams_visible_to(_Reader(role))) for role in INTERNAL), else_=false())
    company = user_companies.c.company_id
    teams = Team.company_id == company
    if one_team:
        teams &= Team.id == select(literal_column(":team", Integer)).scalar_subquery()
    words = _words(User.role, Contact.language, Team.id, Team.changed_at, _stages())
    near = (
        select(User.login_key, company, Team.id, Team.visibility, whole.label("whole"), words.label("words"))
        .join_from(User, Contact, Contact.id == User.contact_id)
        .outerjoin(user_companies, user_companies.c.user_id == User.id)
        .join(Team, teams, isouter=not one_team)
        .where(User.id == _Reader.id, User.active, User.role.in_(INTERNAL))
        .offset(0)  # kept apart: the databases would look twice who sees what
        .subquery("near")
    )
    changed = case((near.c.whole, _changed(near)), (near.c.visibility == "private", _changed(near, followed=True)))
    rows = select(near.c.login_key, near.c.company_id, near.c.whole, near.c.words, changed.label("changed"))
    return in_words(rows.order_by(near.c.company_id, near.c.id), literal_binds=True)


def _stages():
    """The columns of a team as one text, with what the reader folded."""
    folder = ColumnFold.user_id.label("folder")
    stages = (
        select(Stage.id, Stage.name, Stage.description, Stage.folded, Stage.status, folder)
        .join_from(team_stages, Stage, Stage.id == team_stages.c.stage_id)
        .outerjoin(ColumnFold, and_(ColumnFold.stage_id == Stage.id, ColumnFold.user_id == _Reader.id))
        .where(team_stages.c.team_id == Team.id)
        .order_by(Stage.position, Stage.id)
        .correlate(Team)
        .subquery("columns")
    )
    return _listed(stages).scalar_subquery()


def _changed(near, followed=False):
    """The tickets of a team that changed last, as one text; of a private team those that the reader follows."""
    latest = (
        select(Ticket.id, Ticket.changed_at)
        .where(Ticket.team_id == near.c.id, Ticket.changed_at.is_not(None))
        .order_by(Ticket.changed_at.desc())
        .limit(WATCHED)
        .correlate(near)
        .subquery("latest")
    )
    listed = _listed(latest)
    if followed:
        listed = listed.join(Ticket, Ticket.id == latest.c.id).where(followed_by(_Reader.contact_id))
    return listed.scalar_subquery()


def _listed(source):
    """All values of all rows, in a row."""
    return select(func.aggregate_strings(_words(*source.c), BETWEEN)).select_from(source)


def _words(*values):
    return reduce(lambda said, more: said + BETWEEN + more, (func.coalesce(cast(one, String), "") for one in values))
