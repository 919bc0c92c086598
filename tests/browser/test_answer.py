"""Writing an answer in a real browser: nothing that was typed is lost, and what was sent can be taken back."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import CannedReply, Contact, Message, Team, User, open_ticket, session
from tests.running import until

from .walk import Unheard

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("desk", ["sqlite"], indirect=True)]
SOON = 20_000  # milliseconds; a page looks every ten seconds
numbers = iter(range(1, 100))


@pytest.fixture
def ticket(desk):
    """(number, address) of a new ticket of a new customer."""
    team = session.scalar(select(Team).where(Team.slug == "support"))
    customer = Contact.get_or_create(f"customer{next(numbers)}@client.example", "Carla Conti")
    made = open_ticket(team, customer, "The lamp flickers", "Since noon.\n" * 40)
    session.commit()
    number, email = made.id, customer.email
    session.remove()
    return number, email


def at(browser_of, name, number):
    page = browser_of(name)
    page.goto(f"/console/tickets/{number}")
    return page


def box(page):
    return page.locator("#composer textarea")


def send(page):
    page.locator("#composer .composer-send").click()


def said(number) -> list[str]:
    session.rollback()
    query = select(Message.body).where(Message.ticket_id == number).order_by(Message.id)
    return list(session.scalars(query))


def test_what_one_types_stays_while_somebody_else_answers(desk, browser_of, ticket):
    number, _ = ticket
    agnes, arthur = at(browser_of, "Agnes", number), at(browser_of, "Arthur", number)
    box(agnes).fill("Did you change the bulb?")
    expect(arthur.locator("#presence")).to_contain_text("Agnes is writing an answer.", timeout=SOON)
    box(agnes).scroll_into_view_if_needed()
    before = box(agnes).bounding_box()["y"]

    box(arthur).fill("I have a look at it.\n" * 12)
    send(arthur)
    expect(agnes.locator("#presence")).to_contain_text("Arthur wrote meanwhile", timeout=SOON)

    expect(agnes.locator("#story")).to_contain_text("I have a look at it.")
    expect(box(agnes)).to_have_value("Did you change the bulb?")
    assert abs(box(agnes).bounding_box()["y"] - before) < 2
    send(agnes)
    expect(agnes.locator("#story")).to_contain_text("Did you change the bulb?")


def test_a_reply_that_crosses_another_is_asked_about_once(desk, browser_of, ticket):
    number, _ = ticket
    agnes = browser_of("Agnes")
    agnes.failures = Unheard()  # of the 422
    agnes.route("**/presence", lambda route: route.abort())  # the two cross each other: nothing told her
    agnes.goto(f"/console/tickets/{number}")
    box(agnes).fill("Did you change the bulb?")
    arthur = at(browser_of, "Arthur", number)
    box(arthur).fill("I have a look at it.")
    send(arthur)
    expect(arthur.locator("#story")).to_contain_text("I have a look at it.")

    send(agnes)
    expect(agnes.locator("#body-error")).to_contain_text("Arthur wrote meanwhile.")
    expect(agnes.locator("#story")).to_contain_text("I have a look at it.")
    expect(box(agnes)).to_have_value("Did you change the bulb?")
    send(agnes)
    expect(agnes.locator("#story")).to_contain_text("Did you change the bulb?")
    assert said(number)[1:] == ["I have a look at it.", "Did you change the bulb?"]


def test_a_draft_survives_a_closed_tab(desk, browser_of, ticket):
    number, _ = ticket
    page = at(browser_of, "Agnes", number)
    box(page).fill("Dear Carla, did you")
    expect(page.locator("[data-saved]")).to_have_text("Draft saved")
    page.locator("#composer label", has_text="Internal note").click()
    expect(box(page)).to_have_value("Dear Carla, did you")  # it goes along
    page.locator("#composer label", has_text="Reply to the customer").click()
    box(page).fill("Dear Carla, did you change the bulb?")
    context = page.context
    page.close()  # before the pause after the last key is over

    again = context.new_page()
    until(lambda: again.goto(f"/console/tickets/{number}") and "change the bulb" in box(again).input_value(), 15)
    expect(again.locator("#composer [name=internal]").first).to_be_checked()
    send(again)
    expect(again.locator("#story")).to_contain_text("change the bulb?")
    again.reload()
    expect(box(again)).to_have_value("")


def test_what_was_sent_is_taken_back_and_no_mail_leaves(desk, browser_of, ticket):
    number, customer = ticket
    page = at(browser_of, "Agnes", number)
    box(page).fill("Did you change the bubl?")
    send(page)
    expect(page.locator("#ticket-head")).to_contain_text("Customer feedback")
    page.get_by_role("button", name=re.compile("^Undo")).click()

    expect(box(page)).to_have_value("Did you change the bubl?")
    expect(page.locator("#ticket-head")).not_to_contain_text("Customer feedback")
    expect(page.locator("#story")).not_to_contain_text("bubl")
    box(page).fill("Did you change the bulb?")
    send(page)
    expect(page.locator(".undo")).to_be_visible()
    expect(page.locator(".undo")).to_have_count(0, timeout=SOON)  # the time is over

    mails = until(lambda: [mail for mail in desk.postbox.to(customer) if "bulb" in mail.text], 40)
    assert len(mails) == 1
    assert not [mail for mail in desk.postbox.to(customer) if "bubl" in mail.text]


def test_everything_is_done_by_keys_and_none_is_taken_from_who_types(desk, browser_of, ticket):
    number, _ = ticket
    agnes = session.scalar(select(User).join(User.contact).where(Contact.email == "agnes@acme.example"))
    words = "Hello {{ customer }}, change it."
    session.add(CannedReply(user=agnes, shortcut=f"bulb{number}", title="Bulb", body=words))
    session.commit()
    session.remove()
    page = at(browser_of, "Agnes", number)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("n")
    expect(box(page)).to_be_focused()
    page.keyboard.type("rn?zxa/jk")
    expect(box(page)).to_have_value("rn?zxa/jk")
    expect(page.locator("#keys")).not_to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#story .message-internal")).to_contain_text("rn?zxa/jk")
    page.wait_for_load_state()  # its keys are heard from then on
    page.keyboard.press("z")
    expect(box(page)).to_have_value("rn?zxa/jk")
    page.wait_for_load_state()

    page.keyboard.press("r")
    page.keyboard.press("Control+a")
    page.keyboard.type(f"So: :bulb{number}")
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("So: Hello Carla Conti, change it.")
    page.keyboard.type(" :nobody-has-this")
    page.keyboard.press("Tab")
    expect(page.locator("[data-said]")).to_have_text("No canned reply has the shortcut :nobody-has-this.")
    box(page).fill("So: Hello Carla Conti, change it.")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("bulb")
    expect(page.locator(".canned-item")).to_have_count(1)
    expect(page.locator(".canned-item")).to_be_in_viewport(ratio=0.8)
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("So: Hello Carla Conti, change it.Hello Carla Conti, change it.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#story .message-staff")).to_contain_text("So: Hello")
    page.wait_for_load_state()
    page.keyboard.press("s")
    expect(page.locator("#ticket-side .pick[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#story .message:focus")).to_have_count(1)


def test_a_form_beside_the_ticket_is_loaded_by_its_key(desk, browser_of, ticket):
    number, _ = ticket
    agnes = at(browser_of, "Agnes", number)
    agnes.keyboard.press("e")
    subject = agnes.locator("#side-edit").get_by_label("Subject")
    expect(subject).to_be_focused()
    subject.fill("The lamp is out")
    subject.press("Enter")
    expect(agnes.get_by_role("heading", level=1)).to_contain_text("The lamp is out")
    expect(agnes.locator("#side-edit form")).to_have_count(0)


def test_a_ticket_is_given_to_somebody_by_keys(desk, browser_of, ticket):
    number, _ = ticket
    agnes = at(browser_of, "Agnes", number)
    agnes.keyboard.press("o")
    nobody = agnes.locator("#pick-assignee").get_by_role("button", name="Nobody")
    expect(nobody).to_be_focused()  # whom it belongs to now
    agnes.locator("#pick-assignee").get_by_role("button", name="Arthur").focus()
    agnes.keyboard.press("Enter")
    expect(agnes.locator("#pick-assignee summary")).to_contain_text("Arthur")
    expect(agnes.locator("#pick-assignee form")).to_have_count(0)  # closed again, and loaded when it is opened
