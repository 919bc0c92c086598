"""Which tickets a page of a list shows: their ids, in the order of the list, found by short stretches of indexes."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Float, Integer, and_, bindparam, func, or_, select, text, tuple_
from sqlalchemy.orm import aliased

from .base import UtcDateTime, is_sqlite, plain_rows
from .filters import LARGEST_ID, Filters, Scope, whole_number
from .lookalikes import likely_duplicates
from .merging import MergedPath
from .people import Contact
from .search import MATCH, NEWEST, NEWEST_OF, OLDEST, OLDEST_OF, Search, all_with_words
from .ticket import Tag, Ticket, ticket_tags
from .visibility import Somebody, followed_by, parameters_of
from .words import beginnings, terms_of

MOST_COLUMNS = 150  # of all boards together that are merged; with more, the tickets are walked in the order of the list
MOST_OTHERS = 500  # that are looked at one by one beside what a search finds
MOST_RARE = 1000  # tickets with the same words that are looked at one by one
MOST_FETCHED = 2000  # tickets with the same words that PostgreSQL looks at one by one, as it reckons
SPARE = 1.8  # times as many tickets with the words are looked at as a page shows: some may not fit, or not be seen
LARGEST_SAMPLE = 500  # of them
# The columns that order a list by this word, each with its type; the last one is different for every ticket.
KEYS = {
    "activity": (("last_activity_at", UtcDateTime), ("id", Integer)),
    "created": (("id", Integer),),
    "priority": (("priority", Integer), ("rank", Float), ("id", Integer)),
}
NUMBER = re.compile(r"(#?)0*([0-9]{1,9})")
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Place(tuple):
    """Where a ticket stands in a list: the values of the columns that order it. Written into addresses."""

    __slots__ = ()

    def __str__(self):
        return "~".join(
            str((each - EPOCH) // MICROSECOND) if isinstance(each, datetime) else repr(each) for each in self
        )

    @classmethod
    def read(cls, written: str, by: str) -> "Place | None":
        """None for what is no place in a list that is ordered by this."""
        parts, types = written.split("~"), [kind for _, kind in KEYS[by]]
        if len(parts) != len(types):
            return None
        try:
            return cls(map(_read, parts, types))
        except (ValueError, OverflowError):
            return None


def _read(part: str, kind):
    if kind is Float:
        return _finite(float(part))
    number = int(part) if len(part) < 20 else LARGEST_ID + 1
    if kind is UtcDateTime:
        return EPOCH + number * MICROSECOND
    if abs(number) > LARGEST_ID:
        raise ValueError(part)
    return number


def _finite(number: float) -> float:
    if abs(number) > 1e300 or number != number:
        raise ValueError(number)
    return number


class Candidates:
    """The tickets that fit, in their order; ``ids`` is one page of them."""

    def __init__(self, user, scope: Scope, filters: Filters):
        self.user, self.scope, self.filters = user, scope, filters
        self.stages = scope.asked(filters)
        self.teams = [id for id in scope.teams if filters.team in (None, id)]
        self.private = [id for id in scope.private if filters.team in (None, id)]
        self.columns = [(team, stage) for team in self.teams for stage in scope.pipelines[team] if stage in self.stages]
        self.by, self.down = filters.sort.removeprefix("-"), filters.sort.startswith("-")
        self.number = NUMBER.fullmatch(filters.q)
        self.terms = terms_of(filters.q)

    def loosen(self) -> bool:
        """Take the words of the search as beginnings of words from now on; False where that makes no difference."""
        looser = beginnings(self.terms)
        changed = not self.number and looser != self.terms
        self.terms = looser
        return changed

    def place(self, written: str) -> Place | None:
        return Place.read(written, self.by) if written else None

    def place_of(self, row) -> Place:
        return Place(row.number if name == "id" else getattr(row, name) for name, _ in KEYS[self.by])

    def ids(self, start: int, count: int, place: Place | None = None, backwards=False) -> list[int]:
        """So many from ``start`` on, counted from a place; ``backwards`` those before it, the nearest first."""
        if not self.stages or not (self.columns or self.private):
            return []
        down = self.down != backwards
        if not self.filters.q:
            return self._in_order(start, count, place, down)
        search = Search(self.terms, internal=True, sample=min(int(SPARE * (start + count)), LARGEST_SAMPLE))
        if self.number or not self.terms:
            query = self._walk(place, down, by_index=False).where(tickets_found(self.filters.q, search))
            return self._ids(query, start, count, place)
        known = self._with_frequent_words(search, start, count, place, down)
        if known is not None:
            return known
        return self._ids(self._walk(place, down, by_index=False, within="all"), start, count, place, fts=search.fts)

    def _with_frequent_words(self, search, start, count, place, down) -> list[int] | None:
        """The quickest way to tickets whose words stand in many; None where all that have them are found as soon."""
        known = guess = None
        if is_sqlite():
            known, guess = self._by_the_newest(search, start, count, place, down)
        if known is None and (far := search.to_read_for(start + count, *(guess or search.guess))):
            known = self._read_in_order(search, start, count, place, down, far)
        some = not place and start + count <= search.sample and self._told_by_age(down)
        if known is None and some and not is_sqlite() and search.looked_at > MOST_FETCHED:
            known = self._in_a_stretch(search, start, count, down)
        return known

    def _read_in_order(self, search, start, count, place, down, far: int) -> list[int] | None:
        """Those of the first tickets of the list that have the words; None where they are not enough."""
        ids = self._in_order(0, far, place, down)
        found = search.among(ids)
        return found[start : start + count] if len(found) >= start + count or len(ids) < far else None

    def _in_a_stretch(self, search, start, count, down) -> list[int] | None:
        """As ``_by_the_newest``, on PostgreSQL: those of a stretch, or of a longer one where it turns out that the
        words are rarer than guessed. None where they are so rare that all tickets with them are found as soon."""
        guess = search.guess
        for _ in range(2):
            if 2 * search.stretch(guess) > guess[1]:
                return None
            known, told = self._by_the_newest(search, start, count, None, down, guess)
            fewer = told and told[0] < guess[0] and search.looked_at * told[0] // guess[0] > MOST_FETCHED
            if known is not None or not fewer:
                return known
            guess = told
        return None

    def _by_the_newest(
        self, search, start, count, place, down, guess=None
    ) -> tuple[list[int] | None, tuple[int, int] | None]:
        """Told from the newest tickets with these words, if those are all, or so many that few others come into
        question: older tickets in which something happened later. None where they are not enough. Besides, as far as
        they tell it, how many have the words and of how many, as ``Search.guess`` does. Where the oldest come first in
        the list, it is told from the oldest."""
        oldest_first = self.by == "created" and not down
        values = self._asked(place) | search.values(guess) | {"start": 0, "count": start + count}
        best = plain_rows(
            self._walk(place, down, by_index=False, within="oldest" if oldest_first else "newest"), values
        )
        if not guess and ((best and best[0].known < values["sample"]) or (not best and search.knows_all)):
            return [one.id for one in best[start:]], None
        if not best:
            return None, None
        _, _, known, last, every = best[0]
        whole = guess and known < values["sample"]  # of the stretch, and not enough
        found = known * every // (values["stretch"] if whole else last if oldest_first else every - last + 1)
        if not place and len(best) >= start + count and self._told_by_age(down):
            if self.by == "created":
                return [one.id for one in best[start:]], None
            rare = is_sqlite() and found <= MOST_RARE and found**2 < every
            others = self._active_later(search, Place(best[-1][1::-1]), last, rare)
            if others is not None:
                best = sorted([(one.last_activity_at, one.id) for one in (*best, *others)], reverse=True)
                return [id for _, id in best][start : start + count], None
        return None, (found, every)

    def _told_by_age(self, down) -> bool:
        """Whether the newest tickets, or the oldest, can come first in the list."""
        return self.by == "created" or (self.by == "activity" and down)

    def _active_later(self, search, place, oldest: int, rare: bool) -> list | None:
        """The tickets below ``oldest`` with these words in which something happened after a place in the list: by
        looking at all that have the words, if those are rare, or else at all that were active; None if those are many.
        """
        most, within = (MOST_RARE, "older") if rare else (MOST_OTHERS, "below")
        values = self._asked(place) | {"fts": search.fts, "oldest": oldest, "start": 0, "count": most + 1}
        others = plain_rows(self._walk(place, False, by_index=not rare, within=within), values)
        if len(others) > most:
            return None
        if rare:
            return others
        found = set(search.among([one.id for one in others]))
        return [one for one in others if one.id in found]

    def _in_order(self, start, count, place, down) -> list[int]:
        """What fits but for the search."""
        if self._mergeable():
            return self._merged(start, count, place, down)
        return self._ids(self._walk(place, down), start, count, place)

    def _ids(self, query, start, count, place, **values) -> list[int]:
        values |= self._asked(place) | {"start": start, "count": count}
        return [row.id for row in plain_rows(query, values)]

    def _mergeable(self) -> bool:
        asked = self.filters
        words = asked.tag or asked.customer or asked.duplicates or self.private or self.by == "created"
        few = not asked.assignee or not any(self.scope.stages[id].folded for id in self.stages)
        return not words and few and 0 < len(self.columns) <= MOST_COLUMNS

    def _merged(self, start, count, place, down) -> list[int]:
        """The best of each column, merged: each part is a short stretch of an index, whatever the column holds.

        Written as text, since dozens of parts take longer to build than to run; what the reader asks for is bound.
        """
        names, way = [name for name, _ in KEYS[self.by]], "DESC" if down else "ASC"
        order = ", ".join(f"{name} {way}" for name in names)
        more, values = in_columns(self.filters, self.user)
        if place:
            more += (
                f" AND ({', '.join(names)}) {'<' if down else '>'} ({', '.join(f':p{n}' for n in range(len(names)))})"
            )
        parts = []
        for n, (team, stage) in enumerate(self.columns):
            part = f"SELECT {', '.join(names)} FROM tickets WHERE team_id = {team} AND stage_id = {stage}{more}"  # noqa: S608
            parts.append(f"SELECT * FROM ({part} ORDER BY {order} LIMIT :most) AS c{n}")  # noqa: S608
        merged = f"SELECT id FROM ({' UNION ALL '.join(parts)}) AS merged"  # noqa: S608
        merged += f" ORDER BY {order} LIMIT :count OFFSET :start"
        values |= {"most": start + count, "count": count, "start": start}
        query = text(merged).bindparams(*_place_parameters(self.by, place)) if place else merged
        return [id for (id,) in plain_rows(query, values)]

    def _walk(self, place, down, by_index=True, within=""):
        """Every condition at once, for what is not merged from columns."""
        asked = self.filters
        query = _walked(self.by, down, asked.assignee and (asked.assignee == "none" or "one"),
                        asked.priority is not None, asked.waiting, bool(self.private), bool(asked.tag),
                        _customer_by(asked.customer), place is not None, is_sqlite(), by_index, within)  # fmt: skip
        return query.where(likely_duplicates(self.user)) if asked.duplicates else query

    def _asked(self, place) -> dict:
        """The values of what is walked."""
        asked = self.filters
        values = {"stages": list(self.stages), "teams": self.teams, **parameters_of(self.user)}
        values |= {f"p{n}": value for n, value in enumerate(place or ())}
        values |= {"private": self.private} if self.private else {}
        values |= _values_of_relations(asked)
        values |= {"priority": asked.priority} if asked.priority is not None else {}
        return values | ({"assignee": _assignee(asked, self.user)} if asked.assignee not in ("", "none") else {})


def in_columns(asked: Filters, user) -> tuple[str, dict]:
    """What is asked of columns of the ticket alone, as text that follows other conditions, and its values."""
    sql, values = "", {}
    if asked.priority is not None:
        sql, values = " AND priority = :priority", {"priority": asked.priority}
    if asked.assignee == "none":
        sql += " AND assignee_id IS NULL"
    elif asked.assignee:
        sql, values = f"{sql} AND assignee_id = :assignee", values | {"assignee": _assignee(asked, user)}
    if asked.waiting:
        sql += f" AND waiting_since IS {'NOT ' if asked.waiting == 'us' else ''}NULL"
    return sql, values


def in_relations(asked: Filters) -> list:
    """What is asked of tags and of the customer, as conditions on Ticket."""
    values = _values_of_relations(asked)
    return list(
        _in_relations(bool(asked.tag), _customer_by(asked.customer), lambda name: bindparam(name, values[name]))
    )


def _values_of_relations(asked: Filters) -> dict:
    values = {"tag": asked.tag} if asked.tag else {}
    if asked.customer:
        read = {"id": whole_number, "email": str.lower, "name": str.lower}[_customer_by(asked.customer)]
        values["customer"] = read(asked.customer)
    return values


def _in_relations(tag: bool, customer: str, value=bindparam):
    if tag:
        tagged = select(ticket_tags.c.ticket_id).join(Tag, Tag.id == ticket_tags.c.tag_id)
        yield Ticket.id.in_(tagged.where(Tag.name == value("tag")))
    if customer:
        known = {"id": Contact.id, "email": Contact.email, "name": func.lower(Contact.name)}[customer]
        yield Ticket.customer_id.in_(select(Contact.id).where(known == value("customer")))


def _customer_by(customer: str) -> str:
    """What a customer is named by: id, email or name; nothing where none is asked for."""
    if whole_number(customer) is not None:
        return "id"
    return customer and ("email" if "@" in customer else "name")


def _assignee(asked: Filters, user) -> int:
    return user.id if asked.assignee == "me" else int(asked.assignee)


def tickets_found(q: str, search: Search):
    """A condition on Ticket: those with these words; "#7" is the ticket of that number, "7" that one too."""
    number = NUMBER.fullmatch(q)
    if number is None:
        return search.condition(Ticket.id)
    stays = aliased(Ticket)
    ends = select(MergedPath.into_id).join(stays, stays.id == MergedPath.into_id)  # where a merged ticket leads
    ends = ends.where(MergedPath.ticket_id == int(number[2]), stays.merged_into_id.is_(None))
    exact = or_(and_(Ticket.id == int(number[2]), Ticket.merged_into_id.is_(None)), Ticket.id.in_(ends))
    return exact if number[1] else or_(exact, search.condition(Ticket.id))


def _place_parameters(by, place=None):
    values = place or [None] * len(KEYS[by])
    return [bindparam(f"p{n}", *([value] if place else []), type_=kind)
            for n, ((_, kind), value) in enumerate(zip(KEYS[by], values, strict=True))]  # fmt: skip


@lru_cache(maxsize=512)
def _walked(by, down, assigned, priority, waiting, private, tag, customer, place, sqlite, by_index, within):
    """Tickets in the order of the list, ``count`` from ``start`` on; kept for each shape of what is asked.

    ``+ 0`` keeps SQLite from entering by team and sorting all it holds. PostgreSQL knows how many there are.
    Where another condition finds few tickets, SQLite must not go through all in their order: ``by_index`` is False.
    """
    team, stage = (Ticket.team_id + 0, Ticket.stage_id + 0) if sqlite else (Ticket.team_id, Ticket.stage_id)
    seen = team.in_(bindparam("teams", expanding=True))
    if private:
        seen = or_(seen, and_(team.in_(bindparam("private", expanding=True)), followed_by(Somebody.contact_id)))
    query = select(Ticket.id) if within in ("", "all") else select(Ticket.id, Ticket.last_activity_at)
    if within:  # before the other conditions: SQLite asks in this order
        query = WITHIN[within](query, sqlite)
    query = query.where(stage.in_(bindparam("stages", expanding=True)), seen)
    if assigned:
        nobody, one = Ticket.assignee_id.is_(None), Ticket.assignee_id == bindparam("assignee")
        query = query.where(one if assigned == "one" else nobody)
    if priority:
        query = query.where(Ticket.priority == bindparam("priority"))
    if waiting:
        query = query.where(Ticket.waiting_since.is_not(None) if waiting == "us" else Ticket.waiting_since.is_(None))
    query = query.where(*_in_relations(tag, customer))
    keys = [getattr(Ticket, name) for name, _ in KEYS[by]]
    if place:
        here, there = tuple_(*keys), tuple_(*_place_parameters(by))
        query = query.where(here < there if down else here > there)
    query = query.offset(bindparam("start")).limit(bindparam("count"))
    if sqlite and not by_index:
        return query.order_by(text(", ".join(f"+tickets.{name} {'DESC' if down else 'ASC'}" for name, _ in KEYS[by])))
    return query.order_by(*((key.desc() if down else key.asc()) for key in keys))


def _of_the(sample, sample_of, last):
    """Those of the newest or oldest tickets with some words; with how many those are, the last, and of how many."""

    def narrowed(query, sqlite):
        some = text(sample if sqlite else sample_of).columns(rowid=Integer).cte("some").prefix_with("MATERIALIZED")
        known, edge = (select(each).select_from(some) for each in (func.count(), last(some.c.rowid)))
        named = (("known", known), ("last", edge), ("every", select(func.max(aliased(Ticket).id))))
        told = (each.scalar_subquery().label(name) for name, each in named)
        return query.add_columns(*told).where(Ticket.id.in_(select(some.c.rowid)))

    return narrowed


# Which tickets a walk is narrowed to.
WITHIN = {
    "newest": _of_the(NEWEST, NEWEST_OF, func.min),
    "oldest": _of_the(OLDEST, OLDEST_OF, func.max),
    "older": lambda query, _: query.where(text(f"tickets.id IN ({MATCH} AND rowid < :oldest)")),
    "below": lambda query, _: query.where(Ticket.id < bindparam("oldest")),
    "all": lambda query, sqlite: query.where(Ticket.id.in_(all_with_words(sqlite, "internal"))),
}


def all_of(user, filters: Filters, most: int | None = None) -> list[int]:
    """The ids of everything that the list shows on all of its pages, in its order; one that is seen no more included.

    Whoever uses them asks again what the user may see: ``rows_of`` and ``tickets_of`` do.
    """
    candidates = Candidates(user, Scope(user), filters)
    most = LARGEST_ID if most is None else most
    found = candidates.ids(0, most)
    if not found and candidates.loosen():
        found = candidates.ids(0, most)
    return found
