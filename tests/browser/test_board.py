"""What is dragged on a board, besides a card that simply moves (test_story.py)."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import Contact, Stage, Team, Ticket, open_ticket, session
from models.ticket import Opening, open_tickets

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


def test_a_stage_is_edited_over_the_board_with_the_way_to_save_in_sight(board):
    page, _number = board
    menu = column(page, "Resolved").locator(".board-column-tools")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Edit the stage").click()
    save = page.locator("#popup").get_by_role("button", name="Save")
    page.set_viewport_size({"width": 1280, "height": 600})
    expect(save).to_be_in_viewport(ratio=1)
    assert page.locator("#popup").bounding_box()["width"] >= 600
    page.locator("#popup").get_by_label("Description").fill("Believed to be solved.")
    save.click()
    expect(column(page, "Resolved").locator("h2")).to_have_attribute("title", "Believed to be solved.")


@pytest.fixture
def three(desk):
    """(address, numbers): Support with three new tickets of high priority, the first one on top."""
    team = session.scalar(select(Team).where(Team.slug == "support"))
    dora = Contact.get_or_create("dora@client.example", "Dora", "en")
    tickets = [open_ticket(team, dora, f"Request {word}", "Please.") for word in ("three", "two", "one")]
    for ticket in tickets:
        ticket.edit(None, priority=3)
    numbers, address = [ticket.number for ticket in reversed(tickets)], f"/console/teams/{team.id}"
    session.commit()
    session.remove()
    return address, numbers


def before(browser_of, name, address):
    page = browser_of(name)
    page.goto(address)
    expect(page.locator("#board[data-started]")).to_be_visible()
    return page


def on_top(page, stage, count):
    cards = column(page, stage).locator(".ticket-card")
    return [int(card.get_attribute("data-ticket")) for card in cards.all()[:count]]


def test_cards_move_by_keys_within_and_between_columns_and_stay_there(browser_of, three):
    address, (one, two, three) = three
    page = before(browser_of, "Agnes", address)
    assert on_top(page, "New", 3) == [one, two, three]

    for number, keys, stage, order in (
        (one, "Alt+ArrowDown", "New", [two, one, three]),
        (three, "Alt+Home", "New", [three, two, one]),
        (two, "Alt+ArrowUp", "New", [two, three, one]),
    ):
        page.locator(f"#ticket-{number}").focus()
        with page.expect_response(re.compile("/moves")):
            page.keyboard.press(keys)
        expect(page.locator("#announcer")).to_contain_text(f"Ticket {number} is now in {stage}")
        assert on_top(page, stage, 3) == order
        expect(page.locator(f"#ticket-{number}")).to_be_focused()
    with page.expect_response(re.compile("/moves")):
        page.keyboard.press("Alt+ArrowRight")
    expect(column(page, "In progress").locator(f"#ticket-{two}")).to_be_focused()

    page.reload()
    assert on_top(page, "New", 2) == [three, one] and on_top(page, "In progress", 1) == [two]


def test_cards_move_by_mouse_and_by_their_menu_and_stay_there(browser_of, three):
    address, (one, two, three) = three
    page = before(browser_of, "Agnes", address)
    with page.expect_response(re.compile("/moves")):
        page.locator(f"#ticket-{one}").drag_to(page.locator(f"#ticket-{three}"), target_position={"x": 60, "y": 70})
    assert on_top(page, "New", 3)[0] == two
    with page.expect_response(re.compile("/moves")):
        page.locator(f"#ticket-{two}").drag_to(column(page, "In progress").locator(".board-cards"))

    page.locator(f"#ticket-{three} [data-move]").click()
    page.locator("#move-dialog [name=stage]").select_option(label="In progress")
    with page.expect_response(re.compile("/moves")):
        page.locator("#move-dialog").get_by_role("button", name="Move", exact=True).click()
    expect(column(page, "In progress").locator(f"#ticket-{three}")).to_be_visible()
    page.reload()
    assert [number for number in on_top(page, "In progress", 9) if number in (two, three)] == [three, two]
    assert on_top(page, "New", 1) == [one]


def test_a_column_folded_by_one_stays_open_for_another_and_closes_nothing(desk, browser_of, three):
    address, (one, *_) = three
    agnes, arthur = before(browser_of, "Agnes", address), before(browser_of, "Arthur", address)
    head = column(agnes, "New").locator(".board-column-tools")
    head.locator("summary").click()
    head.get_by_role("button", name="Fold for me").click()
    expect(column(agnes, "New")).to_have_class(re.compile("board-column-folded"))
    expect(agnes.locator("#announcer")).to_contain_text("New is folded for you.")
    arthur.reload()
    expect(column(arthur, "New").locator(f"#ticket-{one}")).to_be_visible()
    assert not session.get(Ticket, one).closed
    session.remove()

    agnes.reload()
    expect(column(agnes, "New")).to_have_class(re.compile("board-column-folded"))
    column(agnes, "New").get_by_role("button", name="Unfold New").click()
    expect(column(agnes, "New").locator(f"#ticket-{one}")).to_be_visible()


def test_two_people_see_what_the_other_one_moves_and_keep_their_place(browser_of, three):
    address, (one, _two, three) = three
    agnes, arthur = before(browser_of, "Agnes", address), before(browser_of, "Arthur", address)
    arthur.locator(f"#ticket-{three}").focus()
    menu = column(arthur, "Resolved").locator("details")
    menu.locator("summary").evaluate("summary => summary.parentElement.open = true")

    agnes.locator(f"#ticket-{one}").focus()
    with agnes.expect_response(re.compile("/moves")):
        agnes.keyboard.press("Alt+ArrowRight")
    expect(column(arthur, "In progress").locator(f"#ticket-{one}")).to_be_visible(timeout=15_000)
    expect(arthur.locator(f"#ticket-{three}")).to_be_focused()
    expect(menu).to_have_attribute("open", "")

    with arthur.expect_response(re.compile("/moves")):
        arthur.keyboard.press("Alt+ArrowRight")
    expect(column(agnes, "In progress").locator(f"#ticket-{three}")).to_be_visible(timeout=15_000)


def test_a_stage_that_went_meanwhile_is_said_and_the_card_goes_back(desk, browser_of, three):
    address, (one, *_) = three
    page = before(browser_of, "Agnes", address)
    page.failures = Unheard()  # the refusal is a 422
    team = session.scalar(select(Team).where(Team.slug == "support"))
    gone = next(stage for stage in team.stages if stage.name == "Resolved")
    team.remove_stage(gone, takes=team.stages[0])
    session.commit()
    try:
        page.locator(f"#ticket-{one}").drag_to(column(page, "Resolved").locator(".board-cards"))
        expect(page.locator("#flashes .notice")).to_contain_text("does not have this stage")
        expect(column(page, "New").locator(f"#ticket-{one}")).to_be_visible()
        expect(column(page, "Resolved")).to_have_count(0, timeout=15_000)
    finally:
        team.set_stages(Stage.all())
        session.commit()
        session.remove()


def test_more_cards_come_as_one_scrolls(desk, browser_of):
    team = session.scalar(select(Team).where(Team.slug == "support"))
    dora = Contact.get_or_create("dora@client.example", "Dora", "en")
    numbers = [ticket.id for ticket in open_tickets([Opening(team, dora, f"Crowd {n}", "Please.") for n in range(40)])]
    address = f"/console/teams/{team.id}?q=crowd"
    session.commit()
    session.remove()
    page = before(browser_of, "Arthur", address)
    cards = column(page, "New").locator(".ticket-card")
    expect(cards).to_have_count(30)
    column(page, "New").locator(".board-cards").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(cards).to_have_count(40)

    for number in numbers:
        session.get(Ticket, number).close(silent=True)
    session.commit()
    session.remove()
    expect(cards).to_have_count(0)


def test_a_ticket_is_written_into_a_column_by_keys_on_ones_own_board(browser_of, three):
    page = before(browser_of, "Agnes", "/console/tickets/mine/board")
    plus = column(page, "In progress").locator("[data-new-card]")
    plus.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".new-card option")).to_have_text(["Support"])
    page.keyboard.type("The door squeaks")
    page.keyboard.press("Tab")
    page.keyboard.type("dora@client.example")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("The ticket is in In progress.")
    expect(column(page, "In progress").locator(".ticket-card", has_text="The door squeaks")).to_be_visible()
    expect(page.locator(".new-card [name=subject]")).to_be_focused()  # for the next one
    page.keyboard.press("Escape")
    expect(plus).to_be_focused()

    page.reload()
    expect(column(page, "In progress").locator(".ticket-card", has_text="The door squeaks")).to_be_visible()
