"""Who may pass: hidden and absent are the same 404 (R-VIS-8), on every page of the console."""

import pytest

from models import Company, make_team, open_ticket, session

PAGES = ["/console/", "/console/tickets", "/console/tickets/mine", "/console/tickets/closed", "/console/tickets/new"]
POSTS = ["replies", "assignment", "closing", "reopening", "followers", "followers/1/removal", "edit", "moves"]


@pytest.fixture
def secret(team, carla):
    """A ticket of a private team of the same company."""
    ship = make_team("Board of directors", "directors", team.company, visibility="private")
    ticket = open_ticket(ship, carla, "The merger", "Nobody may know.")
    session.commit()
    return ticket


@pytest.fixture
def stranger(person):
    """An agent of another company."""
    return person("Oscar", companies=[Company(name="Other")])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_console_opens_for_agents_alone(page, client, sign_in, agnes, carlas_login):
    anonymous = client.get(page)

    assert anonymous.status_code == 303 and "/login" in anonymous.location
    assert sign_in(carlas_login).get(page).status_code == 404
    assert sign_in(agnes).get(page).status_code == 200


def test_an_agent_of_another_company_finds_nothing(printer, stranger, sign_in):
    client = sign_in(stranger)

    assert client.get(f"/console/tickets/{printer.id}").status_code == 404
    assert client.get(f"/console/teams/{printer.team_id}").status_code == 404
    assert b"on fire" not in client.get("/console/tickets?q=printer").data
    assert b"Support" not in client.get("/console/").data


@pytest.mark.parametrize("noun", POSTS)
def test_nobody_changes_what_they_may_not_see(noun, secret, agnes, sign_in):
    answer = sign_in(agnes).post(f"/console/tickets/{secret.id}/{noun}", data={"body": "x", "assignee": "me"})

    assert answer.status_code == 404
    assert len(secret.messages) == 1 and secret.assignee is None


def test_a_private_team_is_not_there_for_who_is_not_invited(secret, agnes, sign_in):
    client = sign_in(agnes)
    hidden, absent = client.get(f"/console/tickets/{secret.id}"), client.get("/console/tickets/2000000000")

    assert hidden.status_code == absent.status_code == 404 and hidden.data == absent.data
    assert client.get(f"/console/teams/{secret.team_id}").status_code == 404
    for page in PAGES[:-1]:
        assert b"merger" not in client.get(page).data and b"directors" not in client.get(page).data


def test_following_a_ticket_of_a_private_team_shows_this_ticket_alone(secret, agnes, sign_in):
    secret.add_follower(agnes.contact)
    session.commit()
    client = sign_in(agnes)

    assert client.get(f"/console/tickets/{secret.id}").status_code == 200
    assert b"The merger" in client.get("/console/tickets").data
    assert client.get(f"/console/teams/{secret.team_id}").status_code == 404


def test_an_agent_may_not_put_stages_in_order(printer, agnes, sign_in):
    ids = [stage.id for stage in printer.team.stages]

    assert sign_in(agnes).post("/console/stages/order", data={"stages": ids[::-1]}).status_code == 403


def test_links_are_shown_to_administrators_alone(printer, agnes, ada, carla, sign_in):
    link = printer.link_for(carla)
    session.commit()
    page = f"/console/tickets/{printer.id}"

    assert b"Mailed links" in sign_in(ada).get(page).data
    assert b"Mailed links" not in sign_in(agnes).get(page).data
    assert sign_in(agnes).post(f"{page}/links/{link.id}/revocation").status_code == 403
    assert sign_in(agnes).post(f"{page}/links/revocation").status_code == 403


@pytest.mark.parametrize("number", ["0", "99999999999999999999"])
def test_a_number_that_no_ticket_can_have_is_not_found(number, agnes, sign_in):
    assert sign_in(agnes).get(f"/console/tickets/{number}").status_code == 404
