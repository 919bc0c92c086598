"""How values are said."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from models.base import session
from models.people import User
from web.words import ago, duration, filesize, initials, iso, moment

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("back", "english", "french"),
    [
        (timedelta(seconds=20), "just now", None),
        (timedelta(minutes=1), "1 minute ago", "il y a 1 minute"),
        (timedelta(minutes=119), "1 hour ago", "il y a 1 heure"),
        (timedelta(hours=47), "1 day ago", "il y a 1 jour"),
        (timedelta(days=-2), "in 2 days", "dans 2 jours"),
    ],
)
def test_a_time_is_said_by_its_distance(app, back, english, french):
    with app.app_context(), app.test_request_context("/"):
        assert ago(NOW - back, NOW) == english
    if french:
        with app.app_context(), app.test_request_context("/", headers={"Accept-Language": "fr"}):
            assert ago(NOW - back, NOW) == french


def test_a_moment_is_said_in_the_zone_of_the_user(app, agnes):
    from flask_login import login_user

    with app.app_context(), app.test_request_context("/"):
        assert "10:00" in moment(NOW)
    with app.app_context(), app.test_request_context("/"):
        agnes = session.get(User, agnes.id)
        login_user(agnes)
        assert "11:00" in moment(NOW)
    assert iso(NOW) == "2026-11-22T10:00:00Z"


@pytest.mark.parametrize(
    ("bytes_", "words"), [(0, "0 B"), (999, "999 B"), (2_311, "2 kB"), (1_834_022, "1.8 MB"), (25_000_000, "25 MB")]
)
def test_sizes(app, bytes_, words):
    with app.test_request_context("/"):
        assert filesize(bytes_) == words


@pytest.mark.parametrize(
    ("name", "email", "letters"),
    [("Carla Conti", "c@x.example", "CC"), ("Zoë", "z@x.example", "Z"), ("", "jean.luc@x.example", "JL"),
     ("Anna Maria de Luca", "a@x.example", "AL"), ("", "@", "?")],
)  # fmt: skip
def test_a_person_is_one_or_two_letters(name, email, letters):
    assert initials(SimpleNamespace(name=name, email=email)) == letters


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=3), "1 minute"),
        (timedelta(minutes=89), "1 hour"),
        (timedelta(minutes=91), "2 hours"),
        (timedelta(hours=35, minutes=29), "1 day"),
        (timedelta(days=3, hours=11), "3 days"),
        (timedelta(days=3, hours=13), "4 days"),
        (timedelta(days=400), "1 year"),
    ],
)
def test_a_length_is_said_in_its_largest_unit(app, length, words):
    with app.test_request_context("/"):
        assert duration(length) == words
