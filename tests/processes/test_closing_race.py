"""A reply races the closing of its ticket, in two real processes: whoever commits first decides (R-CLOSE-5).

``--full`` runs 500 rounds on each database.
"""

import multiprocessing
import random
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from models import Closing, Company, Contact, Delivery, Event, Message, Ticket, make_team, session
from models.base import now
from models.sweep import close_due_batch
from models.templates_shipped import ship_all
from tests.conftest import make_app

pytestmark = pytest.mark.slow
SECONDS = 90


def step(number: int) -> timedelta:
    return timedelta(seconds=number)


def hesitate(turn: int):
    """In turns the one or the other starts a little later; how much later is chance."""
    time.sleep(random.uniform(0, 0.02 if turn % 2 else 0.002))


def close_each(url, folder, gate, numbers, first: datetime):
    """In round n the clock is where exactly the n-th ticket is due."""
    with make_app(url, folder).app_context():
        session.get(Ticket, numbers[0])  # everything is loaded before the race begins
        session.remove()
        for place, _ in enumerate(numbers):
            gate.wait(SECONDS)
            hesitate(place)
            close_due_batch(first + step(place))
            session.commit()
            session.remove()


def write_to_each(url, folder, gate, numbers):
    with make_app(url, folder).app_context():
        session.get(Ticket, numbers[0])  # everything is loaded before the race begins
        session.remove()
        for place, number in enumerate(numbers):
            gate.wait(SECONDS)
            hesitate(place + 1)
            ticket = session.get(Ticket, number)
            ticket.reply(ticket.customer, "It still burns, please look again.")
            session.commit()
            session.remove()


def test_no_ticket_ends_closed_with_a_newer_message(empty_database, tmp_path, request):
    rounds = 500 if request.config.getoption("--full") else 40
    app, first = make_app(empty_database, tmp_path), now() - timedelta(hours=1)
    with app.app_context():
        ship_all()
        team = make_team("Support", "support", Company(name="Acme"), auto_close=True)
        carla = Contact(email="carla@client.example")
        session.add(carla)
        session.flush()
        waiting = team.first_with_status("answered").id
        rows = []
        for place in range(rounds):
            active = first + step(place) - timedelta(days=7)
            told = {"created_at": active, "last_activity_at": active, "stage_changed_at": active, "subject": "Help"}
            rows.append(told | {"team_id": team.id, "stage_id": waiting, "customer_id": carla.id, "rank": place})
        session.execute(insert(Ticket), rows)
        session.commit()
        numbers = list(session.scalars(select(Ticket.id).order_by(Ticket.last_activity_at)))
        session.remove()

    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(2)
    racers = [
        spawn.Process(target=close_each, args=(empty_database, tmp_path, gate, numbers, first)),
        spawn.Process(target=write_to_each, args=(empty_database, tmp_path, gate, numbers)),
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(SECONDS * 4)
    assert [racer.exitcode for racer in racers] == [0, 0]

    with app.app_context():
        assert session.query(Message).count() == rounds
        assert session.query(Closing).count() == 0
        assert session.scalars(select(Ticket.id).where(Ticket.closed)).all() == []
        closed = select(Event.id).where(Event.kind == "closed")
        mails = session.scalars(select(Delivery.state).where(Delivery.event_id.in_(closed))).all()
        assert set(mails) <= {"cancelled"}
        # Where the closing was first, the message reopened; where the message was first, nothing was closed.
        reopened = session.query(Event).where(Event.kind == "reopened").count()
        assert len(mails) == reopened
        print(f"{rounds} races: the closing was first in {reopened}")
        assert 0 < reopened < rounds
        session.remove()
