"""Full-text search over subject, customer and messages: FTS5 on SQLite, tsvector on PostgreSQL, the same words on both.

Words are cut and folded here (case and accents), so that both databases index the same and find the same. Public text
and notes are kept apart: what a customer may not read they may not find either (threat model, rule 7).
"""

import re
import unicodedata

from sqlalchemy import bindparam, false, text

from .base import is_sqlite, session

WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 3000  # of one message; more are not found, but kept
# PostgreSQL refuses more than a megabyte of words for one ticket: who writes longer is found by the beginning.
MOST_BYTES, MOST_BYTES_AT_ONCE = 600_000, 300_000


def words(value: str) -> list[str]:
    """The words of a text, folded: lower case, without accents, compatibility forms undone."""
    folded = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [word[:60] for word in WORD.findall(plain)]


def add_text(ticket_id: int, value: str, internal: bool):
    """Add a text to what is known of a ticket. ``internal`` has everything, ``public`` what customers may find."""
    found = words(value)[:MOST_WORDS]
    values = {"id": ticket_id, "text": " ".join(found) if is_sqlite() else _vector(found)}
    session.execute(text(_ADD[is_sqlite(), internal]), values)


def replace_text(ticket_id: int, public: str, internal: str):
    """Index a ticket anew, from all of its public and all of its text."""
    session.execute(text(_REMOVE[is_sqlite()]), {"id": ticket_id})
    found = {name: words(value)[: 20 * MOST_WORDS] for name, value in (("public", public), ("internal", internal))}
    values = {name: " ".join(each) if is_sqlite() else _vector(each[:8000]) for name, each in found.items()}
    session.execute(text(_INSERT[is_sqlite()]), {"id": ticket_id, **values})


def index_new(tickets):
    """Index tickets that are not indexed yet, many at once: (ticket id, public text, text of notes)."""
    rows = [
        {"id": id, "public": (found := words(public)), "internal": found + words(notes)}
        for id, public, notes in tickets
    ]
    for row in rows:
        for name in ("public", "internal"):
            found = row[name][: 20 * MOST_WORDS]
            row[name] = " ".join(found) if is_sqlite() else _vector(found[:8000])
    if rows:
        session.execute(text(_INSERT[is_sqlite()]), rows)


def matching(column, query: str, internal: bool):
    """A condition on a column of ticket ids: every word of the query begins a word of the ticket; "…" is a phrase.

    A query without any word matches nothing.
    """
    terms = _terms(query)
    if not terms:
        return false()
    name = "internal" if internal else "public"
    if is_sqlite():
        sql, value = "SELECT rowid FROM ticket_search WHERE ticket_search MATCH :fts", f"{name} : ({_fts(terms)})"
    else:
        sql, value = _MATCH[name], _tsquery(terms)
    return column.in_(text(sql).bindparams(bindparam("fts", value, unique=False)))


def _terms(query: str) -> list[list[str]]:
    """[["printer"], ["out", "of", "toner"]]: single words, and phrases from quotes; at most 20."""
    parts = re.split(r'"', query[:500])
    terms = []
    for place, part in enumerate(parts):
        found = words(part)
        terms += [found] if place % 2 and place < len(parts) - 1 and found else [[word] for word in found]
    return terms[:20]


def _fts(terms) -> str:
    return " AND ".join(f'"{term[0]}"*' if len(term) == 1 else '"' + " ".join(term) + '"' for term in terms)


def _tsquery(terms) -> str:
    def one(term):
        return f"'{term[0]}':*" if len(term) == 1 else "(" + " <-> ".join(f"'{word}'" for word in term) + ")"

    return " & ".join(map(one, terms))


def _vector(found: list[str]) -> str:
    """The words with their places, in the notation of tsvector: no parser of the server's comes between."""
    parts, room = [], MOST_BYTES_AT_ONCE
    for place, word in enumerate(found[:16000], 1):
        parts.append(f"'{word}':{place}")
        room -= len(parts[-1].encode()) + 1
        if room < 0:
            break
    return " ".join(parts)


_MATCH = {
    "public": "SELECT ticket_id FROM ticket_search WHERE public @@ CAST(:fts AS tsquery)",
    "internal": "SELECT ticket_id FROM ticket_search WHERE internal @@ CAST(:fts AS tsquery)",
}
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


class Searchable:
    """A ticket is found by its words."""

    def index_message(self, message, first=False):
        if first:
            self._index_anew(message.body)
        else:
            add_text(self.id, message.body, message.internal)

    def index_subject(self):
        """The subject changed: index the ticket anew from its messages."""
        session.flush()
        public = "\n".join(message.body for message in self.messages if not message.internal)
        internal = "\n".join(message.body for message in self.messages if message.internal)
        self._index_anew(public, internal)

    def _index_anew(self, public: str, internal: str = ""):
        head = f"{self.subject}\n{self.customer.name}\n{self.customer.email}\n{self.id}\n"
        replace_text(self.id, head + public, head + public + "\n" + internal)
