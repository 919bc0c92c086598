"""The other method, on paper."""

from datetime import UTC, datetime, timedelta

import pytest

from models import Ticket, open_ticket, session
from models.assignment import assign_due_batch
from models.simulation import Simulation

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def month(team, carla, agnes, arthur):
    """Agnes closes at once what she is given, Arthur never: by open tickets Agnes gets nearly all."""
    team.auto_assign = "equal_open"
    for place in range(8):
        at = MONDAY + place * timedelta(days=1) if place < 5 else MONDAY + timedelta(days=7) + place * HOUR
        ticket = open_ticket(team, carla, f"Request {place}", "…", at=at)
        session.commit()
        assign_due_batch(at)
        if ticket.assignee is agnes:
            ticket.close(by=agnes.contact, at=at + HOUR / 2)
        session.commit()
    return team


def shares(team, method):
    return {str(one.user): (one.then, one.now) for one in Simulation(team, method, MONDAY + timedelta(days=9)).shares()}


def test_the_same_method_gives_the_same_again(month):
    assert shares(month, "equal_open") == {"Agnes": (7, 7), "Arthur": (1, 1)}


def test_the_other_method_shares_all_tickets_alike(month):
    assert shares(month, "equal_total") == {"Agnes": (7, 4), "Arthur": (1, 4)}


def test_nothing_changes(month):
    before = [(ticket.assignee_id, ticket.last_activity_at) for ticket in session.query(Ticket).order_by(Ticket.id)]
    shares(month, "equal_total")
    assert not session.dirty
    assert [
        (ticket.assignee_id, ticket.last_activity_at) for ticket in session.query(Ticket).order_by(Ticket.id)
    ] == before
