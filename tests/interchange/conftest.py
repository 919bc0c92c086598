"""Desks as files, and databases of their own to read them into."""

import copy
import io
import json
from contextlib import contextmanager

import pytest

import interchange
from models import session
from models.base import db, reading
from tests.conftest import make_app

DESK = {
    "format": "guichet/1",
    "companies": [{"name": "Acme", "timezone": "Europe/Paris", "holidays": ["2026-12-25"]}],
    "contacts": [
        {"email": "agnes@acme.example", "name": "Agnès"},
        {"email": "arthur@acme.example", "name": "Arthur"},
        {"email": "carla@client.example", "name": "Carla Conti", "language": "fr", "phone": "+33 1 99 00 12 34"},
        {"email": "zoe@client.example"},
    ],
    "users": [
        {"email": "agnes@acme.example", "password": "correct horse battery"},
        {"email": "arthur@acme.example", "time_off": [["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"]]},
    ],
    "templates": [{"name": "Received", "subject": {"en": "Got it"}, "body": {"en": "{{ link }}", "fr": "{{ link }}"}}],
    "stages": [
        {"name": "New", "status": "new", "email_template": "Received"},
        {"name": "In progress"},
        {"name": "Feedback", "status": "answered"},
        {"name": "Closed", "folded": True},
    ],
    "teams": [
        {
            "slug": "support", "name": "Support", "company": "Acme", "visibility": "public",
            "stages": ["New", "In progress", "Feedback", "Closed"], "members": ["agnes@acme.example"],
            "auto_assign": "equal_open", "auto_close": {"after_days": 7},
        }
    ],
    "tickets": [
        {
            "number": 7, "team": "support", "subject": "The printer is on fire", "customer": "carla@client.example",
            "stage": "In progress", "assignee": "agnes@acme.example", "tags": ["printer", "fire"], "priority": 3,
            "created_at": "2026-11-01T09:00:00Z", "followers": ["zoe@client.example"],
            "messages": [
                {"at": "2026-11-01T09:00:00Z", "author": "carla@client.example", "body": "It smokes.",
                 "attachments": [{"name": "smoke.txt", "type": "text/plain", "base64": "c21va2U="}]},
                {"at": "2026-11-01T10:00:00.5Z", "author": "agnes@acme.example", "body": "Unplug it."},
                {"at": "2026-11-01T11:00:00Z", "author": "arthur@acme.example", "body": "Again!", "internal": True},
            ],
            "events": [
                {"at": "2026-11-01T09:00:00Z", "kind": "created", "by": "carla@client.example"},
                {"at": "2026-11-01T09:30:00Z", "kind": "assigned", "to": "agnes@acme.example", "why": "fewest"},
                {"at": "2026-11-01T09:45:00Z", "kind": "stage", "by": "agnes@acme.example", "from": "New",
                 "to": "In progress"},
            ],
        },
        {
            "number": 12, "team": "support", "subject": "Smoke, again", "customer": "carla@client.example",
            "stage": "Closed", "created_at": "2026-11-02T09:00:00Z", "closed_at": "2026-11-03T09:00:00Z",
            "closed_by": "merge", "merged_into": 7, "rating": {"score": 5, "comment": "Quick!"},
        },
    ],
}  # fmt: skip


@pytest.fixture
def desk():
    """A small desk to bend: two agents, two customers, a team, two tickets."""
    return copy.deepcopy(DESK)


def encoded(desk) -> io.BytesIO:
    return io.BytesIO(desk if isinstance(desk, bytes) else json.dumps(desk).encode())


def add(desk):
    """Import a desk within the present transaction."""
    summary = interchange.read(encoded(desk))
    session.flush()
    session.expire_all()
    return summary


def errors(desk) -> list[str]:
    """What an import of this desk complains about."""
    with pytest.raises(interchange.ImportRefused) as refused:
        interchange.read(encoded(desk))
    session.rollback()
    return refused.value.errors


def written(team=None) -> str:
    out = io.StringIO()
    assert interchange.write(out, team) == []
    return out.getvalue()


@pytest.fixture
def own_desk(new_database, tmp_path_factory):
    """A function (kind) that opens an app on an empty database of its own, with real commits."""

    @contextmanager
    def opened(kind, url=None, **settings):
        app = make_app(url or new_database(kind), tmp_path_factory.mktemp("desk"), **settings)
        with app.app_context():
            try:
                yield app
            finally:
                session.remove()
                db.engine.dispose()
                reading.set(False)

    return opened
