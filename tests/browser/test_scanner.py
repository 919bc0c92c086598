"""Link scanners open what is mailed: once, many at once, and with scripts running. Nothing may change (rule 11)."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from models import (
    Closing,
    Contact,
    Delivery,
    Event,
    Link,
    Message,
    Rating,
    Team,
    Ticket,
    make_team,
    open_ticket,
    session,
)

pytestmark = pytest.mark.browser
TABLES = (Message, Event, Closing, Rating, Delivery, Link)


@pytest.fixture(params=["open", "resolved", "closed"])
def mailed(request, desk):
    """The signed link of a ticket that its customer may close, confirm or rate."""
    company = session.scalar(select(Team)).company
    team = make_team(f"Scans {request.param}", f"scans-{request.param}", company, closure_by_customers=True)
    sven = Contact(email=f"sven.{request.param}@client.example", name="Sven")
    ticket = open_ticket(team, sven, "The scanner", "It opens every link.")
    if request.param != "open":
        ticket.move_to(team.first_with_status("resolved") if request.param == "resolved" else team.closing_stage)
    session.flush()
    token, number = ticket.link_for(sven).token, ticket.id
    session.query(Delivery).where(Delivery.ticket_id == number).delete()
    session.commit()
    session.remove()
    return f"/ticket/{token}", number


def state(number):
    session.remove()
    counts = [session.scalar(select(func.count()).where(table.ticket_id == number)) for table in TABLES]
    ticket = session.get(Ticket, number)
    link = session.scalar(select(Link).where(Link.ticket_id == number))
    seen = [ticket.stage_id, ticket.last_activity_at, ticket.waiting_since, link.version, link.last_used_at]
    session.remove()
    return counts + seen


def test_machines_that_open_a_mailed_link_change_nothing(desk, mailed, browser_of):
    path, number = mailed
    before = state(number)

    def ask(method):
        request = urllib.request.Request(desk.address + path, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status

    with ThreadPoolExecutor(8) as many:
        assert set(many.map(ask, ["GET", "HEAD"] * 12)) == {200}
    assert state(number) == before

    page = browser_of()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    for one in page.locator("summary").all():  # what opens by a click is opened, and hovered over
        one.click()
    page.mouse.wheel(0, 4000)
    for one in page.locator("a[href], button").all():
        one.dispatch_event("mouseover")
    for address in {one.get_attribute("href") for one in page.locator("a[href]").all()}:
        if address and address.startswith("/") and "logout" not in address:
            page.request.get(address)
    assert state(number) == before
