"""Many schedules, many workers, and clocks that disagree (threat model, section 6; rules 58, 59 and 66)."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

import worker
from models import (
    Batch,
    Closing,
    Company,
    Contact,
    Delivery,
    Event,
    Stage,
    Team,
    Ticket,
    make_team,
    open_ticket,
    session,
)
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


def test_the_tickets_that_several_workers_close_in_one_run_are_one_batch(desk):
    """R-CLOSE-4b: what was closed at once is listed and undone as one."""
    at = now()
    assert at_once(desk, [(close_due_batch, at)] * 4) == []
    with desk.app_context():
        assert session.scalars(select(Batch.size)).all() == [TICKETS]
        session.remove()


MEANWHILE = 0.4  # seconds between a change and its commit


def meanwhile(app, change) -> threading.Thread:
    """Somebody who has made this change and commits it in a moment."""
    made = threading.Event()

    def run():
        with app.app_context():
            change(session.scalar(select(Team)))
            session.flush()
            made.set()
            time.sleep(MEANWHILE)
            session.commit()
            session.remove()

    somebody = threading.Thread(target=run)
    somebody.start()
    assert made.wait(30)
    return somebody


def switch_off(team):
    team.auto_close = False


def unfold(team):
    team.closing_stage.fold(False)


def fold_where_they_stand(team):
    team.first_stage.fold(True)


def take_the_stage_away(team):
    other = Stage(name="Archive", folded=True, position=99)
    team.stages.append(other)
    team.remove_stage(team.closing_stage, takes=other)


@pytest.mark.parametrize(
    ("change", "end"),
    [(switch_off, "New"), (unfold, "Closed"), (fold_where_they_stand, "New"), (take_the_stage_away, "Archive")],
)
def test_a_rule_that_is_changed_meanwhile_closes_nothing_by_what_it_was(desk, change, end):
    with desk.app_context():
        somebody = meanwhile(desk, change)
        close_due_batch(now())
        session.commit()
        somebody.join()
        while close_due_batch(now()):
            session.commit()
        session.commit()
        tickets = session.scalars(select(Ticket)).all()

        assert {ticket.stage.name for ticket in tickets} == {end}
        assert all((ticket.closing is not None) == ticket.closed for ticket in tickets)
        session.remove()


def test_an_undo_leads_to_no_stage_that_is_folded_meanwhile(desk):
    with desk.app_context():
        while close_due_batch(now()):
            session.commit()
        session.commit()
        somebody = meanwhile(desk, fold_where_they_stand)
        session.scalar(select(Batch)).undo(by=None)
        session.commit()
        somebody.join()
        session.expire_all()

        assert {ticket.stage.name for ticket in session.scalars(select(Ticket))} == {"In progress"}
        assert session.scalar(select(func.count()).select_from(Closing)) == 0
        session.remove()
