"""What an import knows while it reads: the names that records refer to, what was added, and what is broken."""

from collections import Counter, defaultdict

from sqlalchemy import func, insert, select, text

from models.base import is_sqlite, session
from models.company import Company
from models.people import Contact, User
from models.stage import Stage
from models.team import Team
from models.template import Template

from .checking import Report
from .fields import BLOCKS

ONE = {
    "companies": "company",
    "contacts": "contact",
    "users": "user",
    "templates": "template",
    "stages": "stage",
    "teams": "team",
    "tickets": "ticket",
}
KEYS = {
    "companies": Company.name,
    "contacts": Contact.email,
    "templates": Template.name,
    "stages": Stage.name,
    "teams": Team.slug,
}
MANY = 1000  # names or rows in one statement


class Numbers:
    """A set of whole numbers, in one bit each: a million tickets take 130 kB."""

    def __init__(self):
        self.pages = defaultdict(lambda: bytearray(512))

    def add(self, number: int):
        self.pages[number >> 12][(number & 4095) >> 3] |= 1 << (number & 7)

    def __contains__(self, number: int):
        page = self.pages.get(number >> 12)
        return page is not None and bool(page[(number & 4095) >> 3] & 1 << (number & 7))


class Desk:
    """The state of one import. ``new`` is given to rows added in bulk; nothing is committed here."""

    def __init__(self):
        self.report = Report()
        self.seen = {block: Numbers() if block == "tickets" else set() for block in BLOCKS}
        self.broken = {block: Numbers() if block == "tickets" else set() for block in BLOCKS}
        self.added, self.known = Counter(), Counter()
        self._ids = {}
        self.standard_stages = []  # the ids of those that a team without stages gets

    def checked(self, block: str, chunk):
        """(place, record) of those records that are right in themselves."""
        check, key = BLOCKS[block], next(iter(BLOCKS[block].fields))
        for index, value in chunk:
            place, faults = ((None, block), index), self.report.faults
            record = check(value, place, self.report)
            name = record and record[key]
            if name is not None and name in self.seen[block]:
                self.report.wrong((place, key), f"{name} stands in the file already")
            elif name is not None:
                self.seen[block].add(name)
            if self.report.faults == faults:
                yield place, record
            elif name is not None:
                self.broken[block].add(name)

    def sound(self, block: str, records, complete):
        """The records for which ``complete(place, record)`` finds nothing wrong; it may fill in what was left out."""
        key = next(iter(BLOCKS[block].fields))
        for place, record in records:
            faults = self.report.faults
            complete(place, record)
            if self.report.faults == faults:
                yield place, record
            else:
                self.broken[block].add(record[key])

    def unknown(self, block: str, records, known):
        """The records whose natural key is not among the known ones, which are left as they are."""
        key = next(iter(BLOCKS[block].fields))
        for place, record in records:
            if record[key] in known:
                self.known[block] += 1
            else:
                yield place, record

    def ids(self, block: str) -> dict:
        """{natural key: id} of a small block."""
        if block not in self._ids:
            key = KEYS[block]
            self._ids[block] = dict(session.execute(select(key, key.class_.id)).all())
        return self._ids[block]

    def forget(self, block: str):
        self._ids.pop(block, None)

    def find(self, block: str, name, place, among=None):
        """The id (or whatever ``among`` holds) for this name; None, and an error at this place, where there is none."""
        if name is None:
            return None
        found = (self.ids(block) if among is None else among).get(name)
        if found is None:
            self.missing(block, name, place)
        return found

    def missing(self, block: str, name, place):
        """Report a name that nothing has; what is broken in the file was reported there."""
        if name in self.broken[block] or (block == "contacts" and name in self.broken["users"]):
            self.report.faults += 1
        else:
            self.report.wrong(place, f"no {ONE[block]} " + (str(name) if isinstance(name, int) else f'"{name}"'))

    def left_out(self, block: str, place, message: str):
        """Report a name that was left out and cannot be guessed, unless a broken record could be the one."""
        if self.broken[block]:
            self.report.faults += 1
        else:
            self.report.wrong(place, message)

    def find_all(self, block: str, names, place, among=None) -> list:
        return [self.find(block, name, (place, index), among) for index, name in enumerate(names)]


def add_rows(table, rows: list[dict]):
    """Insert rows in bulk."""
    for start in range(0, len(rows), MANY):
        session.execute(insert(table), rows[start : start + MANY])


def reserve(model, number: int) -> list[int]:
    """Ids for so many new rows, rising. SQLite has one writer, so what follows the highest is free."""
    if not number:
        return []
    if is_sqlite():
        first = (session.scalar(select(func.max(model.id))) or 0) + 1
        return list(range(first, first + number))
    sequence = "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number)"
    return sorted(session.scalars(text(sequence), {"name": model.__tablename__, "number": number}))


def contacts_named(emails) -> dict:
    """{address: (contact id, user id, role, name)} of those that exist."""
    found, emails = {}, sorted(set(emails))
    columns = select(Contact.email, Contact.id, User.id, User.role, Contact.name).outerjoin(User)
    for start in range(0, len(emails), MANY):
        for email, *rest in session.execute(columns.where(Contact.email.in_(emails[start : start + MANY]))):
            found[email] = Known(*rest)
    return found


class Known:
    """A contact as tickets refer to it."""

    __slots__ = ("id", "internal", "name", "user_id")

    def __init__(self, id, user_id, role, name):
        self.id, self.user_id, self.name = id, user_id, name
        self.internal = role in ("agent", "administrator")
