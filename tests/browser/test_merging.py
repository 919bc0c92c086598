"""Three tickets ticked, merged, replied to and taken apart again, all by keyboard."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import Contact, Team, Ticket, open_ticket, session

pytestmark = pytest.mark.browser


@pytest.fixture
def three(desk):
    team = session.scalar(select(Team).where(Team.slug == "support"))
    carla = Contact.get_or_create("carla.merges@client.example", "Carla Conti", "en")
    numbers = [
        open_ticket(team, carla, subject, "It smokes since this morning.").id
        for subject in ("Printer merges", "Printer merges again", "Printer merges once more")
    ]
    session.commit()
    session.remove()
    return numbers


def tab_to(page, wanted, tab):
    """Go on until this is what the keyboard speaks to."""
    wanted.wait_for()
    for _ in range(150):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(tab)
    raise AssertionError(f"the keyboard does not reach {wanted}")


def press(page, wanted, key="Enter", tab="Tab"):
    tab_to(page, wanted, tab)
    page.keyboard.press(key)


def test_three_tickets_are_merged_answered_and_taken_apart_by_keyboard(three, browser_of):
    first, second, third = three
    page = browser_of("Agnes")
    page.goto("/console/tickets?q=merges")
    for number in three:
        press(page, page.get_by_role("checkbox", name=f"#{number}", exact=True), "Space")
    press(page, page.locator("[data-bulk-bar] summary").filter(has_text="More"), tab="Shift+Tab")
    press(page, page.get_by_role("button", name="Merge", exact=True))
    page.wait_for_url("**/console/merge?*")
    press(page, page.get_by_role("button", name="Merge", exact=True))
    page.wait_for_url(f"**/console/tickets/{first}")
    expect(page.locator("#story")).to_contain_text(f"from #{second}")
    expect(page.locator("#story")).to_contain_text(f"from #{third}")

    page.keyboard.press("r")
    page.keyboard.type("We come.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#story")).to_contain_text("We come.")

    for number in (second, third):
        undo = page.locator(f'form[action$="/tickets/{number}/unmerging"] button')
        press(page, undo)
        expect(page.locator("#story")).not_to_contain_text(f"from #{number}")
    session.remove()
    found = [session.get(Ticket, number) for number in three]
    assert [ticket.merged_into_id for ticket in found] == [None] * 3
    assert [message.body for message in found[0].messages] == ["It smokes since this morning.", "We come."]


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
def test_while_a_ticket_is_written_what_is_like_it_shows_by_itself(three, browser_of):
    page = browser_of("Agnes")
    page.goto("/console/tickets/new")
    page.get_by_label("Subject").fill("Printer merges once more")
    page.get_by_label("Description").fill("It smokes since this morning.")

    expect(page.locator("#similar")).to_contain_text(f"#{three[2]} Printer merges once more")
