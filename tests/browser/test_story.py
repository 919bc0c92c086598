"""One ticket's whole life, as customer and agent see it: real browser, server, worker, queue and mail server."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from models.base import now
from tests.running import ROOT, until

pytestmark = pytest.mark.browser

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180"
    "5a347fe40000000049454e44ae426082"
)


def submit(page, email, subject, description, files=()):
    """Fill the public form; returns the number of the ticket."""
    page.goto("/helpdesk/support")
    page.get_by_label("Your name").or_(page.get_by_label("Name")).first.fill("Carla Conti")
    page.get_by_label("E-mail").first.fill(email)
    page.get_by_label("Subject").fill(subject)
    page.locator("[name=description]").fill(description)
    if files:
        page.locator("[name=attachments]").set_input_files(files)
    page.get_by_role("button", name="Send the request").click()
    done = page.locator(".done-number")
    expect(done).to_be_visible()
    assert subject not in page.content()
    return int(re.search(r"\d+", done.inner_text())[0])


def mail_number(desk, address, count):
    """The latest of so many mails to this address, when it has come."""
    until(lambda: len(desk.postbox.to(address)) >= count, 30)
    mails = desk.postbox.to(address)
    assert len(mails) == count, [mail.message["Subject"] for mail in mails]
    return mails[-1]


def link_in(mail):
    return re.search(r"http://\S+/ticket/\S+", mail.text)[0]


def stage_of(page, number, stage):
    """The board shows the card in this column."""
    column = page.locator(".board-column", has=page.locator("h2", has_text=re.compile(f"^{stage}$")))
    return column.locator(f"#ticket-{number}")


def drag(page, number, stage):
    """Drag the card of a ticket into the column of a stage, and wait until the server knows."""
    expect(page.locator("#board[data-started]")).to_be_visible()
    column = page.locator(".board-column", has=page.locator("h2", has_text=re.compile(f"^{stage}$")))
    with page.expect_response(re.compile(f"/tickets/{number}/moves")):
        page.locator(f"#ticket-{number}").drag_to(column.locator(".board-cards"))


def flask(desk, *words):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(command, cwd=ROOT, env=desk.environ, capture_output=True, text=True, check=True, timeout=60)


def test_one_tickets_whole_life(desk, browser_of, tmp_path):
    customer = "carla@client.example"
    picture = tmp_path / "smoke.png"
    picture.write_bytes(PNG)
    number = submit(browser_of(), customer, "The printer is on fire", "It smokes since this morning.", [picture])

    # It stands in New, assigned by rule.
    agent = browser_of("Agnes")
    agent.goto("/console/")
    agent.get_by_role("link", name="Support", exact=True).click()
    expect(stage_of(agent, number, "New")).to_be_visible()
    until(lambda: agent.reload() and agent.locator(f"#ticket-{number} .avatar:not(.avatar-nobody)").count(), 30)

    # The mail arrives, and its link opens without cookies.
    received = mail_number(desk, customer, 1)
    assert received.message["Auto-Submitted"]
    visitor = browser_of()
    visitor.goto(link_in(received))
    expect(visitor.get_by_text("It smokes since this morning.")).to_be_visible()
    expect(visitor.get_by_text("smoke.png")).to_be_visible()

    # The agent drags the card to In progress; it is there after a reload.
    drag(agent, number, "In progress")
    expect(stage_of(agent, number, "In progress")).to_be_visible()
    agent.reload()
    expect(stage_of(agent, number, "In progress")).to_be_visible()

    # The agent answers, and the ticket moves to Customer feedback.
    agent.goto(f"/console/tickets/{number}")
    agent.locator("#answer [name=body]").fill("Please switch it off. Does it still smoke?")
    agent.get_by_role("button", name=re.compile("^Send")).click()
    expect(agent.locator("#ticket-head")).to_contain_text("Customer feedback")

    # The mail links back, the customer replies, and it is In progress again.
    answered = mail_number(desk, customer, 2)
    assert "Does it still smoke?" in answered.text
    assert received.id in answered.message["References"]
    visitor.goto(link_in(answered))
    expect(visitor.locator("#outlook")).to_contain_text("wait for you")
    visitor.locator("#reply [name=body]").fill("No, it has stopped.")
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_text("No, it has stopped.")).to_be_visible()
    agent.reload()
    expect(agent.locator("#ticket-head")).to_contain_text("In progress")

    # The agent resolves; the customer confirms, and it is closed and locked.
    agent.locator("#ticket-side .pick-toggle").first.click()
    agent.locator("#ticket-side").get_by_role("button", name="Resolved").click()
    expect(agent.locator("#ticket-head")).to_contain_text("Resolved")
    asked = mail_number(desk, customer, 3)
    visitor.goto(link_in(asked))
    visitor.get_by_text("Yes, it is solved").click()
    visitor.get_by_role("button", name="Close the ticket").click()
    expect(visitor.locator("#outlook")).to_contain_text("This ticket is closed")
    mail_number(desk, customer, 4)

    agent.reload()
    expect(agent.get_by_text("This ticket is closed.")).to_be_visible()
    expect(agent.locator("#answer")).to_have_count(0)
    story = agent.locator("#story")
    for line in (
        "assigned the ticket to",
        "from New to In progress",
        "from In progress to Customer feedback",
        "from Customer feedback to In progress",
        "from In progress to Resolved",
        "Carla Conti closed the ticket",
    ):
        expect(story).to_contain_text(line)


def test_a_quiet_ticket_closes_by_itself_after_eight_days(desk, browser_of):
    customer = "quentin@client.example"
    number = submit(browser_of(), customer, "A question", "Which toner do I need?")
    agent = browser_of("Arthur")
    agent.goto(f"/console/tickets/{number}")
    agent.locator("#answer [name=body]").fill("The black one, number 12.")
    agent.get_by_role("button", name=re.compile("^Send")).click()
    expect(agent.locator("#ticket-head")).to_contain_text("Customer feedback")

    in_eight_days = (now() + timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = flask(desk, "close-inactive", "--now", in_eight_days, "--dry-run").stdout
    assert f'"ticket": {number}, "action": "close"' in said
    flask(desk, "close-inactive", "--now", in_eight_days)

    agent.reload()
    expect(agent.get_by_text("It closed by itself")).to_be_visible()
    expect(agent.locator("#story")).to_contain_text("Guichet closed the ticket")
