"""All tickets of a stage at once: ticking and unticking *folded* (R-STAGE-2), and a stage that goes (R-STAGE-6)."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from models import Closing, Contact, Delivery, Event, Stage, Ticket, session
from models.base import now
from models.filters import Filters
from models.listing import page_of
from models.stage import StageHoldsTickets
from models.sweep import close_due_batch
from models.templates_shipped import shipped

FULL, USUAL = 50_000, 1_000
MOST_SECONDS = 5


def many(team, customer, stage, number):
    """So many tickets of a year ago."""
    long_ago = now() - timedelta(days=365)
    times = dict.fromkeys(("created_at", "last_activity_at", "stage_changed_at"), long_ago)
    row = {"team_id": team.id, "stage_id": stage.id, "customer_id": customer.id, **times}
    session.execute(insert(Ticket), [row | {"subject": f"Ticket {n}", "rank": float(n)} for n in range(number)])
    session.commit()


def count(model, *where):
    return session.scalar(select(func.count()).select_from(model).where(*where))


def timed(verb):
    started = time.monotonic()
    verb()
    session.commit()
    return time.monotonic() - started


def test_a_stage_full_of_tickets_is_folded_and_unfolded_without_mail(team, carla, agnes, ada, request):
    number = FULL if request.config.option.full else USUAL
    stage = team.stages[2]
    many(team, carla, stage, number)

    seconds = timed(lambda: stage.fold(True, by=ada.contact))
    assert seconds < MOST_SECONDS, seconds
    assert count(Closing, Closing.by_id == ada.contact_id, Closing.how == "agent") == number
    assert count(Event, Event.kind == "closed") == number and count(Delivery) == 0
    page = page_of(agnes, Filters(status="closed"))
    assert len(page.rows) == 50 and page.next and {row.status for row in page.rows} == {"closed"}
    assert page_of(agnes, Filters(status="active")).rows == []

    seconds = timed(lambda: stage.fold(False, by=ada.contact))
    assert seconds < MOST_SECONDS, seconds
    assert count(Closing) == 0 and count(Event, Event.kind == "reopened") == number and count(Delivery) == 0
    assert len(page_of(agnes, Filters(status="active")).rows) == 50
    assert page_of(agnes, Filters(status="closed")).rows == []


def test_what_is_reopened_is_not_closed_by_the_rule_the_next_minute(team, carla, ada):
    team.auto_close = True
    many(team, carla, team.stages[2], 3)
    team.stages[2].fold(True, by=ada.contact)
    team.stages[2].fold(False, by=ada.contact)
    session.commit()

    assert close_due_batch(now()) == 0
    assert close_due_batch(now() + timedelta(days=8)) == 3


def test_a_mail_that_would_say_it_is_closed_is_not_sent_after_unfolding(team, printer, ada):
    team.closing_stage.email_template = shipped("Ticket closed")
    printer.close(by=ada.contact, why="Done")
    session.commit()
    waiting = select(Delivery.state).join(Event).where(Event.kind == "closed", Delivery.kind == "stage")
    assert session.scalars(waiting).all() == ["queued"]

    team.closing_stage.fold(False, by=ada.contact)
    session.commit()
    assert session.scalars(waiting).all() == ["cancelled"] and not printer.closed


@pytest.mark.parametrize(("place", "word"), [(1, "stage"), (4, "closed")])
def test_a_stage_that_goes_hands_its_tickets_over_without_mail(place, word, team, carla, ada, request):
    gone, takes = team.stages[2], team.stages[place]
    takes.email_template = shipped("Ticket closed")
    many(team, carla, gone, FULL if request.config.option.full else 20)
    tickets = count(Ticket)
    with pytest.raises(StageHoldsTickets):
        team.remove_stage(gone)

    assert timed(lambda: team.remove_stage(gone, takes=takes, by=ada.contact)) < MOST_SECONDS
    assert count(Ticket, Ticket.stage_id == takes.id) == count(Event, Event.kind == word) == tickets
    assert count(Closing) == (tickets if word == "closed" else 0) and count(Delivery) == 0
    [event] = session.scalars(select(Event).limit(1))
    assert (event.from_, event.to, event.by) == (gone.name, takes.name, ada.contact)


def test_a_closing_stage_that_goes_reopens_what_an_open_one_takes(team, printer, ada):
    printer.close(by=ada.contact, why="Done")
    closed, opened = team.closing_stage, team.stages[1]
    session.commit()

    team.remove_stage(closed, takes=opened, by=ada.contact)
    session.commit()
    assert (printer.stage, printer.closing, printer.events[-1].kind) == (opened, None, "reopened")


def test_tickets_of_other_teams_stay_in_a_shared_stage(team, carla, company, ada):
    from models import make_team, open_ticket

    other = make_team("Billing", "billing", company)
    theirs, stage = open_ticket(other, carla, "Bill", "Text"), team.first_stage
    session.commit()
    team.remove_stage(stage, takes=team.stages[1], by=ada.contact)
    session.commit()

    assert theirs.stage is stage and stage in other.stages and stage not in team.stages
    assert session.get(Stage, stage.id) and session.scalar(select(func.count()).select_from(Contact))
