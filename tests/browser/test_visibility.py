"""R-VIS-5 as people meet it: a team is hidden, its customer loses the list but not the link."""

import re

import pytest
from playwright.sync_api import expect

from models import Contact, Team, User, make_team, open_ticket, session
from models.people import _hasher
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def hidden_soon(desk):
    """A public team of its own with a ticket of Vera's, who has a login; its signed link comes along."""
    from sqlalchemy import select

    company = session.scalar(select(Team)).company
    team = make_team("Finance", "finance", company, visibility="public")
    vera = Contact(email="vera@client.example", name="Vera Vidal")
    session.add(User(contact=vera, role="portal", password_hash=_hasher.hash(PASSWORD)))
    ticket = open_ticket(team, vera, "My invoice", "It is wrong.")
    session.flush()
    token = ticket.link_for(vera).token
    team_id = team.id
    session.commit()
    session.remove()
    return team_id, token


def test_a_hidden_team_leaves_my_tickets_and_the_link_works(desk, browser_of, hidden_soon):
    team, token = hidden_soon
    customer = browser_of()
    customer.goto("/login")
    customer.get_by_label("E-mail").fill("vera@client.example")
    customer.get_by_label("Password").fill(PASSWORD)
    customer.get_by_role("button", name="Sign in").click()
    expect(customer.get_by_role("link", name="My invoice")).to_be_visible()

    admin = browser_of("Ada")
    admin.goto(f"/console/teams/{team}/settings")
    admin.get_by_label("Invited internal users").check()
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("Vera Vidal", exact=True)).to_be_visible()
    expect(admin.get_by_text("Agnes", exact=True)).to_be_visible()
    admin.get_by_role("button", name="Save all the same").click()
    expect(admin.get_by_text(re.compile("Saved: Visibility"))).to_be_visible()

    customer.goto("/my/tickets")
    expect(customer.get_by_text("My invoice")).to_have_count(0)
    customer.goto(f"/ticket/{token}")
    expect(customer.get_by_text("It is wrong.")).to_be_visible()
