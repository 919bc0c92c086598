"""Lists by keyboard, and work on everything that a list shows, watched until it is done."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import Contact, SavedView, Team, User, open_ticket, session
from models.filters import Filters

from .test_axe import AXE, RUN
from .walk import Unheard

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("desk", ["sqlite"], indirect=True)]


@pytest.fixture
def tickets(desk):
    """Three about a zebra; the newest is the first of the list."""
    team = session.scalar(select(Team).where(Team.slug == "support"))
    customer = Contact.get_or_create("zoe@client.example", "Zoé", "en")
    numbers = [open_ticket(team, customer, f"Zebra {n}", "It is striped").number for n in range(3)]
    session.commit()
    session.remove()
    return numbers


def test_a_list_is_walked_and_ticked_by_keys(desk, browser_of, tickets):
    page = browser_of("Ada")
    page.goto("/console/tickets?q=zebra")
    first, second = (page.locator(f"tr:has-text('Zebra {n}')") for n in (2, 1))

    for key in ("j", "j", "x", "j", "x", "k"):
        page.keyboard.press(key)
    expect(second.locator("a.ticket-subject")).to_be_focused()
    expect(page.locator("[name=ticket]:checked")).to_have_count(2)
    expect(first.locator("[name=ticket]")).not_to_be_checked()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(rf"/console/tickets/{tickets[1]}$"))
    page.go_back(wait_until="networkidle")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search tickets")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("jx")
    expect(page.get_by_role("searchbox", name="Search tickets")).to_have_value("zebrajx")


def test_everything_a_list_shows_is_tagged_while_one_watches(desk, browser_of, tickets):
    page = browser_of("Ada")
    page.goto("/console/tickets?q=zebra")
    page.locator("[name=ticket]").first.check()
    page.get_by_label("All that the list shows").check()
    shown = page.locator("[name=ticket]").count()
    expect(page.locator("[name=ticket]:checked")).to_have_count(shown)
    page.get_by_text("Tag", exact=True).click()
    page.get_by_label("Tags to add").fill("striped")
    page.get_by_role("button", name="Add tags").click()
    expect(page.get_by_role("heading", name="Do this with")).to_be_visible()
    page.get_by_role("button", name="Add tags").click()

    expect(page.get_by_text("Finished:")).to_be_visible(timeout=90_000)
    page.goto("/console/tickets?q=zebra&tag=striped")
    expect(page.locator("a.ticket-subject")).to_have_count(shown)


def test_a_phone_sorts_by_a_choice_and_nothing_hangs_over(desk, browser_of, tickets):
    page = browser_of("Ada")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/console/tickets?q=zebra")
    page.get_by_label("Order").select_option(label="Oldest first")

    expect(page).to_have_url(re.compile("sort=created"))
    expect(page.locator("a.ticket-subject").first).to_have_text("Zebra 0")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_tools_of_a_list_open_within_the_window(desk, browser_of, tickets):
    page = browser_of("Ada")
    for width in (390, 800, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/console/tickets?q=zebra" + "a" * 200)
        assert page.evaluate("document.documentElement.scrollWidth") == width  # the chip breaks the word
        for tool in page.locator(".list-tools details").all():
            tool.locator("summary").click()
            box = tool.locator(".dropdown-menu").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, (width, box)


def test_lists_are_for_everybody(desk, browser_of, tickets):
    """WCAG, as far as a machine sees it: with everything open, in both looks."""
    ada = session.scalar(select(User).join(User.contact).where(Contact.email == "ada@acme.example"))
    view = SavedView.save(ada, "Zebras", Filters(q="zebra"), ada.companies[0]).id
    session.commit()
    session.remove()
    page, broken = browser_of("Ada", bypass_csp=True, reduced_motion="reduce"), []
    page.failures = Unheard()
    for address in (f"/console/tickets?q=zebra&view={view}", f"/console/views/{view}", "/console/tickets?page=99"):
        page.goto(address)
        if page.locator("[name=ticket]").count():
            page.locator("[name=ticket]").first.check()
        for tool in page.locator("main details[data-menu]").all():
            tool.evaluate("one => { one.open = true }")
        for looks, width in (("light", 1280), ("dark", 390)):
            page.emulate_media(color_scheme=looks)
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate(AXE)
            broken += [(address, looks, words) for words in page.evaluate(RUN)]
    assert broken == []
