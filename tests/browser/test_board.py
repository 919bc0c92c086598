"""What is dragged on a board, besides a card that simply moves (test_story.py)."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import Contact, Team, open_ticket, session

from .walk import Unheard

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("desk", ["sqlite"], indirect=True)]


@pytest.fixture
def board(desk, browser_of):
    """(page, number): Ada before the board, and a ticket that nobody has answered, alone in its column."""
    team = session.scalar(select(Team).where(Team.slug == "support"))
    ticket = open_ticket(team, Contact.get_or_create("dora@client.example", "Dora", "en"), "Win a prize", "Click here.")
    number, address = ticket.number, f"/console/teams/{team.id}"
    ticket.edit(None, priority=3)
    session.commit()
    session.remove()
    page = browser_of("Ada")
    page.goto(address)
    expect(page.locator("#board[data-started]")).to_be_visible()
    return page, number


def column(page, stage):
    return page.locator(f'.board-column[data-stage-name="{stage}"]')


def test_a_card_nobody_answered_is_closed_after_its_reason_is_typed(board):
    page, number = board
    card = page.locator(f"#ticket-{number}")
    page.failures = Unheard()  # the refusal is a 422

    card.drag_to(column(page, "Closed").locator(".board-cards"))
    page.locator("#why-dialog").get_by_role("button", name="Cancel").click()
    expect(column(page, "New").locator(f"#ticket-{number}")).to_be_visible()

    card.drag_to(column(page, "Closed").locator(".board-cards"))
    page.locator("#why-dialog textarea").fill("Spam")
    with page.expect_response(re.compile("/moves")):
        page.locator("#why-dialog").get_by_role("button", name="Close ticket").click()
    page.goto(f"/console/tickets/{number}")
    expect(page.get_by_text("This ticket is closed.")).to_be_visible()
    expect(page.locator("#story")).to_contain_text("Spam")


def test_an_administrator_drags_a_column_and_its_place_is_kept(board):
    page, _number = board
    order = page.locator(".board-column").evaluate_all("all => all.map(one => one.dataset.stageName)")
    assert order[:2] == ["New", "In progress"]

    with page.expect_response(re.compile("/stages/order")):
        column(page, "In progress").locator("h2").drag_to(column(page, "New").locator("h2"))
    page.reload()
    first = page.locator(".board-column").first
    expect(first).to_have_attribute("data-stage-name", "In progress")
    with page.expect_response(re.compile("/stages/order")):
        column(page, "New").locator("h2").drag_to(column(page, "In progress").locator("h2"))
