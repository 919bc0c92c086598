"""The list of tickets: filters become one page of rows, whose cost does not grow with the number of tickets.

First the candidates: the ids of one page, read in the order of an index. Then the rows, again through the one condition
of visibility, so that no shortcut taken on the way can show what may not be seen (R-VIS).
"""

import re
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import and_, bindparam, func, or_, select, text
from sqlalchemy.orm import aliased

from .base import is_sqlite, session
from .company import user_companies
from .people import Contact, Person, User
from .search import matching
from .stage import STATUSES, Stage, team_stages
from .team import Team
from .ticket import Tag, Ticket, ticket_tags
from .visibility import Somebody, followed_by, parameters_of, teams_visible_to, tickets_visible_to

PER_PAGE = 50
LAST_PAGE = 40  # further down nobody reads: narrow the list instead
MOST_COLUMNS = 150  # of all boards together that are merged; with more, the tickets are walked in the order of the list
SORTS = {"activity": Ticket.last_activity_at, "created": Ticket.id, "priority": Ticket.priority}
_KEYS = {"activity": "last_activity_at", "priority": "priority"}
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Filters:
    """What somebody asks the list for. Empty values ask for everything; ``assignee`` may be "me" or "none"."""

    q: str = ""
    team: int | None = None
    stage: int | None = None
    status: str = ""  # a status, "closed", or "active" for every ticket that is not closed
    assignee: str = ""
    priority: int | None = None
    tag: str = ""
    customer: str = ""
    sort: str = "-activity"
    page: int = 1

    @classmethod
    def read(cls, values) -> "Filters":
        """From the words of an address; what can't be understood is left out."""
        values = {name: value.replace("\0", "") for name, value in values.items()}
        status, assignee = values.get("status", ""), values.get("assignee", "")
        sort, priority = values.get("sort", ""), _whole(values.get("priority"))
        return cls(
            q=values.get("q", "").strip()[:200],
            team=_whole(values.get("team")),
            stage=_whole(values.get("stage")),
            status=status if status in (*STATUSES, "closed", "active") else "",
            assignee=assignee if assignee in ("me", "none") or _whole(assignee) is not None else "",
            priority=priority if priority in (0, 1, 2, 3) else None,
            tag=values.get("tag", "").strip()[:40],
            customer=values.get("customer", "").strip()[:254],
            sort=sort if sort.removeprefix("-") in SORTS else "-activity",
            page=max(1, _whole(values.get("page")) or 1),
        )

    def words(self, **changes) -> dict[str, str]:
        """The address of this list again, without what is not asked; changes start on the first page."""
        asked = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "page"} | changes
        silent = {"sort": "-activity", "page": 1}
        return {
            name: str(value) for name, value in asked.items() if value not in ("", None) and value != silent.get(name)
        }


@dataclass(slots=True)
class Row:
    number: int
    subject: str
    priority: int
    last_activity_at: object
    created_at: object
    waiting_since: object
    team_id: int
    team: str
    stage: str
    status: str
    customer: Person
    assignee: Person | None
    tags: list[str] = field(default_factory=list)


@cache
def _teams_near(role):
    """The teams of one's companies, and whether one sees the whole of each; built once for a role."""
    somebody = Somebody(role)
    mine = select(user_companies.c.company_id).where(user_companies.c.user_id == somebody.id)
    teams = select(Team.id, Team.name, Team.company_id, Team.visibility, teams_visible_to(somebody).label("whole"))
    return teams.where(Team.company_id.in_(mine)).order_by(Team.name, Team.id)


_pipelines = (
    select(team_stages.c.team_id, Stage.id, Stage.name, Stage.folded, Stage.status)
    .join_from(team_stages, Stage)
    .where(team_stages.c.team_id.in_(bindparam("teams", expanding=True)))
    .order_by(Stage.position, Stage.id)
)


@dataclass
class Page:
    rows: list[Row]
    more: bool  # whether another page follows
    scope: "Scope"


class Scope:
    """The teams of a user with their stages: what the filters offer, and where the list looks. Two queries."""

    def __init__(self, user):
        found = session.execute(_teams_near(user.role), parameters_of(user)).all() if user.active else []
        found = [team for team in found if user.focus in (None, team.company_id)]
        self.teams = {team.id: team.name for team in found if team.whole}
        self.private = [team.id for team in found if not team.whole and team.visibility == "private"]
        self.stages, self.pipelines = {}, {id: [] for id in self.teams}
        for stage in session.execute(_pipelines, {"teams": [*self.teams, *self.private]}):
            self.stages[stage.id] = stage
            self.pipelines.setdefault(stage.team_id, []).append(stage.id)

    @property
    def offered(self) -> dict:
        """The stages of the teams whose boards the user may see; those of others are nobody's business."""
        ids = {id for team in self.teams for id in self.pipelines[team]}
        return {id: stage for id, stage in self.stages.items() if id in ids}

    def asked(self, filters: Filters) -> set[int]:
        """The stages in which the tickets asked for can stand."""
        return {id for id, stage in self.stages.items() if self._fits(id, stage, filters)}

    @staticmethod
    def _fits(id, stage, filters) -> bool:
        if filters.stage is not None and id != filters.stage:
            return False
        if filters.status in ("closed", "active"):
            return stage.folded == (filters.status == "closed")
        return not filters.status or (not stage.folded and stage.status == filters.status)


def page_of(user, filters: Filters, per_page=PER_PAGE) -> Page:
    """One page of the tickets that this user may see and asks for; an empty one far beyond the end."""
    scope = Scope(user)
    start = (filters.page - 1) * per_page
    if filters.page > LAST_PAGE:
        return Page([], False, scope)
    ids = _Candidates(user, scope, filters).ids(start, per_page + 1)
    return Page(rows_of(user, ids[:per_page]), len(ids) > per_page and filters.page < LAST_PAGE, scope)


class _Candidates:
    """The ids of a page in their order."""

    def __init__(self, user, scope: Scope, filters: Filters):
        self.user, self.scope, self.filters = user, scope, filters
        self.stages = scope.asked(filters)
        self.teams = [id for id in scope.teams if filters.team in (None, id)]
        self.private = [id for id in scope.private if filters.team in (None, id)]
        self.columns = [(team, stage) for team in self.teams for stage in scope.pipelines[team] if stage in self.stages]
        self.by = filters.sort.removeprefix("-")

    def ids(self, start: int, count: int) -> list[int]:
        if not self.stages or not (self.columns or self.private):
            return []
        if self._mergeable():
            return self._merged(start, count)
        return list(session.scalars(self._walk().offset(start).limit(count), self._asked()))

    def _mergeable(self) -> bool:
        asked = self.filters
        words = asked.q or asked.tag or asked.customer or self.private or self.by == "created"
        few = not asked.assignee or not any(self.scope.stages[id].folded for id in self.stages)
        return not words and few and 0 < len(self.columns) <= MOST_COLUMNS

    def _merged(self, start, count) -> list[int]:
        """The best of each column, merged: each part is a short stretch of an index, whatever the column holds.

        Written as text, since dozens of parts take longer to build than to run; what the reader asks for is bound.
        """
        key, way = _KEYS[self.by], "DESC" if self.filters.sort.startswith("-") else "ASC"
        order = f"{key} {way}, rank {way}, id {way}" if self.by == "priority" else f"{key} {way}, id {way}"
        more, values = self._simple_conditions()
        parts = []
        for place, (team, stage) in enumerate(self.columns):
            values |= {f"t{place}": team, f"s{place}": stage}
            part = f"SELECT id, rank, {key} FROM tickets WHERE team_id = :t{place} AND stage_id = :s{place}{more}"  # noqa: S608
            parts.append(f"SELECT * FROM ({part} ORDER BY {order} LIMIT :most) AS c{place}")  # noqa: S608
        merged = f"SELECT id FROM ({' UNION ALL '.join(parts)}) AS merged"  # noqa: S608
        merged += f" ORDER BY {order} LIMIT :count OFFSET :start"
        values |= {"most": start + count, "count": count, "start": start}
        return list(session.scalars(text(merged), values))

    def _simple_conditions(self) -> tuple[str, dict]:
        sql, values = "", {}
        if self.filters.priority is not None:
            sql, values = " AND priority = :priority", {"priority": self.filters.priority}
        if self.filters.assignee == "none":
            sql += " AND assignee_id IS NULL"
        elif self.filters.assignee:
            sql, values = f"{sql} AND assignee_id = :assignee", values | {"assignee": self._assignee()}
        return sql, values

    def _assignee(self) -> int:
        return self.user.id if self.filters.assignee == "me" else int(self.filters.assignee)

    def _walk(self):
        """Every condition at once, for what is not merged from columns."""
        asked = self.filters
        query = _walked(self.by, asked.sort.startswith("-"), asked.assignee and (asked.assignee == "none" or "one"),
                        asked.priority is not None, bool(self.private), is_sqlite())  # fmt: skip
        if asked.tag:
            tagged = (
                select(ticket_tags.c.ticket_id).join(Tag, Tag.id == ticket_tags.c.tag_id).where(Tag.name == asked.tag)
            )
            query = query.where(Ticket.id.in_(tagged))
        if asked.customer:
            query = query.where(Ticket.customer_id.in_(select(Contact.id).where(_named(asked.customer))))
        return query.where(_found(asked.q)) if asked.q else query

    def _asked(self) -> dict:
        """The values of what is walked."""
        asked = self.filters
        values = {"stages": list(self.stages), "teams": self.teams, **parameters_of(self.user)}
        values |= {"private": self.private} if self.private else {}
        values |= {"priority": asked.priority} if asked.priority is not None else {}
        return values | ({"assignee": self._assignee()} if asked.assignee not in ("", "none") else {})


@cache
def _walked(by, down, assigned, priority, private, blind):
    """Tickets in the order of the list; built once for each shape of what is asked.

    ``blind``: ``+ 0`` keeps SQLite from entering by team and sorting all it holds. PostgreSQL knows how many there are.
    """
    team, stage = (Ticket.team_id + 0, Ticket.stage_id + 0) if blind else (Ticket.team_id, Ticket.stage_id)
    seen = team.in_(bindparam("teams", expanding=True))
    if private:
        seen = or_(seen, and_(team.in_(bindparam("private", expanding=True)), followed_by(Somebody.contact_id)))
    query = select(Ticket.id).where(stage.in_(bindparam("stages", expanding=True)), seen)
    if assigned:
        nobody, one = Ticket.assignee_id.is_(None), Ticket.assignee_id == bindparam("assignee")
        query = query.where(one if assigned == "one" else nobody)
    if priority:
        query = query.where(Ticket.priority == bindparam("priority"))
    return query.order_by(*((each.desc() if down else each.asc()) for each in dict.fromkeys((SORTS[by], Ticket.id))))


def _whole(value) -> int | None:
    if not value or not value.isascii() or not value.isdecimal() or len(value) > 20:
        return None
    return number if (number := int(value)) <= LARGEST_ID else None


def _named(customer: str):
    """A condition on Contact: by number, address or whole name."""
    if (number := _whole(customer)) is not None:
        return Contact.id == number
    return Contact.email == customer.lower() if "@" in customer else func.lower(Contact.name) == customer.lower()


def _found(q: str):
    """Tickets with these words; "#7" is the ticket of that number, "7" that one too."""
    number = re.fullmatch(r"(#?)0*([0-9]{1,9})", q)
    if number is None:
        return matching(Ticket.id, q, internal=True)
    exact = Ticket.id == int(number[2])
    return exact if number[1] else or_(exact, matching(Ticket.id, q, internal=True))


_customer, _user, _assignee = aliased(Contact), aliased(User), aliased(Contact)
_rows = (
    select(
        Ticket.id, Ticket.subject, Ticket.priority, Ticket.last_activity_at, Ticket.created_at, Ticket.waiting_since,
        Ticket.team_id, Team.name.label("team"), Stage.name.label("stage"), Stage.folded, Stage.status,
        _customer.id.label("customer_id"), _customer.name.label("customer"), _customer.email.label("customer_email"),
        _assignee.id.label("assignee_id"), _assignee.name.label("assignee"), _assignee.email.label("assignee_email"),
    )
    .join(Team, Team.id == Ticket.team_id).join(Stage, Stage.id == Ticket.stage_id)
    .join(_customer, _customer.id == Ticket.customer_id)
    .outerjoin(_user, _user.id == Ticket.assignee_id).outerjoin(_assignee, _assignee.id == _user.contact_id)
)  # fmt: skip


_tags = (
    select(ticket_tags.c.ticket_id, Tag.name)
    .join(Tag, Tag.id == ticket_tags.c.tag_id)
    .where(ticket_tags.c.ticket_id.in_(bindparam("ids", expanding=True)))
    .order_by(Tag.name)
)


@cache
def _rows_seen(role):
    """Some rows, as far as somebody of this role may see them; built once."""
    return _rows.where(Ticket.id.in_(bindparam("ids", expanding=True)), tickets_visible_to(Somebody(role)))


def rows_of(user, ids: list[int]) -> list[Row]:
    """The rows of these tickets in this order; one that the user may not see is left out. Two queries."""
    if not ids or not user.active:
        return []
    found = session.execute(_rows_seen(user.role), parameters_of(user) | {"ids": ids})
    rows = {row.id: _row(row) for row in found}
    for id, tag in session.execute(_tags, {"ids": list(rows)}):
        rows[id].tags.append(tag)
    return [rows[id] for id in ids if id in rows]


def _row(row) -> Row:
    (id, subject, priority, active, created, waiting, team_id, team, stage, folded, status, customer, name, email,
     assignee, its_name, its_email) = row  # fmt: skip
    return Row(
        id, subject, priority, active, created, waiting, team_id, team, stage, "closed" if folded else status,
        Person(customer, name, email), Person(assignee, its_name, its_email) if assignee else None,
    )  # fmt: skip


def tickets_of(user, numbers) -> list[Ticket]:
    """The tickets of these numbers that the user may see, in the order of their numbers; others are left out."""
    numbers = {number for number in numbers if 0 < number <= LARGEST_ID}
    return list(
        session.scalars(select(Ticket).where(Ticket.id.in_(numbers), tickets_visible_to(user)).order_by(Ticket.id))
    )
