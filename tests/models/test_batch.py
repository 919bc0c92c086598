"""R-CLOSE-4b: a run of the rule is one thing to look at and to undo."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Batch, Contact, Delivery, Event, SettingChange, Ticket, now, open_ticket, session
from models.batch import UNDONE, batches_of
from models.closing_rule import closing_teams
from models.sweep import close_due_batch

DAY = timedelta(days=1)
SIZE = 12


@pytest.fixture
def inactive(team, agnes):
    """Tickets that nobody touched for ten days, each of another customer, answered once."""
    team.auto_close = True
    tickets, at = [], now() - 10 * DAY
    for number in range(SIZE):
        customer = Contact(email=f"customer{number}@client.example", name=f"Customer {number}")
        ticket = open_ticket(team, customer, f"Request {number}", "Please.", at=at)
        ticket.reply(agnes.contact, "Done?", at=at + timedelta(minutes=number))
        tickets.append(ticket)
    session.query(Delivery).delete()
    session.commit()
    return tickets


def run(at, limit=5) -> Batch:
    """The whole run, in several transactions."""
    while close_due_batch(at, limit=limit):
        session.commit()
    session.expire_all()
    return session.scalars(select(Batch).order_by(Batch.id.desc())).first()


def state(ticket):
    fields = "stage_id", "last_activity_at", "stage_changed_at", "rank", "reminded_at", "waiting_since"
    return {name: getattr(ticket, name) for name in fields}


def test_a_run_is_one_batch_however_many_transactions_it_took(inactive, team):
    at = now()
    batch = run(at)

    assert [(one.id, one.size, one.at) for one in batches_of(team)] == [(batch.id, SIZE, at)]


def test_what_comes_a_minute_later_is_another_run(inactive, team):
    at = inactive[5].last_activity_at + 7 * DAY
    first = run(at)
    second = run(at + timedelta(minutes=60))

    assert (first.size, second.size, len(batches_of(team))) == (6, SIZE - 6, 2)


def test_undo_brings_back_stage_and_dates_and_cancels_the_mails(inactive, ada):
    before = [state(ticket) for ticket in inactive]
    batch = run(now())
    assert all(ticket.closed for ticket in inactive)

    assert batch.undo(by=ada.contact) == SIZE
    session.commit()

    assert [state(ticket) for ticket in inactive] == before
    assert [ticket.closing for ticket in inactive] == [None] * SIZE
    assert set(session.scalars(select(Delivery.state))) == {"cancelled"}
    last = [ticket.events[-1] for ticket in inactive]
    assert {(event.kind, event.by, event.why) for event in last} == {("reopened", ada.contact, UNDONE)}
    assert (batch.undone_by, batch.restored, batch.touched) == (ada.contact, SIZE, 0)


def test_undo_leaves_what_somebody_touched_since(inactive, agnes, ada):
    batch = run(now())
    reopened, thanked, rated, called, reclosed, mailed, written = inactive[:7]
    reopened.reopen(by=agnes.contact)
    thanked.add_message(thanked.customer, "Thanks")
    rated.rate(5)
    called.record("contact_attempt", by=agnes.contact, to="call")
    reclosed.reopen(by=agnes.contact)
    reclosed.close(by=agnes.contact, why="Again")
    mailed.record("contact_attempt", by=ada.contact, to="mail")
    written.reply(written.customer, "It is not solved at all, please look again.")
    session.commit()
    before = [state(ticket) for ticket in inactive[:7]]

    assert batch.undo(by=ada.contact) == SIZE - 7
    session.commit()

    assert [state(ticket) for ticket in inactive[:7]] == before
    assert (batch.restored, batch.touched) == (SIZE - 7, 7)
    assert not any(ticket.closed for ticket in inactive[7:])


def test_a_person_whose_clock_is_behind_has_touched_it_all_the_same(inactive, agnes, ada):
    at = now()
    batch = run(at)
    inactive[0].record("contact_attempt", by=agnes.contact, to="call", at=at - timedelta(minutes=5))
    inactive[1].add_message(inactive[1].customer, "Thanks", at=at - timedelta(minutes=5))
    session.commit()

    assert batch.undo(by=ada.contact) == SIZE - 2


def test_a_mail_that_has_left_is_counted_and_stays_sent(inactive, ada):
    batch = run(now())
    session.scalars(select(Delivery).where(Delivery.ticket_id == inactive[0].id)).one().state = "sent"
    session.commit()

    batch.undo(by=ada.contact)
    session.commit()

    assert batch.told() == 1
    assert sorted(session.scalars(select(Delivery.state))) == ["cancelled"] * (SIZE - 1) + ["sent"]


def test_undo_switches_the_rule_off_which_would_close_the_same_again(inactive, ada, team):
    batch = run(now())
    batch.undo(by=ada.contact)
    session.commit()

    assert (team.auto_close, closing_teams(), close_due_batch(now())) == (False, [], 0)
    change = session.scalars(select(SettingChange)).one()
    assert (change.setting, change.by) == ("auto_close", ada.contact)


def test_a_run_that_was_listed_with_who_undid_it_can_be_undone(inactive, ada, team):
    run(now())
    session.expire_all()

    assert batches_of(team)[0].undo(by=ada.contact) == SIZE


def test_undoing_twice_changes_nothing_more(inactive, ada):
    batch = run(now())
    batch.undo(by=ada.contact)
    session.commit()
    lines = session.query(Event).count()

    assert batch.undo(by=ada.contact) == SIZE
    assert session.query(Event).count() == lines


def test_a_stage_that_is_gone_is_replaced_by_that_of_reopening(inactive, ada, team):
    waiting = team.first_with_status("answered")
    batch = run(now())
    waiting.delete()
    session.commit()

    assert batch.undo(by=ada.contact) == SIZE
    session.commit()
    assert {ticket.stage.name for ticket in inactive} == {"In progress"}


def test_a_run_into_an_unfolded_last_stage_can_be_undone_too(inactive, ada, team):
    team.closing_stage.folded = False
    session.commit()
    before = [state(ticket) for ticket in inactive]
    batch = run(now())
    assert {ticket.stage.name for ticket in inactive} == {"Closed"}

    assert batch.undo(by=ada.contact) == SIZE
    session.commit()
    assert [state(ticket) for ticket in inactive] == before


def test_a_thousand_of_which_seven_were_touched(team, carla, agnes, ada):
    """The measure of the issue: 993 come back, and their mails never leave."""
    team.auto_close, team.spare_waiting = True, False
    first, at = open_ticket(team, carla, "Request", "Please.", at=now() - 30 * DAY), now()
    session.flush()
    columns = [c for c in Ticket.__table__.columns if c.name not in ("id", "submission_key")]
    rows = [{c.name: getattr(first, c.name) for c in columns} for _ in range(999)]
    session.execute(Ticket.__table__.insert(), rows)
    session.query(Delivery).delete()
    session.commit()
    batch = run(at, limit=300)
    assert batch.size == 1000
    for ticket in session.scalars(select(Ticket).order_by(Ticket.id).limit(7)):
        ticket.reply(carla, "Still broken, please look again.")
    session.commit()

    assert batch.undo(by=ada.contact) == 993
    session.commit()
    closing_mails = select(Delivery.state).join(Delivery.event).where(Event.kind == "closed")
    assert session.scalars(closing_mails).all() == ["cancelled"] * 1000
    assert session.query(Ticket).where(Ticket.closed).count() == 0
