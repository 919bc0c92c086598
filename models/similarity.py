"""How alike two tickets are, and which tickets are most like one: the same on every database (R-MERGE-5)."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from flask_babel import gettext, ngettext
from rapidfuzz import fuzz
from sqlalchemy import select, text

from .attachment import Attachment
from .base import is_sqlite, plain_rows, session
from .message import Message, said_to
from .stage import Stage
from .team import Team
from .ticket import Ticket
from .words import words

WEIGHTS = {"text": 45, "subject": 25, "customer": 15, "time": 10, "attachments": 5}
MOST_WORDS = 300  # of a text that is compared
AT_ONCE, FAR_APART = timedelta(hours=1), timedelta(days=30)  # as near, and as far, as times can be
ASKED, PAIRED = 8, 4  # words, and words of the subject that are asked for two by two
COMMON, COMPARED, BEST = 300, 40, 10  # tickets with a word, candidates, answers


@dataclass
class Sketch:
    """What is compared of a ticket, or of one that is being written; ``text`` is what its customer asked."""

    subject: str
    text: str
    customer: str  # an address
    at: datetime
    attachments: frozenset = field(default_factory=frozenset)  # of (name, size)
    number: int | None = None
    company_id: int | None = None

    def __post_init__(self):
        self.subject_words, self.text_words = words(self.subject), words(self.text)[:MOST_WORDS]


@dataclass
class Likeness:
    """How alike two tickets are: whole ``percent``, and of what is compared how much each part is alike, 0 to 1."""

    number: int | None
    subject: str
    percent: int
    parts: dict
    apart: timedelta

    @property
    def reasons(self) -> list[str]:
        """In the reader's words: same customer, 2 h apart, 84 % of the text."""
        told = [gettext("same customer")] if self.parts["customer"] else []
        told.append(_apart(self.apart))
        told.append(gettext("%(number)s %% of the text", number=math.floor(100 * self.parts["text"])))
        if self.parts["subject"] == 1:
            told.append(gettext("same subject"))
        if self.parts.get("attachments") == 1:
            told.append(gettext("same files"))
        return told


def _apart(apart: timedelta) -> str:
    hours = math.floor(apart / timedelta(hours=1))
    if hours < 1:
        return gettext("less than an hour apart")
    if hours < 48:
        return gettext("%(hours)s h apart", hours=hours)
    return ngettext("%(num)s day apart", "%(num)s days apart", hours // 24)


def compare(one: Sketch, other: Sketch) -> Likeness:
    """Symmetric; 100 for equal tickets. What neither has plays no part."""
    apart = abs(one.at - other.at)
    parts = {
        "text": _alike(one.text_words, other.text_words),
        "subject": _alike(one.subject_words, other.subject_words),
        "customer": float(one.customer == other.customer),
        "time": _near(apart),
    }
    if one.attachments or other.attachments:
        shared = len(one.attachments & other.attachments)
        parts["attachments"] = shared / len(one.attachments | other.attachments)
    whole = sum(WEIGHTS[name] for name in parts)
    points = sum(WEIGHTS[name] * round(1000 * part) for name, part in parts.items())
    return Likeness(other.number, other.subject, points // (10 * whole), parts, apart)


def _alike(one: list[str], other: list[str]) -> float:
    """Of words in their order, or in any other order where that is nearer."""
    if not one or not other:
        return float(one == other)
    in_order = fuzz.ratio(" ".join(one), " ".join(other))
    return max(in_order, fuzz.ratio(" ".join(sorted(one)), " ".join(sorted(other)))) / 100


def _near(apart: timedelta) -> float:
    if apart <= AT_ONCE:
        return 1.0
    return max(0.0, 1 - math.log(apart / AT_ONCE) / math.log(FAR_APART / AT_ONCE))


def sketches(numbers) -> dict[int, Sketch]:
    """The sketches of these tickets; three queries."""
    from .people import Contact

    columns = (Ticket.id, Ticket.subject, Ticket.created_at, Contact.email, Team.company_id)
    query = select(*columns).join(Contact, Contact.id == Ticket.customer_id).join(Team, Team.id == Ticket.team_id)
    rows = session.execute(query.where(Ticket.id.in_(numbers))).all()
    texts, files = _asked(numbers)
    return {
        id: Sketch(subject, texts.get(id, ""), email, at, frozenset(files.get(id, ())), id, company_id)
        for id, subject, at, email, company_id in rows
    }


def _asked(numbers) -> tuple[dict, dict]:
    """What the customers asked, {number: text}: the first public message; and its files."""
    query = select(Message.home_id, Message.id, Message.body).where(said_to(numbers))
    first = {}
    for home, id, body in session.execute(query.where(~Message.internal).order_by(Message.at, Message.id)):
        first.setdefault(home, (id, body))
    homes = {id: home for home, (id, _) in first.items()}
    query = select(Attachment.message_id, Attachment.name, Attachment.size)
    files = {}
    for message_id, name, size in session.execute(query.where(Attachment.message_id.in_(homes))):
        files.setdefault(homes[message_id], []).append((name, size))
    return {home: body for home, (_, body) in first.items()}, files


def sketch_of(ticket) -> Sketch:
    return sketches([ticket.id])[ticket.id]


def likenesses(ticket, others) -> dict[int, Likeness]:
    """How alike each of the others is to this ticket, {number: Likeness}."""
    known = sketches([ticket.id, *(one.id for one in others)])
    return {one.id: compare(known[ticket.id], known[one.id]) for one in others}


def most_alike(sketch: Sketch, seen, least=30, best=BEST) -> list[Likeness]:
    """The open tickets of its company that are most like this one, the best first; none below ``least`` percent.

    ``seen`` is a condition on Ticket: what the reader may see (R-VIS-8). The candidates come from the full-text index,
    by rare words, and from the customer's own tickets: never are all compared.
    """
    ids = _candidates(sketch)
    ids.pop(sketch.number, None)
    found = select(Ticket.id).join(Team).where(Ticket.id.in_(ids), Team.company_id == sketch.company_id, seen)
    known = sorted(session.scalars(found), key=lambda id: (-ids[id], -id))[:COMPARED]
    alike = [compare(sketch, other) for other in sketches(known).values()]
    return sorted((one for one in alike if one.percent >= least), key=lambda one: (-one.percent, one.number))[:best]


def _candidates(sketch) -> dict[int, float]:
    """{number: weight} of open tickets that share rare words, or the customer."""
    from .people import Contact

    asked, weights = _rare(sketch), {}
    for count, id in _with_words(asked) if asked else ():
        weights[id] = weights.get(id, 0) + math.log(1 + COMMON / count)
    own = select(Ticket.id).join(Contact, Contact.id == Ticket.customer_id).where(Contact.email == sketch.customer)
    own = own.where(Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)), Ticket.merged_into_id.is_(None))
    for id in session.scalars(own.order_by(Ticket.last_activity_at.desc()).limit(COMPARED // 2)):
        weights[id] = weights.get(id, 0) + math.log(1 + COMMON)
    return weights


def _rare(sketch) -> list[tuple[str, ...]]:
    """What is likely to be rare: words with digits, of the subject, long; and words of the subject two by two, since
    each of them alone is common on a large desk."""
    every = dict.fromkeys(word for word in (*sketch.subject_words, *sketch.text_words) if len(word) > 2)
    subject = set(sketch.subject_words)
    telling = sorted(every, key=lambda word: (word.isalpha(), -len(word) - 3 * (word in subject), word))
    pairs = combinations([word for word in telling if word in subject][:PAIRED], 2)
    return [*((word,) for word in telling[:ASKED]), *pairs]


def _with_words(asked) -> list[tuple[int, int]]:
    """(how many tickets have the words, number of an open one of them) for what fewer than COMMON have.

    What everybody writes says nothing. Whether a ticket is open is asked of each by itself: joined, PostgreSQL would
    rather read all tickets there are.
    """
    if is_sqlite():
        part, joined = "SELECT rowid AS id FROM ticket_search WHERE ticket_search MATCH :w{0}", '" AND "'
        values = [f'public : ("{joined.join(words)}")' for words in asked]
    else:
        part = "SELECT ticket_id AS id FROM ticket_search WHERE public @@ CAST(:w{0} AS tsquery)"
        values = [" & ".join(f"'{word}'" for word in words) for words in asked]
    # The limit is written out: the planner of PostgreSQL must know that it is small.
    parts = [f"SELECT {n} AS word, id FROM ({part.format(n)} LIMIT {COMMON}) AS p{n}" for n in range(len(asked))]  # noqa: S608
    values = {f"w{n}": value for n, value in enumerate(values)}
    return plain_rows(text(_RARE.format(" UNION ALL ".join(parts), COMMON)), values)


_RARE = """
WITH found AS MATERIALIZED ({}),
rare AS (SELECT word, count(*) AS tickets FROM found GROUP BY word HAVING count(*) < {})
SELECT rare.tickets, found.id FROM rare JOIN found ON found.word = rare.word
WHERE (SELECT CASE WHEN merged_into_id IS NULL THEN stage_id END FROM tickets WHERE tickets.id = found.id)
      IN (SELECT id FROM stages WHERE NOT folded)
ORDER BY found.word, found.id
"""
