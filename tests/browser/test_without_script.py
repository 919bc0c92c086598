"""Every step of a customer works where scripts do not run."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from models import Team, session
from tests.running import until

from .walk import Unheard

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("desk", ["sqlite"], indirect=True)]
CUSTOMER = "nora@client.example"


def test_a_customer_asks_writes_closes_and_comes_back_without_script(desk, browser_of, tmp_path):
    page, picture = browser_of(java_script_enabled=False), tmp_path / "door.png"
    page.failures = Unheard()  # the refusal is a 422
    session.execute(update(Team).values(closure_by_customers=True))
    session.commit()
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    page.goto("/")
    page.get_by_role("link", name="Support").click()
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator(".notice")).to_contain_text("to mend")
    typed = {"name": "Nora", "email": CUSTOMER, "subject": "The door is stuck", "description": "Help."}
    for name, words in typed.items():
        page.locator(f"[name={name}]").fill(words)
    page.get_by_label("Files").set_input_files(picture)
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator(".done-number")).to_be_visible()

    mail = until(lambda: desk.postbox.to(CUSTOMER), 60)[0]
    page.goto(re.search(r"http://\S+/ticket/\S+", mail.text)[0])
    expect(page.get_by_text("door.png")).to_be_visible()
    page.locator("#reply [name=body]").fill("It opened by itself.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".conversation")).to_contain_text("It opened by itself.")

    page.locator(".disclosure-summary").click()
    page.locator("[name=comment]").fill("Thank you")
    page.get_by_role("button", name="Close ticket").click()
    expect(page.locator("#outlook")).to_contain_text("This ticket is closed")
    page.get_by_text("Okay").click()
    page.get_by_role("button", name="Send the rating").click()
    expect(page.locator("#rating")).to_contain_text("Your rating: Okay")
    page.locator("#come-back [name=body]").fill("Stuck again.")
    page.get_by_role("button", name="Send and reopen").click()
    expect(page.locator("#outlook")).to_contain_text("We have your message")


def test_a_visitor_chooses_language_and_looks_without_script(desk, browser_of):
    page = browser_of(java_script_enabled=False)
    page.goto("/login")
    page.get_by_role("button", name="FR").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.locator("[name=theme][value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
