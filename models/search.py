"""Full-text search over subject, customer and messages: FTS5 on SQLite, tsvector on PostgreSQL, the same words on both.

What a word is and what a search asks for is decided in words.py, for both databases alike. Public text and notes are
kept apart: what a customer may not read they may not find either (threat model, rule 7).
"""

import json
from dataclasses import dataclass
from functools import cache, cached_property

from sqlalchemy import String, bindparam, false, select, text

from .base import is_sqlite, plain_rows, session
from .words import Term, terms_of, words

MOST_WORDS, MOST_WORDS_AT_ONCE = 3000, 8000  # of one message, of a whole ticket; more are not found, but kept
# PostgreSQL refuses more than a megabyte of words for one ticket: who writes longer is found by the beginning.
MOST_BYTES, MOST_BYTES_AT_ONCE = 600_000, 300_000


def add_text(ticket_id: int, value: str, internal: bool):
    """Add a text to what is known of a ticket. ``internal`` has everything, ``public`` what customers may find."""
    found = words(value)[:MOST_WORDS]
    values = {"id": ticket_id, "text": " ".join(found) if is_sqlite() else _vector(found)}
    session.execute(text(_ADD[is_sqlite(), internal]), values)


def replace_text(ticket_id: int, public: str, internal: str):
    """Index a ticket anew, from all of its public and all of its text."""
    session.execute(text(_REMOVE[is_sqlite()]), {"id": ticket_id})
    values = {name: _indexed(words(value)) for name, value in (("public", public), ("internal", internal))}
    session.execute(text(_INSERT[is_sqlite()]), {"id": ticket_id, **values})


def index_new(tickets):
    """Index tickets that are not indexed yet, many at once: (ticket id, public text, text of notes)."""
    rows = []
    for id, public, notes in tickets:
        found = words(public)
        told = _indexed(found)
        rows.append({"id": id, "public": told, "internal": _indexed(found + words(notes)) if notes else told})
    if rows:
        session.execute(text(_INSERT[is_sqlite()]), rows)


def _indexed(found: list[str]) -> str:
    found = found[:MOST_WORDS_AT_ONCE]
    return " ".join(found) if is_sqlite() else _vector(found)


def matching(column, search: "str | Search", internal: bool):
    """A condition on a column of ticket ids: everything that the search asks for stands in the ticket.

    A search without any word matches nothing.
    """
    search = search if isinstance(search, Search) else Search(terms_of(search), internal)
    return search.condition(column)


@dataclass(frozen=True)
class Search:
    """What is asked for, by whom: ``internal`` users find notes as well, customers only what is public (R-VIS-9).

    ``sample``: from how many of the newest tickets with the words it is told how frequent they are.
    """

    terms: tuple[Term, ...]
    internal: bool
    sample: int = 100

    @property
    def column(self) -> str:
        return "internal" if self.internal else "public"

    def condition(self, column):
        if not self.terms:
            return false()
        return column.in_(self._all)

    @property
    def _all(self):
        return all_with_words(is_sqlite(), self.column).bindparams(fts=self.fts)

    @cached_property
    def fts(self) -> str:
        """What is asked for, as the database has it written."""
        if is_sqlite():
            return f"{self.column} : ({' AND '.join(map(_fts, self.terms))})"
        return " & ".join(map(_tsquery, self.terms))

    def values(self, guess=None) -> dict:
        """What NEWEST asks for; with a ``guess`` what NEWEST_OF does."""
        asked = {"fts": self.fts, "sample": self.sample}
        return asked | ({"stretch": self.stretch(guess)} if guess else {})

    def stretch(self, guess: tuple[int, int]) -> int:
        """Among how many tickets likely twice as many as a sample have the words."""
        found, every = guess
        return 2 * self.sample * every // max(found, 1)

    @cached_property
    def guess(self) -> tuple[int, int]:
        """About how many tickets have these words, and of how many: by the newest, or as the planner reckons.

        Only how a search is carried out depends on it, never what is found.
        """
        if not is_sqlite():
            phrases = sum(not term.single for term in self.terms)  # of which it only knows how frequent the words are
            return self._reckoned[0] // 10**phrases, self._reckoned[1]
        found, every = len(self.newest), session.scalar(text("SELECT max(id) FROM tickets")) or 0
        return (found if self.knows_all else found * every // (every - self.newest[-1] + 1)), every

    @cached_property
    def _reckoned(self) -> tuple[int, int]:
        plan = session.scalar(text(_GUESS.format(column=self.column)).bindparams(_IN_WORDS), {"fts": self.fts})
        found, every = (part["Plan Rows"] for part in plan[0]["Plan"]["Plans"])
        return min(found, every), every

    @property
    def looked_at(self) -> int:
        """On PostgreSQL, about how many tickets it looks at to find all with these words: of a phrase, those that have
        its words."""
        return self._reckoned[0]

    @cached_property
    def newest(self) -> list[int]:
        """On SQLite, the newest tickets with these words."""
        return [id for (id,) in plain_rows(NEWEST, self.values())]

    @property
    def knows_all(self) -> bool:
        """Whether there are no others."""
        return len(self.newest) < self.sample

    @staticmethod
    def to_read_for(count: int, found: int, every: int) -> int | None:
        """How far to read in a list until so many of ``found`` are met; None where the index is the shorter way."""
        return count * every // found + 100 if found * found > count * every else None

    def among(self, ids: list[int]) -> list[int]:
        """Those of these tickets that have the words, in the same order: each is looked at, none is searched for."""
        if not ids:
            return []
        low, high = min(ids), max(ids)
        if is_sqlite() and high - low < NEAR * len(ids):
            values = {"fts": self.fts, "low": low, "high": high}
            found = session.scalars(text(f"{MATCH} AND rowid BETWEEN :low AND :high"), values)
        elif is_sqlite():
            has, values = _within(self.terms, self.column)
            sql = text(f"SELECT rowid FROM ticket_search WHERE rowid IN (SELECT value FROM json_each(:ids)) AND {has}")  # noqa: S608
            found = session.scalars(sql, {"ids": json.dumps(ids), **values})
        else:
            sql = text(_WITH_WORDS.format(column=self.column) + " AND ticket_id = ANY(:ids)").bindparams(_IN_WORDS)
            found = session.scalars(sql, {"fts": self.fts, "ids": ids})
        found = set(found)
        return [id for id in ids if id in found]


def _fts(term: Term) -> str:
    forms = term.forms if term.single else ()
    if term.single and term.begins:
        forms = _words_beginning(*term.words)
    if forms:
        return "(" + " OR ".join(f'"{form}"' for form in forms) + ")"
    return '"' + " ".join(term.words) + '"' + "*" * term.begins


def _words_beginning(word: str) -> list[str]:
    """The few words of all tickets that begin so; none where they are many, or where FTS5 keeps an index of them.

    Without one it joins the places of all of them before it tells the first.
    """
    if len(word) <= INDEXED_BEGINNING:
        return []
    rows = plain_rows(_BEGINNING, {"word": word, "beyond": word + LAST_LETTER, "count": MOST_BEGINNING + 1})
    return [found for (found,) in rows] if len(rows) <= MOST_BEGINNING else []


def _tsquery(term: Term) -> str:
    *head, last = term.words
    if head or term.begins:
        return "(" + " <-> ".join([*(f"'{word}'" for word in head), f"'{last}'" + ":*" * term.begins]) + ")"
    return "(" + " | ".join(f"'{form}'" for form in term.forms) + ")"


def _within(terms, column) -> tuple[str, dict]:
    """A condition on the indexed text itself, which is the words with a space between them; and its values."""
    parts, values = [], {}
    for term in terms:
        wholes = [" ".join(term.words)] if not term.single or term.begins else term.forms
        either = []
        for whole in wholes:
            name = f"w{len(values)}"
            values[name] = f" {whole}" if term.begins else f" {whole} "
            either.append(f"instr(' ' || {column} || ' ', :{name})")
        parts.append(f"({' OR '.join(either)})")
    return " AND ".join(parts), values


def _vector(found: list[str]) -> str:
    """The words with their places, in the notation of tsvector: no parser of the server's comes between."""
    parts, room = [], MOST_BYTES_AT_ONCE
    for place, word in enumerate(found[:16000], 1):
        parts.append(f"'{word}':{place}")
        room -= len(parts[-1].encode()) + 1
        if room < 0:
            break
    return " ".join(parts)


NEAR = 20  # times as many tickets between the first and the last of some: so far the index is the quicker way
MATCH = "SELECT rowid FROM ticket_search WHERE ticket_search MATCH :fts"
NEWEST = f"{MATCH} ORDER BY rowid DESC LIMIT :sample"
OLDEST = f"{MATCH} ORDER BY rowid LIMIT :sample"
# PostgreSQL, whose index has no order, finds all of a stretch of tickets and sorts them. The index is that of migration
# 0019; + 0 keeps the planner from reading ticket by ticket instead.
_STRETCH = """SELECT ticket_id AS rowid FROM ticket_search WHERE internal @@ CAST(:fts AS tsquery)
    AND ARRAY[ticket_id >> 12] && ARRAY(SELECT generate_series({first} >> 12, {last} >> 12))
    ORDER BY ticket_id + 0 {way} LIMIT :sample"""
NEWEST_OF = _STRETCH.format(
    first="((SELECT max(id) FROM tickets) - :stretch)", last="(SELECT max(id) FROM tickets)", way="DESC"
)
OLDEST_OF = _STRETCH.format(first="0", last=":stretch", way="ASC")
_WITH_WORDS = "SELECT ticket_id FROM ticket_search WHERE {column} @@ CAST(:fts AS tsquery)"
# Written into the statement: how PostgreSQL best carries it out depends on how frequent the words are.
_IN_WORDS = bindparam("fts", type_=String, literal_execute=True)
INDEXED_BEGINNING = 3  # letters: the longest of which FTS5 keeps an index
MOST_BEGINNING = 12  # words that are asked for instead of their beginning
LAST_LETTER = "\U0010ffff"
_BEGINNING = """WITH RECURSIVE one (term) AS (
        SELECT (SELECT term FROM ticket_search_terms WHERE term >= :word AND term < :beyond ORDER BY term LIMIT 1)
        UNION ALL
        SELECT (SELECT term FROM ticket_search_terms WHERE term >= one.term || char(1) AND term < :beyond
                ORDER BY term LIMIT 1)
        FROM one WHERE one.term IS NOT NULL)
    SELECT term FROM one WHERE term IS NOT NULL LIMIT :count"""
_GUESS = """EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket_search WHERE {column} @@ CAST(:fts AS tsquery)
            UNION ALL SELECT 1 FROM ticket_search"""
# By (SQLite or not, internal or not).
_ADD = {
    (True, False): """UPDATE ticket_search SET public = public || ' ' || :text, internal = internal || ' ' || :text
                      WHERE rowid = :id""",
    (True, True): "UPDATE ticket_search SET internal = internal || ' ' || :text WHERE rowid = :id",
    (False, False): f"""UPDATE ticket_search SET public = public || CAST(:text AS tsvector),
                       internal = internal || CAST(:text AS tsvector)
                       WHERE ticket_id = :id AND octet_length(CAST(internal AS text)) < {MOST_BYTES}""",  # noqa: S608
    (False, True): f"""UPDATE ticket_search SET internal = internal || CAST(:text AS tsvector)
                      WHERE ticket_id = :id AND octet_length(CAST(internal AS text)) < {MOST_BYTES}""",  # noqa: S608
}
_REMOVE = {
    True: "DELETE FROM ticket_search WHERE rowid = :id",
    False: "DELETE FROM ticket_search WHERE ticket_id = :id",
}
_INSERT = {
    True: "INSERT INTO ticket_search (rowid, public, internal) VALUES (:id, :public, :internal)",
    False: """INSERT INTO ticket_search (ticket_id, public, internal)
              VALUES (:id, CAST(:public AS tsvector), CAST(:internal AS tsvector))""",
}


@cache
def all_with_words(sqlite: bool, column: str):
    """The ids of all tickets with the words ``fts``, to be selected from; on SQLite these name the column."""
    return text(MATCH) if sqlite else text(_WITH_WORDS.format(column=column)).bindparams(_IN_WORDS)


class Searchable:
    """A ticket is found by its words."""

    def index_message(self, message, first=False):
        if first:
            self._index_anew(message.body)
        elif message.home_id == self.id:
            add_text(self.id, message.body, message.internal)
        else:
            add_text(self.id, message.body, internal=True)

    def index_subject(self):
        """The subject changed: index the ticket anew."""
        self.index_anew()

    def index_anew(self):
        """From its messages. We find a merged ticket by the one that stays, outsiders by their own."""
        from .message import Message, said_to

        session.flush()
        spoken = select(Message.body).where(~Message.internal, said_to([self.id])).order_by(Message.at, Message.id)
        here = select(Message.body).where(Message.ticket_id == self.id).order_by(Message.at, Message.id)
        public, everything = ("\n".join(session.scalars(query)) for query in (spoken, here))
        if self.merged_into_id is None:
            self._index_anew(public, self._heads_of_merged() + everything)
        else:
            replace_text(self.id, self.head_to_find + public, "")

    def _index_anew(self, public: str, everything: str | None = None):
        replace_text(
            self.id, self.head_to_find + public, self.head_to_find + (public if everything is None else everything)
        )

    def _heads_of_merged(self) -> str:
        from .merging import merged_ones
        from .ticket import Ticket

        parts = session.scalars(select(Ticket).where(Ticket.id.in_(merged_ones(self.id))).order_by(Ticket.id))
        return "".join(one.head_to_find for one in parts)

    @property
    def head_to_find(self) -> str:
        return f"{self.subject}\n{self.customer.name}\n{self.customer.email}\n{self.id}\n"
