"""Many schedules, many workers, and clocks that disagree (threat model, section 6; rules 58, 59 and 66)."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

import worker
from models import Closing, Company, Contact, Delivery, Event, Ticket, make_team, open_ticket, session
from models.base import now
from models.sweep import close_due_batch, remind_due_batch
from models.templates_shipped import ship_all
from tests.conftest import make_app
from tests.house.conftest import valkey
from web.queue import Doorbell

__all__ = ["valkey"]

TICKETS = 60
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def desk(empty_database, tmp_path):
    """A team that closes after seven days, and tickets that nobody touched for eight."""
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        ship_all()
        team = make_team("Support", "support", Company(name="Acme"), auto_close=True, spare_waiting=False)
        team.remind_days_before = 2
        carla, at = Contact(email="carla@client.example"), now() - timedelta(days=8)
        session.add(carla)
        for number in range(TICKETS):
            open_ticket(team, carla, f"Request {number}", "Please help.", at=at)
        session.query(Delivery).delete()
        session.commit()
        session.remove()
    return app


def at_once(app, jobs) -> list:
    gate, failures = threading.Barrier(len(jobs)), []

    def run(job, at):
        with app.app_context():
            gate.wait()
            try:
                while job(at, limit=7):
                    session.commit()
                session.commit()
            except Exception as failure:
                failures.append(failure)
            finally:
                session.remove()

    threads = [threading.Thread(target=run, args=one) for one in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_workers_side_by_side_close_each_ticket_once(desk):
    """With clocks five minutes apart, too."""
    jobs = [(close_due_batch, now()), (close_due_batch, now() + FIVE_MINUTES), (close_due_batch, now() - FIVE_MINUTES)]

    assert at_once(desk, jobs) == []
    with desk.app_context():
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (Closing, Delivery)]
        closed = session.scalar(select(func.count()).where(Event.kind == "closed"))
        assert (*counts, closed) == (TICKETS, TICKETS, TICKETS)
        session.remove()


def test_workers_side_by_side_remind_each_customer_once(desk):
    with desk.app_context():
        session.query(Ticket).update({"last_activity_at": now() - timedelta(days=6)})
        session.commit()
        session.remove()

    assert at_once(desk, [(remind_due_batch, now()), (remind_due_batch, now()), (remind_due_batch, now())]) == []
    with desk.app_context():
        assert session.scalar(select(func.count()).where(Delivery.kind == "reminder")) == TICKETS
        session.remove()


def test_a_clock_that_is_behind_closes_nothing_early(desk):
    with desk.app_context():
        session.query(Ticket).update({"last_activity_at": now() - timedelta(days=7) + timedelta(seconds=30)})
        session.commit()
        assert close_due_batch(now()) == 0
        assert close_due_batch(now() - FIVE_MINUTES) == 0
        session.remove()


def test_two_schedules_ring_once(valkey):
    bells = [Doorbell(valkey.url), Doorbell(valkey.url)]
    for job in worker.TIMETABLE:
        for bell in bells:
            bell.ring(job.__name__)

    assert {name: queue.count for name, queue in bells[0].queues.items()} == {"mail": 1, "default": 6}
