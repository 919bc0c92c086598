"""Users: who manages whom, invitations, rights, time off."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models import Company, Contact, Delivery, User, session
from models.links import code_for, contact_of_code


@pytest.fixture
def other(app):
    company = Company(name="Other")
    session.add(company)
    session.commit()
    return company


def invitation(company, **changes):
    return {
        "name": "Noa",
        "email": "noa@acme.example",
        "role": "agent",
        "companies": company.id,
        "takes_tickets": "y",
        "language": "fr",
    } | changes


def test_a_colleague_is_invited_by_mail(office, company):
    answer = office.post("/console/users/new", data=invitation(company))
    noa = User.by_email("noa@acme.example")

    assert answer.location == f"/console/users/{noa.id}"
    assert (noa.role, noa.companies, noa.takes_tickets, noa.contact.language) == ("agent", [company], True, "fr")
    assert noa.password_hash is None
    assert session.scalars(select(Delivery.kind).where(Delivery.contact_id == noa.contact_id)).all() == ["invitation"]


def test_only_the_newest_invitation_works(office, company):
    office.post("/console/users/new", data=invitation(company))
    noa = User.by_email("noa@acme.example")
    code = code_for(noa.contact, "invitation")
    office.post(f"/console/users/{noa.id}/invitation")

    session.refresh(noa.contact)
    assert contact_of_code(code, "invitation") is None
    assert contact_of_code(code_for(noa.contact, "invitation"), "invitation") is noa.contact
    assert len(session.scalars(select(Delivery).where(Delivery.kind == "invitation")).all()) == 2


def test_who_has_a_password_is_not_invited_again(office, agnes):
    assert office.post(f"/console/users/{agnes.id}/invitation").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("email", "noa"),
        ("email", "agnes@acme.example"),
        ("role", "portal"),
        ("role", "root"),
        ("companies", 2_000_000_000),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(office, company, agnes, field, typed):
    page = office.post("/console/users/new", data=invitation(company, **{field: typed}))

    assert page.status_code == 422 and f'id="{field}-error"' in page.text
    assert User.by_email("noa@acme.example") is None


def test_an_unknown_field_changes_nothing(send, agnes):
    send(f"/console/users/{agnes.id}", email="evil@evil.example", password_hash="x", login_key="x")

    session.refresh(agnes)
    assert agnes.email == "agnes@acme.example" and agnes.password_hash != "x"


def test_a_customer_who_is_hired_becomes_an_agent(office, company, carlas_login):
    office.post("/console/users/new", data=invitation(company, email=carlas_login.email))

    session.refresh(carlas_login)
    assert carlas_login.role == "agent" and carlas_login.companies == [company]


def test_a_user_is_found_only_by_who_shares_a_company(office, other, person, agnes):
    oscar = person("Oscar", companies=[other])

    page = office.get("/console/users").text
    assert "Agnes" in page and "Oscar" not in page
    assert "Oscar" not in office.get("/console/users?q=osc").text
    for answer in (
        office.get(f"/console/users/{oscar.id}"),
        office.post(f"/console/users/{oscar.id}", data={"name": "x"}),
    ):
        assert answer.status_code == 404
    assert office.post(f"/console/users/{oscar.id}/time-off").status_code == 404


def test_a_customer_is_found_by_who_may_see_a_ticket_of_theirs(office, other, person, sign_in, printer, carlas_login):
    assert "Carla" in office.get("/console/users?role=portal").text
    stranger = sign_in(person("Olga", role="administrator", companies=[other]))

    assert "Carla" not in stranger.get("/console/users?role=portal").text
    assert stranger.get(f"/console/users/{carlas_login.id}").status_code == 404


def test_a_customer_can_be_shut_out_but_gets_no_rights(send, office, printer, carlas_login):
    send(f"/console/users/{carlas_login.id}", active=None, role="administrator", companies=[1])

    session.refresh(carlas_login)
    assert (carlas_login.active, carlas_login.role, carlas_login.companies) == (False, "portal", [])


def test_companies_of_other_administrators_stay(send, other, company, person):
    both = person("Bea", companies=[company, other])
    send(f"/console/users/{both.id}", companies=[])

    session.refresh(both)
    assert both.companies == [other]


def test_nobody_becomes_administrator_of_a_company_through_another_one(send, other, company, person):
    both = person("Bea", companies=[company, other])
    page = send(f"/console/users/{both.id}", role="administrator")

    assert page.status_code == 422 and 'id="role-error"' in page.text


def test_somebody_belongs_to_a_company(send, agnes):
    page = send(f"/console/users/{agnes.id}", companies=[])

    assert page.status_code == 422 and 'id="companies-error"' in page.text


@pytest.mark.parametrize(("field", "typed"), [("active", None), ("role", "agent")])
def test_the_last_administrator_stays(send, ada, field, typed):
    page = send(f"/console/users/{ada.id}", **{field: typed})

    assert page.status_code == 422 and f'id="{field}-error"' in page.text
    session.refresh(ada)
    assert ada.administrator


def test_a_change_of_rights_ends_the_logins_but_ones_own(send, office, ada, agnes, sign_in):
    client = sign_in(agnes)
    send(f"/console/users/{agnes.id}", role="administrator")
    assert client.get("/console/").status_code == 303

    send(f"/console/users/{ada.id}", role="agent")
    assert office.get("/console/").status_code == 200
    assert office.get("/console/users").status_code == 403


def test_who_is_not_active_is_out_at_once(send, agnes, sign_in):
    client = sign_in(agnes)
    send(f"/console/users/{agnes.id}", active=None)

    assert client.get("/console/").status_code == 303


def test_time_off_is_whole_days_of_the_company(send, office, agnes):
    send(
        f"/console/users/{agnes.id}",
        has="first_day",
        to=f"/console/users/{agnes.id}/time-off",
        first_day="2026-07-01",
        last_day="2026-07-14",
    )
    session.refresh(agnes)
    off = agnes.time_off[0]

    assert off.starts_at == datetime(2026, 6, 30, 22, tzinfo=UTC) and off.ends_at == datetime(
        2026, 7, 14, 22, tzinfo=UTC
    )
    assert "July 1, 2026 to July 14, 2026" in office.get(f"/console/users/{agnes.id}").text

    office.post(f"/console/users/{agnes.id}/time-off/{off.id}/removal")
    session.refresh(agnes)
    assert agnes.time_off == []


@pytest.mark.parametrize(
    "days", [("2026-07-14", "2026-07-01"), ("", ""), ("soon", "later"), ("2026-07-01", "2036-07-01")]
)
def test_impossible_days_are_refused(office, agnes, days):
    page = office.post(f"/console/users/{agnes.id}/time-off", data={"first_day": days[0], "last_day": days[1]})

    assert page.status_code == 422 and "_day-error" in page.text


def test_time_off_of_somebody_else_is_not_reached_through_another_user(office, agnes, arthur):
    office.post(f"/console/users/{agnes.id}/time-off", data={"first_day": "2026-07-01", "last_day": "2026-07-01"})
    session.refresh(agnes)

    assert office.post(f"/console/users/{arthur.id}/time-off/{agnes.time_off[0].id}/removal").status_code == 404


def test_the_list_has_pages_and_a_fixed_cost(office, company, queries):
    with queries() as few:
        office.get("/console/users")
    for number in range(60):
        contact = Contact(email=f"agent{number}@acme.example", name=f"Agent {number:02}")
        session.add(User(contact=contact, role="agent", companies=[company]))
    session.commit()
    with queries() as many:
        first = office.get("/console/users").text

    assert len(many) == len(few) <= 12
    assert "page=2" in first and "Agent 59" not in first
    assert "Agent 59" in office.get("/console/users?page=2").text
    assert office.get("/console/users?page=99999&role=x").status_code == 200
