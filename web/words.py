"""How values are said on a page: times, sizes, initials, the names of states. Filters of every template."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal
from flask_babel import to_user_timezone
from markupsafe import Markup, escape

from models.phone import readable_phone
from models.words import finder

from .locale import gettext, language, lazy_gettext, reader
from .markup import markup, passages
from .templating import written

STATUS_NAMES = {
    "new": lazy_gettext("New"),
    "open": lazy_gettext("Open"),
    "answered": lazy_gettext("Answered"),
    "resolved": lazy_gettext("Resolved"),
    "closed": lazy_gettext("Closed"),
}
PRIORITY_NAMES = (lazy_gettext("Low"), lazy_gettext("Medium"), lazy_gettext("High"), lazy_gettext("Urgent"))


def status_name(word: str):
    return STATUS_NAMES.get(word, word)


def priority_name(level: int):
    return PRIORITY_NAMES[max(0, min(int(level or 0), 3))]


@lru_cache(maxsize=64)
def _priority_label(level: int, language: str) -> str:
    return gettext("Priority: %(name)s", name=PRIORITY_NAMES[level])


def priority_label(level: int) -> str:
    return _priority_label(max(0, min(int(level or 0), 3)), language())


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=2048)
def _delta(seconds: int, locale: str) -> str:
    return format_timedelta(-seconds, granularity="minute", add_direction=True, locale=locale, threshold=1)


def ago(when: datetime, now: datetime | None = None) -> str:
    """ "3 hours ago", or "in 2 days" for what is still to come; less than a minute is "just now"."""
    seconds = int(((now or datetime.now(UTC)) - when).total_seconds())
    return gettext("just now") if -60 < seconds < 60 else _distance(seconds, language())


def _distance(seconds: int, locale: str) -> str:
    size = abs(seconds)
    unit = 86400 if size >= 86400 else 3600 if size >= 3600 else 60
    return _delta(size // unit * unit * (1 if seconds > 0 else -1), locale)


@lru_cache(maxsize=8192)
def _moment(minute: datetime, zone, locale: str) -> str:
    local = minute.astimezone(zone)
    return f"{format_date(local, 'medium', locale=locale)}, {format_time(local, 'short', locale=locale)}"


@lru_cache(maxsize=8192)
def _duration(seconds: int, locale: str) -> str:
    return format_timedelta(seconds, granularity="minute", locale=locale, threshold=1)


def duration(length: timedelta) -> str:
    """How long something took, in its largest unit: "3 days"."""
    return _duration(_in_steps(length), language())


def _in_steps(length: timedelta) -> int:
    """The seconds of this length, or some near it of which the same is said."""
    seconds = max(60, int(length.total_seconds()))
    step = 1 if seconds < 7200 else 60 if seconds < 2 * 86400 else 3600
    return seconds // step * step + step // 2


def closed_how(closing, opened: datetime) -> str:
    """Who closed a ticket of a list, and how long it was open (R-CLOSE-10)."""
    return _closed_how(closing.how, closing.by, _in_steps(closing.at - opened), language())


@lru_cache(maxsize=8192)
def _closed_how(how: str, by: str | None, seconds: int, locale: str) -> str:
    if how == "automatic":
        who = gettext("automatically")
    elif how == "merge":
        who = gettext("merged")
    elif how == "customer":
        who = gettext("by the customer")
    else:
        who = gettext("by %(name)s", name=by) if by else gettext("by an agent")
    return f"{who} · {gettext('after %(time)s', time=_duration(seconds, locale))}"


def moment(when: datetime) -> str:
    """Date and time in the reader's zone."""
    return _moment(when.replace(second=0, microsecond=0), *reader())


@lru_cache(maxsize=8192)
def _time(when: datetime, zone, locale: str) -> str:
    return f'<time datetime="{iso(when)}" title="{escape(moment(when))}">'


def time_ago(when: datetime | None, prefix="") -> Markup:
    """ "3 hours ago" in <time>, with the exact moment in its title; nothing for None. A list has fifty of them."""
    if when is None:
        return Markup()
    zone, language = reader()
    seconds = int(time.time() - when.timestamp())
    said = escape(gettext("just now")) if -60 < seconds < 60 else _distance(seconds, language)
    return Markup(f"{_time(when, zone, language)}{escape(prefix) if prefix else ''}{said}</time>")  # noqa: S704


def day(when: datetime) -> str:
    """The date alone, in the reader's zone."""
    return format_date(to_user_timezone(when), "long", locale=language())


@lru_cache(maxsize=4096)
def _number(value: int, locale: str) -> str:
    return format_decimal(value, locale=locale)


def number(value: int) -> str:
    return _number(value, language())


def filesize(count: int) -> str:
    """Bytes as people say them; in French an octet is an o."""
    french = language() == "fr"
    units = ["o", "ko", "Mo", "Go"] if french else ["B", "kB", "MB", "GB"]
    size, unit = float(count or 0), 0
    while size >= 1000 and unit < len(units) - 1:
        size, unit = size / 1000, unit + 1
    digits = "#,##0" if unit < 2 or size >= 10 else "#,##0.#"
    space = "\N{NO-BREAK SPACE}" if french else " "
    return f"{format_decimal(size, format=digits, locale=language())}{space}{units[unit]}"


@lru_cache(maxsize=4096)
def _initials(name: str) -> str:
    words = [word for word in name.replace(".", " ").replace("-", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


def initials(contact) -> str:
    """One or two letters for a person; of the address where there is no name."""
    return _initials(contact.name or contact.email.partition("@")[0])


def paragraphs(text: str) -> Markup:
    """Plain text with its line breaks, escaped."""
    return Markup("<br>").join((text or "").splitlines())


def phone(number: str) -> str:
    """A number as people read it, its groups on one line."""
    return readable_phone(number).replace(" ", "\N{NO-BREAK SPACE}")


def pieces(found) -> Markup:
    """A text in pieces, of models/words.py, with what was searched for in <mark>."""
    parts = [f"<mark>{written(piece)}</mark>" if hit else written(piece) for piece, hit in found]
    return Markup("".join(parts))  # noqa: S704 - each is escaped


def marked(text: str, terms) -> Markup:
    """The text, escaped, with what was searched for in <mark>."""
    find = finder(tuple(terms))
    return pieces(find.marked(text)) if find.may_be_in(text) else escape(text)


FILTERS = {
    "status_name": status_name,
    "priority_name": priority_name,
    "priority_label": priority_label,
    "iso": iso,
    "ago": ago,
    "moment": moment,
    "duration": duration,
    "time_ago": time_ago,
    "closed_how": closed_how,
    "day": day,
    "number": number,
    "filesize": filesize,
    "phone": phone,
    "initials": initials,
    "marked": marked,
    "markup": markup,
    "passages": passages,
    "paragraphs": paragraphs,
    "pieces": pieces,
}


def init_app(app):
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["time_ago"] = time_ago
