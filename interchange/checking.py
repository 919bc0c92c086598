"""Checks of values, and the report of what is wrong: every error with its path, as in ``tickets[3].stage``."""

import base64
import binascii
import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from models.people import normal_email

MOST_WORDED = 1000  # errors kept in words; the others are only counted
BIGGEST = 2**31 - 1
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d)")
ADDRESS = re.compile(r"[^\s@<>\x00-\x1f\x7f]+@[^\s@<>\x00-\x1f\x7f]+")
MISSING = object()
REQUIRED = object()


class ImportRefused(Exception):
    """The file has errors, so nothing of it was taken. ``errors`` are lines, ``count`` is how many there are in all."""

    def __init__(self, errors: list[str], count: int | None = None):
        super().__init__("\n".join(errors))
        self.errors, self.count = errors, count or len(errors)


class Report:
    """What is wrong with a file. A place is (the place around it, name or index), or None for the file itself.

    ``faults`` counts the errors and what follows from them without being said again.
    """

    def __init__(self):
        self.lines, self.count, self.faults = [], 0, 0

    def wrong(self, place, message: str):
        self.faults += 1
        self.count += 1
        if self.count <= MOST_WORDED:
            self.lines.append(f"{path(place)}: {message}" if place else message)

    def raise_errors(self):
        if self.count:
            raise ImportRefused(self.lines, self.count)


def path(place) -> str:
    parts = []
    while place:
        place, name = place
        parts.append(f"[{name}]" if isinstance(name, int) else f".{name}")
    return "".join(reversed(parts)).removeprefix(".")


class Field(NamedTuple):
    """One field of a record: its check, and what stands when it is left out (REQUIRED: it may not be)."""

    check: Any
    default: Any = REQUIRED


class Record:
    """A check of an object: its fields and no others. The outcome has every field, defaults filled in."""

    def __init__(self, **fields):
        self.fields = {name.rstrip("_"): Field(*field) for name, field in fields.items()}

    def __call__(self, value, place, report):
        if not isinstance(value, dict):
            return report.wrong(place, f"must be an object, not {shown(value)}")
        for name in value.keys() - self.fields.keys():
            report.wrong((place, name), "unknown field")
        return {name: self._field(value, name, field, place, report) for name, field in self.fields.items()}

    def _field(self, value, name, field, place, report):
        given = value.get(name, MISSING)
        if given is not MISSING:
            return field.check(given, (place, name), report)
        if field.default is REQUIRED:
            return report.wrong((place, name), "is missing")
        return field.default() if callable(field.default) else field.default


def shown(value) -> str:
    """A value in an error message, short."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + '…"'


def text(longest: int | None = None, blank=True):
    """A text; ``longest`` in characters, as wide as its column."""

    def check(value, place, report):
        if not isinstance(value, str):
            return report.wrong(place, f"must be a text, not {shown(value)}")
        if longest and len(value) > longest:
            return report.wrong(place, f"is {len(value)} characters long, {longest} is the most")
        if not blank and not value.strip():
            return report.wrong(place, "is empty")
        if not value.isascii() or "\0" in value:
            return _storable(value, place, report)
        return value

    return check


def _storable(value, place, report):
    """No database keeps a NUL or half of a surrogate pair."""
    if "\0" in value:
        return report.wrong(place, "holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        return report.wrong(place, "holds half of a surrogate pair")
    return value


def matching(pattern: str, what: str, longest: int):
    inside = text(longest)

    def check(value, place, report):
        value = inside(value, place, report)
        if value is not None and not re.fullmatch(pattern, value):
            return report.wrong(place, f"{shown(value)} is no {what}")
        return value

    return check


def email(value, place, report):
    """An address in its one form (lower case, trimmed)."""
    value = text(254)(value, place, report)
    if value is None:
        return None
    address = normal_email(value)
    if len(address) > 254 or not ADDRESS.fullmatch(address):
        return report.wrong(place, f"{shown(value)} is no e-mail address")
    return address


def whole(least: int, most: int = BIGGEST):
    def check(value, place, report):
        if isinstance(value, bool) or not isinstance(value, int):
            return report.wrong(place, f"must be a whole number, not {shown(value)}")
        if not least <= value <= most:
            return report.wrong(place, f"must be from {least} to {most}, not {shown(value)}")
        return value

    return check


def boolean(value, place, report):
    return value if isinstance(value, bool) else report.wrong(place, f"must be true or false, not {shown(value)}")


def one_of(*choices):
    def check(value, place, report):
        if any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
            return value
        return report.wrong(place, f"{shown(value)} is none of {', '.join(map(str, choices))}")

    return check


def nullable(check):
    return lambda value, place, report: None if value is None else check(value, place, report)


def listed(check, unique=False):
    """A list of such values. Of equal ones in a ``unique`` list the first counts."""

    def check_all(values, place, report):
        if not isinstance(values, list):
            return report.wrong(place, f"must be a list, not {shown(values)}")
        found = [check(value, (place, index), report) for index, value in enumerate(values)]
        return list(dict.fromkeys(found)) if unique else found

    return check_all


def moment(value, place, report):
    """RFC 3339, in any zone; what is finer than a microsecond is cut off."""
    found = parse_moment(value) if isinstance(value, str) else None
    return found or report.wrong(place, f"{shown(value)} is no time like 2026-11-22T10:00:00Z")


def parse_moment(value: str) -> datetime | None:
    """The moment in UTC, or None when it is none."""
    if not (parts := MOMENT.fullmatch(value)):
        return None
    day, clock, fraction, zone = parts.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(at: datetime | None) -> str | None:
    """As in the file: UTC with a Z, microseconds only where there are some."""
    return None if at is None else at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def day(value, place, report):
    try:
        return date.fromisoformat(value).isoformat()
    except (ValueError, TypeError):
        return report.wrong(place, f"{shown(value)} is no day like 2026-12-25")


def span(value, place, report):
    """Two times, the first before the second."""
    if not isinstance(value, list) or len(value) != 2:
        return report.wrong(place, "must be two times: [from, to]")
    start, end = (moment(each, (place, index), report) for index, each in enumerate(value))
    if start and end and start >= end:
        return report.wrong(place, "ends before it begins")
    return start, end


def bytes64(value, place, report):
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else _no_base64(place, report)
    except (binascii.Error, ValueError):
        return _no_base64(place, report)


def _no_base64(place, report):
    return report.wrong(place, "is no base64")
