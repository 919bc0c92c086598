"""R-CLOSE-9: attempts to reach the customer are kept, and what could not be delivered is seen."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mail import outgoing
from mail.envelope import Refused
from models import Delivery, Event, now, session
from models.assignment import CannotBeAssigned
from models.closing import TicketClosed
from models.contact_attempt import UnknownAttempt
from models.outbox import queue_mail

DAY = timedelta(days=1)


def test_an_attempt_is_a_line_of_the_history_and_an_activity(printer, agnes):
    later = now() + DAY
    printer.note_attempt(agnes.contact, "call", "no_answer", "Rang twice", at=later)
    session.commit()

    event = printer.events[-1]
    assert (event.kind, event.from_, event.to, event.why) == ("contact_attempt", "call", "no_answer", "Rang twice")
    assert event.sentence == "Agnes called the customer: no answer"
    assert printer.last_activity_at == later


def test_a_closed_ticket_takes_attempts(printer, agnes):
    printer.close(by=agnes.contact)
    printer.note_attempt(agnes.contact, "mail", "wrong_contact")

    assert printer.closed


@pytest.mark.parametrize(("channel", "outcome"), [("pigeon", "reached"), ("call", "maybe"), ("", "")])
def test_an_attempt_has_a_known_channel_and_outcome(printer, agnes, channel, outcome):
    with pytest.raises(UnknownAttempt):
        printer.note_attempt(agnes.contact, channel, outcome)


def test_the_evidence_is_what_was_tried_since_the_customer_wrote(printer, agnes, carla):
    at = printer.created_at
    printer.reply(agnes.contact, "Which printer?", at=at + DAY)
    printer.reply(carla, "The red one", at=at + 2 * DAY)
    printer.reply(agnes.contact, "Pull the plug.", at=at + 3 * DAY)
    printer.reply(agnes.contact, "A note", internal=True, at=at + 3 * DAY)
    assert not printer.tried
    printer.note_attempt(agnes.contact, "call", "no_answer", at=at + 4 * DAY)
    printer.record("reminded", to=carla.email, at=at + 5 * DAY)
    session.commit()

    assert [(one.what, one.at - at) for one in printer.attempts] == [
        ("wrote", 3 * DAY), ("call", 4 * DAY), ("reminded", 5 * DAY),
    ]  # fmt: skip
    assert printer.tried


class Refusing:
    def post(self, envelope):
        raise Refused("550 no such user", permanent=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_a_mail_that_could_not_be_delivered_stands_in_the_history_and_is_no_activity(
    printer, agnes, carla, arthur, monkeypatch
):
    session.query(Delivery).delete()
    before = printer.last_activity_at
    queue_mail("link", carla, "link:1", ticket=printer)
    queue_mail("assigned", arthur.contact, "event:1", ticket=printer)
    printer.assign_to(arthur)
    session.commit()
    monkeypatch.setattr(outgoing, "post_office", Refusing)

    outgoing.deliver_due_batch(now() + DAY)

    assert set(session.scalars(select(Delivery.state))) == {"failed"}
    (event,) = session.scalars(select(Event).where(Event.kind == "contact_attempt"))
    assert (event.by, event.to, event.why) == (None, "undeliverable", "550 no such user")
    assert event.sentence == "An e-mail to the customer could not be delivered"
    session.refresh(printer)
    assert printer.last_activity_at == before


def test_a_supervisor_is_asked_by_a_note_that_assigns_and_notifies(printer, agnes, arthur):
    printer.ask_supervisor(agnes.contact, arthur, "May I close this?")
    session.commit()

    assert printer.assignee is arthur
    assert (printer.messages[-1].body, printer.messages[-1].internal) == ("May I close this?", True)
    told = session.scalars(select(Delivery.kind).where(Delivery.contact_id == arthur.contact_id)).all()
    assert sorted(told) == ["assigned", "note"]


def test_only_who_may_be_assigned_can_be_asked_and_only_of_an_open_ticket(printer, agnes, carlas_login, arthur):
    with pytest.raises(CannotBeAssigned):
        printer.ask_supervisor(agnes.contact, carlas_login, "Well?")
    printer.close(by=agnes.contact)
    with pytest.raises(TicketClosed):
        printer.ask_supervisor(agnes.contact, arthur, "Well?")
