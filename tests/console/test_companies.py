"""Companies: working hours and holidays as people write them."""

import pytest
from sqlalchemy import select
from wtforms import ValidationError

from console.companies import parse_dates, parse_hours
from models import Company, session
from models.company import OFFICE_HOURS


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("", []),
        ("9:00-17:00", [["09:00", "17:00"]]),
        ("13:00-17:00, 09:00 – 12:00", [["09:00", "12:00"], ["13:00", "17:00"]]),
        ("00:00-24:00", [["00:00", "24:00"]]),
    ],
)
def test_hours_are_read(typed, spans):
    assert parse_hours(typed) == spans


@pytest.mark.parametrize(
    "typed", ["nine to five", "17:00-09:00", "09:00-09:00", "09:00-25:00", "09:75-10:00", "09:00-12:00, 11:00-13:00"]
)
def test_impossible_hours_are_refused(app, typed):
    with app.test_request_context(), pytest.raises(ValidationError):
        parse_hours(typed)


def test_dates_are_read_each_once_and_in_order(app):
    assert parse_dates("2026-12-25\n2026-01-01, 2026-12-25") == ["2026-01-01", "2026-12-25"]
    with app.test_request_context(), pytest.raises(ValidationError):
        parse_dates("2026-02-30")


def test_a_company_is_changed(company, send):
    session.commit()
    answer = send(
        f"/console/companies/{company.id}",
        name="Acme SA",
        timezone="Asia/Tokyo",
        mon="08:00-12:00",
        sat="",
        holidays="2026-05-01",
    )

    assert answer.status_code == 303
    session.refresh(company)
    assert (company.name, company.timezone, company.holidays) == ("Acme SA", "Asia/Tokyo", ["2026-05-01"])
    assert company.working_hours["mon"] == [["08:00", "12:00"]] and "sat" not in company.working_hours


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", ""), ("name", "Other"), ("timezone", "Mars/Olympus"), ("tue", "all day"), ("holidays", "Christmas")],
)
def test_what_cannot_be_is_refused_at_its_field(company, send, field, typed):
    session.add(Company(name="Other"))
    session.commit()
    page = send(f"/console/companies/{company.id}", **{"mon": "07:07-08:08", field: typed})

    assert page.status_code == 422 and f'id="{field}-error"' in page.text and "07:07-08:08" in page.text


def test_public_holidays_come_into_the_field_and_are_saved_only_then(company, send):
    session.commit()
    page = send(f"/console/companies/{company.id}", fill="1", country="FR", year="2026", name="typed before")

    assert page.status_code == 200 and "2026-07-14" in page.text and 'value="typed before"' in page.text
    session.refresh(company)
    assert (company.name, company.holidays) == ("Acme", [])


@pytest.mark.parametrize(("field", "typed"), [("year", "soon"), ("year", "99999"), ("country", "Atlantis")])
def test_nothing_is_filled_for_a_country_or_year_that_does_not_exist(company, send, field, typed):
    session.commit()
    page = send(f"/console/companies/{company.id}", **{"fill": "1", "country": "FR", "year": "2026", field: typed})

    assert page.status_code == 422


def test_whoever_makes_a_company_administers_it(office, ada):
    data = {"name": "Second", "timezone": "UTC", "year": "2026", "country": "FR"}
    assert office.post("/console/companies/new", data=data).status_code == 303

    session.refresh(ada)
    made = session.scalar(select(Company).where(Company.name == "Second"))
    assert made in ada.companies and made.working_hours == OFFICE_HOURS
    assert "Second" in office.get("/console/companies").text


def test_a_company_of_others_is_not_there(office):
    other = Company(name="Other")
    session.add(other)
    session.commit()

    assert "Other" not in office.get("/console/companies").text
    assert office.get(f"/console/companies/{other.id}").status_code == 404
