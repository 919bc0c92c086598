"""The list of tickets: filters become one page of rows, whose cost does not grow with the number of tickets.

First the candidates: the ids of one page, read in the order of an index. Then the rows, again through the one condition
of visibility, so that no shortcut taken on the way can show what may not be seen (R-VIS).
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import aliased

from .base import plain_rows, session
from .candidates import Candidates, Place
from .closing import Closing, reason
from .closing_rule import reminder_failed
from .filters import LARGEST_ID, Filters, Scope
from .merging import MergedPath
from .message import Message, said_to
from .people import Contact, Person, User
from .stage import Stage
from .team import Team
from .ticket import Tag, Ticket, ticket_tags
from .visibility import Somebody, parameters_of, tickets_visible_to
from .words import Term, excerpt, finder

PER_PAGE = 50
LAST_PAGE = 40  # that is counted to from the first one; further on each page begins where the last one ended
SEPARATOR = "\x1f"  # of the names of tags
READ_FOR_EXCERPTS = 4000  # characters of a message; what stands further down is found, and not shown in the list


class Closed(NamedTuple):
    """How a ticket of the list was closed."""

    how: str
    at: datetime
    why: str
    by: str | None  # the name of whoever closed it

    @property
    def reason(self) -> str:
        return reason(self.why)


@dataclass(slots=True)
class Row:
    number: int
    subject: str
    priority: int
    rank: float
    last_activity_at: object
    created_at: object
    waiting_since: object
    team_id: int
    team: str
    stage_id: int
    stage: str
    status: str
    customer: Person
    assignee: Person | None
    never_auto_close: bool
    reminder_failed: bool
    closed: Closed | None = None  # where it was asked for
    tags: list[str] = field(default_factory=list)
    closes_at: datetime | None = None  # where somebody asked for it


@dataclass
class Page:
    rows: list[Row]
    scope: Scope
    next: Place | None = None  # after which the next page begins
    previous: Place | None = None  # before which the one before ends
    terms: tuple[Term, ...] = ()  # what was searched for
    loosened: bool = False  # nothing had the words as they were: these have words that begin with them


def page_of(user, filters: Filters, per_page=PER_PAGE) -> Page:
    """One page of the tickets that this user may see and asks for; an empty one far beyond the end."""
    scope = Scope(user)
    candidates = Candidates(user, scope, filters)
    page = _page(user, candidates, filters, per_page)
    if not page.rows and candidates.loosen():
        page = _page(user, candidates, filters, per_page)
        page.loosened = bool(page.rows)
    return page


def _page(user, candidates, filters, per_page) -> Page:
    place, back = candidates.place(filters.after), candidates.place(filters.before)
    start = 0 if place or back else (filters.page - 1) * per_page
    if start >= LAST_PAGE * per_page:
        return Page([], candidates.scope, terms=candidates.terms)
    ids = candidates.ids(start, per_page + 1, place or back, backwards=back is not None and place is None)
    more = len(ids) > per_page
    if back and not place:
        if not more:  # the beginning of the list: a whole page from there
            return _page(user, candidates, Filters(), per_page)
        ids.reverse()
        ids = ids[1:]
    rows = rows_of(user, ids[:per_page], closings=True)
    page = Page(rows, candidates.scope, terms=candidates.terms)
    if rows:
        page.next = candidates.place_of(rows[-1]) if more or (back and not place) else None
        page.previous = candidates.place_of(rows[0]) if place or back or filters.page > 1 else None
    return page


_customer, _user, _assignee, _closer = aliased(Contact), aliased(User), aliased(Contact), aliased(Contact)
_rows = (
    select(
        Ticket.id, Ticket.subject, Ticket.priority, Ticket.rank, Ticket.last_activity_at, Ticket.created_at,
        Ticket.waiting_since, Ticket.team_id, Team.name.label("team"),
        Ticket.stage_id, Stage.name.label("stage"), Stage.folded, Stage.status,
        _customer.id.label("customer_id"), _customer.name.label("customer"), _customer.email.label("customer_email"),
        _assignee.id.label("assignee_id"), _assignee.name.label("assignee"), _assignee.email.label("assignee_email"),
        Ticket.never_auto_close, reminder_failed().label("reminder_failed"),
        select(func.aggregate_strings(Tag.name, SEPARATOR))
        .join(ticket_tags, Tag.id == ticket_tags.c.tag_id)
        .where(ticket_tags.c.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery().label("tags"),
    )
    # Each has its team, stage and customer: as outer joins, so that SQLite always begins with the tickets.
    .outerjoin(Team, Team.id == Ticket.team_id).outerjoin(Stage, Stage.id == Ticket.stage_id)
    .outerjoin(_customer, _customer.id == Ticket.customer_id)
    .outerjoin(_user, _user.id == Ticket.assignee_id).outerjoin(_assignee, _assignee.id == _user.contact_id)
)  # fmt: skip


@cache
def _rows_seen(role, closings: bool):
    """Some rows, as far as somebody of this role may see them; built once."""
    rows = _rows
    if closings:
        name = case((_closer.name == "", _closer.email), else_=_closer.name)
        rows = rows.add_columns(Closing.how, Closing.at, Closing.why, name)
        rows = rows.outerjoin(Closing, Closing.ticket_id == Ticket.id)
        rows = rows.outerjoin(_closer, _closer.id == Closing.by_id)
    return rows.where(Ticket.id.in_(bindparam("ids", expanding=True)), tickets_visible_to(Somebody(role)))


def rows_of(user, ids: list[int], closings=False) -> list[Row]:
    """The rows of these tickets in this order; one that the user may not see is left out. One query."""
    if not ids or not user.active:
        return []
    found = plain_rows(_rows_seen(user.role, closings), parameters_of(user) | {"ids": ids})
    rows = {row[0]: _row(*row) for row in found}
    return [rows[id] for id in ids if id in rows]


def _row(id, subject, priority, rank, active, created, waiting, team_id, team, stage_id, stage, folded, status,
         customer, name, email, assignee, its_name, its_email, never, unreminded, tags, *closing) -> Row:  # fmt: skip
    return Row(
        id, subject, priority, rank, active, created, waiting, team_id, team, stage_id, stage,
        "closed" if folded else status, Person(customer, name, email),
        Person(assignee, its_name, its_email) if assignee else None, never, unreminded,
        Closed(*closing) if closing and closing[0] else None,
        sorted(tags.split(SEPARATOR)) if tags else [],
    )  # fmt: skip


def tickets_of(user, numbers, *options) -> list[Ticket]:
    """The tickets of these numbers that the user may see, in the order of their numbers; others are left out."""
    numbers = {number for number in numbers if 0 < number <= LARGEST_ID}
    seen = select(Ticket).where(Ticket.id.in_(numbers), tickets_visible_to(user)).order_by(Ticket.id)
    return list(session.scalars(seen.options(*options)).unique())


def excerpts(numbers: list[int], terms, internal: bool) -> dict[int, list[tuple[str, bool]]]:
    """Where the words stand in the messages of these tickets, in pieces: in the latest message that has them.

    Notes are read for ``internal`` readers alone (R-VIS-9); others find only what was said to the ticket itself, and no
    word of another customer (R-MERGE-3). One query.
    """
    if not terms or not numbers:
        return {}
    found, find = {}, finder(tuple(terms))
    for number, text in plain_rows(_said(internal), {"tickets": numbers}):
        if number not in found and (pieces := find.excerpt(text)):
            found[number] = pieces
    return found


@cache
def _said(internal: bool):
    """What was said on some tickets, of each the latest first."""
    body = func.substr(Message.body, 1, READ_FOR_EXCERPTS)
    tickets = bindparam("tickets", expanding=True)
    place = Message.ticket_id if internal else Message.home_id
    query = select(place, body).where(place.in_(tickets) if internal else said_to(tickets))
    query = query.order_by(place.desc(), Message.at.desc(), Message.id.desc())
    return query if internal else query.where(~Message.internal)


def found_by_merged(rows: list[Row], terms) -> dict[int, list[tuple[str, bool]]]:
    """The same of rows that have the words in the subject of a ticket that became part of them, and not in their own.

    Internal users who see the ticket that stays see this as well (R-MERGE-3). One query, or none.
    """
    if not (numbers := [row.number for row in rows if not excerpt(row.subject, terms)] if terms else []):
        return {}
    found = ((number, excerpt(subject, terms)) for number, subject in plain_rows(_merged(), {"numbers": numbers}))
    return {number: pieces for number, pieces in found if pieces}


@cache
def _merged():
    """What tickets are called that became part of others."""
    merged = select(MergedPath.into_id, Ticket.subject).join(Ticket, Ticket.id == MergedPath.ticket_id)
    return merged.where(MergedPath.into_id.in_(bindparam("numbers", expanding=True))).order_by(Ticket.id.desc())
