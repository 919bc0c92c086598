"""R-ASSIGN-8: several workers at once, with people who assign by hand meanwhile, real processes on a real database."""

import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from models import Company, Contact, Event, Ticket, User, make_team, session
from models.assignment import BATCH
from models.base import now
from tests.conftest import make_app
from tests.running import ROOT

pytestmark = pytest.mark.slow

TICKETS, MEMBERS, WORKERS = 1000, 20, 4
ALL_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture
def desk(empty_database, tmp_path):
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        company = Company(name="Acme", working_hours=ALL_DAY)
        team = make_team("Support", "support", company, auto_assign="equal_total")
        people = [
            User(contact=Contact(email=f"m{n}@acme.example"), role="agent", companies=[company]) for n in range(MEMBERS)
        ]
        customer = Contact(email="carla@client.example")
        session.add_all([*people, customer])
        session.flush()
        start = now() - timedelta(days=1)
        # Created in the opposite order of their numbers: the oldest has the highest one.
        at = [start - timedelta(seconds=place) for place in range(TICKETS)]
        session.execute(
            insert(Ticket),
            [
                {"team_id": team.id, "stage_id": team.first_stage.id, "customer_id": customer.id, "subject": "Help",
                 "created_at": moment, "last_activity_at": moment, "stage_changed_at": moment} for moment in at
            ],
        )  # fmt: skip
        session.commit()
        session.remove()
        yield app
        session.remove()


def workers(url, folder):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "assign"]
    environ = {"PATH": "/usr/bin:/bin", "DATABASE_URL": url, "DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return [
        subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(WORKERS)
    ]


def assign_by_hand(numbers):
    """Give the newest tickets to the members in turn, one commit each, as people do."""
    chosen = {}
    for place, number in enumerate(numbers):
        ticket = session.get(Ticket, number)
        user = session.scalars(select(User).order_by(User.id)).all()[place % MEMBERS]
        if ticket.assignee is None:
            ticket.assign_to(user, by=user.contact)
            chosen[number] = user.id
        session.commit()
        time.sleep(0.02)
    return chosen


def test_four_workers_share_a_thousand_tickets_fairly_and_leave_peoples_choices(desk, empty_database, tmp_path):
    newest = session.scalars(select(Ticket.id).order_by(Ticket.id).limit(MEMBERS)).all()
    session.commit()
    running = workers(empty_database, tmp_path)
    by_hand = assign_by_hand(newest)
    for worker in running:
        said, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, said + errors

    assert len(by_hand) >= MEMBERS // 2, "the workers were done before anybody could choose"
    given = dict(session.execute(select(Ticket.id, Ticket.assignee_id)).all())
    assert None not in given.values()
    assert {number: given[number] for number in by_hand} == by_hand
    loads = Counter(given.values()).values()
    assert max(loads) - min(loads) <= 1
    events = session.scalars(select(Event).where(Event.kind == "assigned").order_by(Event.id)).all()
    assert len(events) == TICKETS
    automatic = [event.ticket_id for event in events if event.by_id is None]
    assert len(set(automatic)) == TICKETS - len(by_hand)
    assert automatic == sorted(automatic, reverse=True), "the oldest goes first"
    assert BATCH < TICKETS
