"""One's own account in the console."""

from datetime import UTC, datetime, timedelta

import pytest

from models import session
from models.company import DAYS

PASSWORD = "correct horse battery"


@pytest.fixture
def desk(agnes, sign_in):
    return sign_in(agnes)


def test_name_language_and_phone_are_kept(desk, agnes):
    answer = desk.post("/console/account", data={"name": "Agnès", "language": "fr", "phone": "+33123456789"})

    assert answer.status_code == 303
    session.refresh(agnes.contact)
    assert (agnes.name, agnes.contact.language, agnes.contact.phone) == ("Agnès", "fr", "+33123456789")


@pytest.mark.parametrize(("field", "typed"), [("name", ""), ("language", "xx"), ("phone", "call me")])
def test_what_cannot_be_is_refused_at_its_field(desk, field, typed):
    page = desk.post("/console/account", data={"name": "Agnès", "language": "en", "phone": "", field: typed})

    assert page.status_code == 422 and f'id="{field}-error"' in page.text


def test_a_new_password_ends_every_other_login(desk, agnes, sign_in):
    elsewhere = sign_in(agnes)
    answer = desk.post(
        "/console/account/password", data={"current_password": PASSWORD, "new_password": "a new long sentence"}
    )

    assert answer.status_code == 303
    session.refresh(agnes)
    assert agnes.check_password("a new long sentence")
    assert desk.get("/console/").status_code == 200 and elsewhere.get("/console/").status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", "a new long sentence", "current_password"),
        ("", "a new long sentence", "current_password"),
        (PASSWORD, "tiny-1", "new_password"),
        (PASSWORD, "agnes@acme.example", "new_password"),
    ],
)
def test_a_password_is_changed_only_by_who_knows_it_to_one_that_is_good(desk, agnes, current, new, field):
    page = desk.post("/console/account/password", data={"current_password": current, "new_password": new})

    assert page.status_code == 422 and f'id="{field}-error"' in page.text
    assert new not in page.text or new == agnes.email
    session.refresh(agnes)
    assert agnes.check_password(PASSWORD)


def test_signing_out_everywhere_ends_all(desk, agnes, sign_in):
    elsewhere = sign_in(agnes)

    assert desk.post("/console/account/sign-out-everywhere").location == "/login"
    assert desk.get("/console/").status_code == elsewhere.get("/console/").status_code == 303


def test_own_time_off(desk, agnes, arthur):
    desk.post("/console/account/time-off", data={"first_day": "2026-07-01", "last_day": "2026-07-01"})
    session.refresh(agnes)
    off = agnes.time_off[0]

    assert "July 1, 2026" in desk.get("/console/account").text
    assert desk.post("/console/account/time-off/2000000000/removal").status_code == 404
    assert desk.post(f"/console/account/time-off/{off.id}/removal").status_code == 303
    assert desk.post("/console/account/time-off", data={"first_day": "x", "last_day": ""}).status_code == 422


@pytest.mark.parametrize(
    ("first", "last", "hours", "back"),
    [
        ("2026-10-24", "2026-10-25", 49, datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("2026-03-28", "2026-03-29", 47, datetime(2026, 3, 29, 22, tzinfo=UTC)),
    ],
)
def test_time_off_is_whole_days_in_paris_also_where_the_clocks_change(desk, agnes, company, first, last, hours, back):
    """R-ASSIGN-6: who is back at midnight is chosen from midnight on, not an hour before or after."""
    company.working_hours = {day: [["00:00", "24:00"]] for day in DAYS}
    session.commit()
    assert desk.post("/console/account/time-off", data={"first_day": first, "last_day": last}).status_code == 303

    session.expire_all()
    [off] = agnes.time_off
    assert off.length == timedelta(hours=hours)
    for at in (off.starts_at, back - timedelta(minutes=1), back):
        assert agnes.available_from(at, company) == back
    assert agnes.available_from(off.starts_at - timedelta(minutes=1), company) < off.starts_at
