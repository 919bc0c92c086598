"""R-CLOSE on random desks: the preview lists what the run closes, and nothing closes a second early.

``--full`` tries 500 desks and 2,000 moments.
"""

import os
import random
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import insert, select, update

from models import Ticket, open_ticket, session
from models.base import db
from models.closing_rule import Forecast
from models.outbox import queue_mail
from models.sweep import close_due_batch

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 3, 20, 9, tzinfo=UTC)


def random_desk(chance, team, people, at):
    """Up to thirty tickets of every sort, and a rule."""
    stages = list(team.stages)
    team.auto_close, team.auto_close_days = True, chance.choice([1, 3, 7, 30])
    team.spare_waiting, team.remind_days_before = chance.random() < 0.6, chance.choice([None, 1, 2])
    team.auto_close_stage = chance.choice([None, *stages])
    team.auto_close_in = chance.sample(
        [one for one in stages if one is not team.auto_close_stage], chance.choice([0, 0, 1, 2])
    )
    for stage in stages[3:]:
        stage.folded = chance.random() < 0.7
    session.flush()
    rows = []
    for _ in range(chance.randint(1, 30)):
        near = team.auto_close_days * DAY + timedelta(seconds=chance.choice([-1, 0, 1, 3600, -3600, 86400, 10**6]))
        active = at - chance.choice([near, timedelta(hours=chance.randint(0, 900))])
        told = {"team_id": team.id, "stage_id": chance.choice(stages).id, "customer_id": chance.choice(people).id}
        told |= {"subject": "Help", "created_at": active, "last_activity_at": active, "stage_changed_at": active}
        told |= {"waiting_since": chance.choice([None, None, active]), "never_auto_close": chance.random() < 0.15}
        rows.append(
            told | {"reminded_at": chance.choice([None, active + HOUR]), "rank": chance.random(), "priority": 0}
        )
    session.execute(insert(Ticket), rows)
    for ticket in session.scalars(select(Ticket).where(Ticket.team_id == team.id, Ticket.reminded_at.is_not(None))):
        mail = queue_mail("reminder", ticket.customer, f"test:{ticket.id}", ticket=ticket)
        mail.state, mail.created_at = chance.choice(["sent", "failed", "queued"]), ticket.reminded_at


def test_the_preview_lists_exactly_what_the_run_closes(app, company, carla, team, request):
    chance, count = random.Random(5), 500 if request.config.getoption("--full") else 15
    session.commit()
    seen = 0
    for _ in range(count):
        at = START + timedelta(seconds=chance.randint(0, 10**8))
        with db.engine.begin_nested() as savepoint:
            random_desk(chance, session.merge(team), [session.merge(carla)], at)
            session.commit()
            desk = session.merge(team)
            listed = {one.ticket.id for one in desk.verdicts(at) if one.action == "close"}
            told = Forecast.made(desk.closing_rule, at, "Europe/Paris")
            assert told.now == len(listed)
            assert {one.ticket.id for one in told.listed if one.action == "close" and one.due_at <= at} == listed
            before = dict(session.execute(select(Ticket.id, Ticket.stage_id)).all())
            while close_due_batch(at, limit=7):
                session.commit()
            session.commit()
            after = dict(session.execute(select(Ticket.id, Ticket.stage_id)).all())
            assert {id for id in after if after[id] != before[id]} == listed
            seen += len(listed)
            session.remove()
            savepoint.rollback()
    assert seen > count / 2


CHANGES = [  # moments at which clocks change, somewhere, and a leap day
    datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2026, 4, 4, 16, tzinfo=UTC),
]  # fmt: skip


@pytest.fixture
def elsewhere():
    """The process itself in another time zone."""
    before = os.environ.get("TZ")

    def go(zone):
        os.environ["TZ"] = zone
        time.tzset()

    yield go
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def test_never_a_second_early_and_at_once_when_due(app, team, carla, elsewhere, request):
    chance = random.Random(3)
    count = 2000 if request.config.getoption("--full") else 60
    zones = sorted(zone for zone in available_timezones() if "/" in zone)
    team.auto_close, team.spare_waiting = True, False
    ticket = open_ticket(team, carla, "Help", "Please.")
    session.commit()
    early = late = 0
    for _ in range(count):
        zone, days = chance.choice(zones), chance.choice([1, 2, 3, 7, 10, 30, 365])
        elsewhere(zone)
        change = chance.choice(CHANGES) + timedelta(seconds=chance.randint(-3 * 86400, 3 * 86400))
        local = (change - days * DAY).astimezone(ZoneInfo(zone))
        team.company.timezone, team.auto_close_days = zone, days
        fresh = {"stage_id": team.first_stage.id, "last_activity_at": local, "reminded_at": None}
        session.execute(update(Ticket).where(Ticket.id == ticket.id).values(**fresh))
        session.commit()
        due = local.astimezone(UTC) + timedelta(hours=24 * days)
        with db.engine.begin_nested() as savepoint:
            early += close_due_batch((due - timedelta(seconds=1)).astimezone(ZoneInfo(chance.choice(zones))))
            late += 1 - close_due_batch(due.astimezone(ZoneInfo(chance.choice(zones))))
            session.remove()
            savepoint.rollback()
        team, ticket = session.merge(team), session.merge(ticket)
    assert (early, late) == (0, 0)
