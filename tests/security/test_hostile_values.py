"""Wrong input gives 4xx, never 5xx (threat model, rule 29): every address, every field, every kind of visitor."""

import re
from urllib.parse import urlencode

import pytest

from models import session
from models.base import db

from .conftest import Page

LONG = "x" * 10_000
BROKEN = b"caf\xe9 \0 \xff\xfe\xed\xa0\x80"  # a NUL, a lone surrogate, and what is no UTF-8 at all
HUGE = "0" * 25 + "9" * 5_000
VALUES = {"sqlite": (BROKEN, HUGE), "postgresql": (BROKEN, LONG, HUGE)}
# What a form needs before anybody looks at the rest of it.
FILLED = {
    "email": "newcomer@client.example", "number": "1", "password": "correct horse battery", "current": "wrong words",
    "current_password": "correct horse battery", "new_password": "another horse battery", "slug": "a-new-team",
    "first_day": "2030-01-01", "last_day": "2030-01-02", "year": "2026", "phone": "+33123456789", "next": "/",
    "tags": "one, two", "place": "up", "why": "Because", "channel": "email", "status": "open", "visibility": "public",
    "role": "agent", "country": "FR", "timezone": "UTC", "language": "fr",
}  # fmt: skip
NOT_WORDS = re.compile(r"mon|tue|wed|thu|fri|sat|sun|holidays|assignee|takes|team|score|before|page|.*_(assign|days).*")
# Words that addresses understand after the question mark.
ASKED = [
    "q", "page", "sort", "status", "team", "stage", "assignee", "priority", "tag", "customer", "before", "state",
    "role", "welcome", "received", "code", "next", "email", "ticket", "lang",
]  # fmt: skip
PARTS = ["2147483648", "9" * 5_000, "a%00b", "%FF%ED%A0%80", "x" * 5_000]


@pytest.fixture
def attack(app, visitors, sign_in):
    """A function that sends one request and takes back whatever it did."""
    app.config["PROPAGATE_EXCEPTIONS"] = app.config["TESTING"] = False
    clients = {name: sign_in(user) if user else app.test_client() for name, user in visitors.items()}

    def send(visitor, address, method="GET", **sent):
        with db.engine.begin_nested() as savepoint:
            answer = clients[visitor].open(address, method=method, **sent)
            answer.close()
            savepoint.rollback()
        session.expire_all()
        return answer

    return send


def filled(fields, changed, value) -> dict:
    """The form as somebody would send it, but for one field."""

    def typed(name, kept):
        return kept.strip() or FILLED.get(name) or ("" if NOT_WORDS.fullmatch(name) else "Some words")

    whole = [(name, value if name == changed else typed(name, kept)) for name, kept in fields]
    return {"data": urlencode(whole), "content_type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("visitor", ["nobody", "customer", "administrator"])
def test_no_value_in_any_field_is_an_error_of_ours(visitor, kind, attack, places):
    failed, tried = [], set()
    for _, method, address in places:
        if method != "GET" or (page := attack(visitor, address)).status_code != 200 or "html" not in page.mimetype:
            continue
        for form in Page(page.text, address).forms:
            for name in set(form.names) - {"csrf_token"}:
                if form.method != "post" or (form.action, tuple(form.names), name) in tried:
                    continue
                tried.add((form.action, tuple(form.names), name))
                for value in VALUES[kind]:
                    answer = attack(visitor, form.action, "POST", **filled(form.fields, name, value))
                    if answer.status_code >= 500:
                        failed.append((form.action, name, value[:12]))
    assert len(tried) > 10
    assert failed == []


@pytest.mark.parametrize("visitor", ["nobody", "customer", "agent", "administrator"])
def test_no_words_after_the_question_mark_are_an_error_of_ours(visitor, kind, attack, places):
    failed = []
    for endpoint, method, address in places:
        if method == "GET" and endpoint != "static" and not endpoint.startswith("health."):
            for value in VALUES[kind]:
                answer = attack(visitor, f"{address}?{urlencode([(name, value) for name in ASKED])}")
                if answer.status_code >= 500:
                    failed.append((address, value[:12]))
    assert failed == []


@pytest.mark.parametrize("visitor", ["nobody", "administrator"])
def test_no_part_of_an_address_is_an_error_of_ours(visitor, app, attack):
    failed = []
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"} if rule.arguments else ():
            for part in PARTS:
                address = re.sub(r"<[^>]+>", part, rule.rule)
                if attack(visitor, address, method).status_code >= 500:
                    failed.append((method, rule.rule, part[:12]))
    assert failed == []
