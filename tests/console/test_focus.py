"""Who works in two companies may look at one of them; no right comes or goes with it."""

import pytest

from models import Company, Contact, make_team, open_ticket, session


@pytest.fixture
def globex(company, agnes):
    globex = Company(name="Globex")
    agnes.companies.append(globex)
    team = make_team("Sales", "sales", globex)
    open_ticket(team, Contact.get_or_create("gus@client.example"), "An offer", "Please")
    session.commit()
    return globex


def test_teams_and_lists_show_the_chosen_company(globex, printer, team, agnes, sign_in):
    client = sign_in(agnes)
    client.post("/console/focus", data={"company": globex.id})

    dashboard, tickets = client.get("/console/").text, client.get("/console/tickets").text
    assert "Sales" in dashboard
    assert "Support" not in dashboard
    assert "An offer" in tickets
    assert "on fire" not in tickets
    assert client.get(f"/console/tickets/{printer.number}").status_code == 200

    client.post("/console/focus", data={"company": ""})
    assert "on fire" in client.get("/console/tickets").text


def test_a_company_of_others_cannot_be_chosen(globex, printer, arthur, sign_in):
    client = sign_in(arthur)
    client.post("/console/focus", data={"company": globex.id})
    assert "on fire" in client.get("/console/tickets").text
    assert "An offer" not in client.get("/console/tickets").text


def test_with_one_company_there_is_no_switch(printer, arthur, sign_in):
    assert "companies-switch" not in sign_in(arthur).get("/console/").text
