"""R-CLOSE: by hand, by the customer, by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Delivery, Ticket, session
from models.base import now
from models.closing import ClosureNotOffered, TicketClosed
from models.sweep import close_due_batch, remind_due_batch

DAY = timedelta(days=1)


def kinds(ticket):
    return [event.kind for event in ticket.events]


def test_closing_twice_leaves_one_line_in_the_history(printer, agnes):
    printer.close(by=agnes.contact)
    printer.close(by=agnes.contact)
    session.commit()

    assert kinds(printer) == ["created", "closed"]


def test_close_goes_to_the_first_folded_stage(printer, agnes, team):
    team.first_with_status("resolved").folded = True

    printer.close(by=agnes.contact)

    assert printer.stage.name == "Resolved"


def test_close_goes_to_the_last_stage_where_none_is_folded(printer, agnes, team):
    team.closing_stage.folded = False

    printer.close(by=agnes.contact)

    assert (printer.stage.name, printer.closed) == ("Closed", False)


def test_a_closing_remembers_who_when_how_and_why(printer, agnes):
    printer.close(by=agnes.contact, why="Extinguished", at=now() + DAY)

    closing = printer.closing
    assert (closing.by, closing.how, closing.why, closing.from_stage.name) == (
        agnes.contact, "agent", "Extinguished", "New",
    )  # fmt: skip


def test_closed_is_asked_alike_of_one_ticket_and_of_all(printer, agnes):
    assert session.scalars(select(Ticket).where(Ticket.closed)).all() == []
    printer.close(by=agnes.contact)
    assert session.scalars(select(Ticket).where(Ticket.closed)).all() == [printer]


def test_a_closed_ticket_is_locked_for_agents(printer, agnes, arthur):
    printer.close(by=agnes.contact)

    for attempt in (
        lambda: printer.reply(agnes.contact, "One more thing"),
        lambda: printer.reply(agnes.contact, "A note", internal=True),
        lambda: printer.assign_to(arthur, by=agnes.contact),
        lambda: printer.edit(agnes.contact, subject="Other"),
    ):
        with pytest.raises(TicketClosed):
            attempt()


def test_a_customer_closes_only_where_the_team_offers_it(printer, carla, team):
    with pytest.raises(ClosureNotOffered):
        printer.close_by_customer(carla)

    team.closure_by_customers = True
    printer.close_by_customer(carla, comment="Works again", score=5)

    assert (printer.closing.how, printer.closing.why, printer.rating.score) == ("customer", "Works again", 5)


def test_a_resolved_ticket_asks_the_customer(printer, agnes, carla, team):
    printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    assert printer.closable_by_customer

    printer.not_solved(carla)
    assert printer.status == "open"

    printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    printer.close_by_customer(carla)
    assert printer.closed


def test_a_customers_message_reopens_within_the_window(printer, agnes, carla):
    printer.close(by=agnes.contact)
    session.commit()

    message = printer.reply(carla, "It burns again", at=printer.closing.at + 7 * DAY)

    assert (message.ticket, printer.closed, printer.closing) == (printer, False, None)
    assert kinds(printer)[-1] == "reopened"


def test_after_the_window_it_opens_a_follow_up_that_links_both_ways(printer, agnes, carla):
    printer.edit(agnes.contact, tags=["fire"])
    printer.close(by=agnes.contact)
    session.commit()

    message = printer.reply(carla, "It burns again", at=printer.closing.at + 7 * DAY + timedelta(seconds=1), key="k")

    follow_up = message.ticket
    assert printer.closed
    assert (follow_up.follow_up_of, printer.follow_ups) == (printer, [follow_up])
    assert (follow_up.customer, [tag.name for tag in follow_up.tags], len(follow_up.messages)) == (carla, ["fire"], 1)
    assert printer.reply(carla, "It burns again", at=message.at, key="k").ticket is follow_up


def test_reopening_takes_back_the_closing_mail_that_has_not_left(printer, agnes, carla):
    printer.close(by=agnes.contact)
    session.commit()
    printer.reply(carla, "Not yet!")
    session.commit()

    stage_mails = select(Delivery.state).where(Delivery.kind == "stage").order_by(Delivery.id)
    assert session.scalars(stage_mails).all() == ["queued", "cancelled"]


@pytest.fixture
def rule(team):
    team.auto_close = True
    session.commit()
    return team


@pytest.fixture
def answered(printer, agnes):
    printer.reply(agnes.contact, "Take the extinguisher.")
    session.commit()
    return printer


def test_automatic_closing_is_never_early_and_then_at_once(rule, answered):
    due = answered.last_activity_at + 7 * DAY

    assert close_due_batch(due - timedelta(seconds=1)) == 0
    assert close_due_batch(due) == 1
    session.commit()

    assert (answered.closed, answered.closing.how, answered.closing.by) == (True, "automatic", None)
    assert answered.closing.why == "inactive for 7 days"
    assert kinds(answered)[-1] == "closed"


def test_a_run_sends_one_closing_mail_and_running_again_nothing(rule, answered):
    at = answered.last_activity_at + 8 * DAY
    close_due_batch(at)
    session.commit()
    assert close_due_batch(at + 30 * DAY) == 0

    mails = select(Delivery).where(Delivery.kind == "stage", Delivery.ticket_id == answered.id).order_by(Delivery.id)
    assert [mail.template.name for mail in session.scalars(mails)] == ["Ticket received", "Ticket closed"]


def test_a_ticket_that_waits_for_our_answer_is_spared(rule, printer):
    at = printer.last_activity_at + 8 * DAY

    assert close_due_batch(at) == 0
    assert [(v.action, v.why) for v in rule.verdicts(at)] == [("spare", "waits for our answer")]

    rule.spare_waiting = False
    assert close_due_batch(at) == 1


def test_never_close_automatically_holds(rule, answered, agnes):
    answered.edit(agnes.contact, never_auto_close=True)
    session.commit()

    assert close_due_batch(now() + 30 * DAY) == 0


def test_only_the_watched_stages_are_closed(rule, answered, team):
    team.auto_close_in = [team.first_stage]
    session.commit()

    assert close_due_batch(now() + 30 * DAY) == 0


def test_without_a_folded_stage_tickets_go_to_the_last_one_once(rule, answered, team):
    team.closing_stage.folded = False
    session.commit()

    assert close_due_batch(now() + 30 * DAY) == 1
    session.commit()
    assert (answered.stage.name, answered.closing) == ("Closed", None)
    assert close_due_batch(now() + 60 * DAY) == 0


def test_a_note_counts_as_activity_and_a_reminder_does_not(rule, answered, agnes):
    rule.remind_days_before = 2
    first = answered.last_activity_at
    assert remind_due_batch(first + 5 * DAY) == 1
    session.commit()
    assert (answered.last_activity_at, remind_due_batch(first + 6 * DAY)) == (first, 0)

    answered.reply(agnes.contact, "Called, no answer", internal=True)
    assert answered.last_activity_at > first
    assert answered.reminded_at is None


def test_folding_a_stage_closes_all_its_tickets_without_mail(printer, agnes, team):
    session.commit()
    mails = session.query(Delivery).count()

    assert team.first_stage.fold(True, by=agnes.contact) == 1
    session.commit()
    assert (printer.closed, printer.closing.by, kinds(printer)[-1]) == (True, agnes.contact, "closed")

    assert team.first_stage.fold(False, by=agnes.contact) == 1
    session.commit()
    assert (printer.closed, printer.closing, kinds(printer)[-1]) == (False, None, "reopened")
    assert session.query(Delivery).count() == mails
