"""The blocks of the file: their fields in order, the check of each, and its value when it is left out."""

import re
from datetime import time
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError

from models.company import DAYS, OFFICE_HOURS
from models.event import SENTENCES
from models.people import ROLES
from models.stage import STATUSES
from models.team import METHODS, VISIBILITIES
from models.template import CHANNELS, Template, TextTooLong, UnknownPlaceholder

from .checking import (
    Record,
    boolean,
    bytes64,
    day,
    email,
    listed,
    matching,
    moment,
    nullable,
    one_of,
    shown,
    span,
    text,
    whole,
)

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
LEFT_OUT = None  # the importer works it out


def timezone(value, place, report):
    if not isinstance(value, str) or value not in available_timezones():
        return report.wrong(place, f"{shown(value)} is no time zone like Europe/Paris")
    return value


def language(value, place, report):
    value = matching("[a-z]{2,3}([-_][A-Za-z]{2})?", "language like en or fr", 5)(value, place, report)
    try:
        return value and Locale.parse(value.replace("-", "_")) and value
    except (UnknownLocaleError, ValueError):
        return report.wrong(place, f"{shown(value)} is no language like en or fr")


def working_hours(value, place, report):
    """{day: [[from, to], …]}, the days in their order; a day that is missing is free."""
    if not isinstance(value, dict):
        return report.wrong(place, f"must be an object, not {shown(value)}")
    for name in value.keys() - set(DAYS):
        report.wrong((place, name), "unknown field")
    hours = {name: listed(shift)(value[name], (place, name), report) for name in DAYS if name in value}
    return {name: shifts for name, shifts in hours.items() if shifts}


def shift(value, place, report):
    clocks = isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
    if not clocks or not all(map(CLOCK.fullmatch, value)) or value[0] == "24:00":
        return report.wrong(place, 'must be two times of day: ["09:00", "17:00"]')
    start, end = (24 * 60 if one == "24:00" else _minutes(one) for one in value)
    return list(value) if start < end else report.wrong(place, "ends before it begins")


def _minutes(clock: str) -> int:
    at = time.fromisoformat(clock)
    return 60 * at.hour + at.minute


def words(value, place, report):
    """{language: text}, in the order of the languages, naming only placeholders that exist and not too long."""
    if not isinstance(value, dict):
        return report.wrong(place, f"must be an object, not {shown(value)}")
    found = {name: text()(value[name], (place, name), report) for name in sorted(value)}
    for name in found:
        language(name, (place, name), report)
    try:
        Template(subject={}, body={name: one for name, one in found.items() if one}).check()
    except UnknownPlaceholder as error:
        return report.wrong(place, f"there is no placeholder {', '.join(error.names)}")
    except TextTooLong as error:
        return report.wrong(place, f"is too long: {error}")
    return found


def value_of_event(value, place, report):
    """A text; a number is as good."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return text()(value, place, report)


slug = matching("[a-z0-9][a-z0-9_-]*", "slug: small letters, digits and hyphens", 60)
name120, name80 = text(120, blank=False), text(80, blank=False)
number, people = whole(1), listed(email, unique=True)

COMPANY = Record(
    name=(name120,),
    timezone=(timezone, "UTC"),
    working_hours=(working_hours, lambda: dict(OFFICE_HOURS)),
    holidays=(listed(day, unique=True), list),
)
CONTACT = Record(
    email=(email,),
    name=(text(120), ""),
    language=(language, "en"),
    phone=(nullable(text(40)), None),
)
USER = Record(
    email=(email,),
    name=(text(120), LEFT_OUT),
    role=(one_of(*ROLES), "agent"),
    companies=(listed(name120, unique=True), LEFT_OUT),
    takes_tickets=(boolean, True),
    active=(boolean, True),
    password=(nullable(text()), None),
    time_off=(listed(span), list),
)
TEMPLATE = Record(
    name=(name120,),
    channel=(one_of(*CHANNELS), "email"),
    subject=(words, dict),
    body=(words, dict),
)
STAGE = Record(
    name=(name80,),
    description=(text(), ""),
    folded=(boolean, False),
    status=(one_of(*STATUSES), "open"),
    email_template=(nullable(name120), None),
    sms_template=(nullable(name120), None),
)
CLOSING_RULE = Record(
    to_stage=(nullable(name80), None),
    after_days=(whole(1, 3650), 7),
    in_stages=(listed(name80, unique=True), list),
    spare_waiting=(boolean, True),
    remind_days_before=(nullable(whole(1, 3650)), None),
)
TEAM = Record(
    slug=(slug,),
    name=(name120, LEFT_OUT),
    company=(name120, LEFT_OUT),
    description=(text(), ""),
    active=(boolean, True),
    address=(nullable(email), None),
    visibility=(one_of(*VISIBILITIES), "company"),
    stages=(listed(name80, unique=True), LEFT_OUT),
    members=(people, list),
    followers=(people, list),
    auto_assign=(one_of(None, *METHODS), None),
    auto_close=(nullable(CLOSING_RULE), None),
    closure_by_customers=(boolean, False),
    follow_conversation=(boolean, True),
    reopen_days=(whole(0, 3650), 7),
    ask_rating=(boolean, False),
    publish_ratings=(boolean, False),
)
ATTACHMENT = Record(name=(text(255),), type=(text(120), ""), base64=(bytes64, b""))
MESSAGE = Record(
    at=(moment, LEFT_OUT),
    author=(email, LEFT_OUT),
    body=(text(), ""),
    internal=(boolean, False),
    origin=(nullable(number), None),
    attachments=(listed(ATTACHMENT), list),
)
EVENT = Record(
    at=(moment, LEFT_OUT),
    kind=(one_of(*SENTENCES),),
    by=(nullable(email), None),
    from_=(nullable(value_of_event), None),
    to=(nullable(value_of_event), None),
    why=(text(), ""),
)
RATING = Record(score=(one_of(5, 3, 1),), comment=(text(), ""), hidden=(boolean, False))
TICKET = Record(
    number=(number,),
    team=(slug, LEFT_OUT),
    subject=(text(250), ""),
    customer=(email,),
    stage=(name80, LEFT_OUT),
    assignee=(nullable(email), None),
    priority=(whole(0, 3), 0),
    tags=(listed(text(40, blank=False), unique=True), list),
    created_at=(moment, LEFT_OUT),
    last_activity_at=(moment, LEFT_OUT),
    closed_at=(nullable(moment), None),
    closed_by=(one_of(None, "agent", "customer", "automatic", "merge"), None),
    never_auto_close=(boolean, False),
    merged_into=(nullable(number), None),
    follow_up_of=(nullable(number), None),
    followers=(people, list),
    excluded=(people, list),
    rating=(nullable(RATING), None),
    messages=(listed(MESSAGE), list),
    events=(listed(EVENT), list),
)
BLOCKS = {
    "companies": COMPANY,
    "contacts": CONTACT,
    "users": USER,
    "templates": TEMPLATE,
    "stages": STAGE,
    "teams": TEAM,
    "tickets": TICKET,
}
