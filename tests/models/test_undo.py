"""An answer is taken back: nothing of it stays."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from mail.outgoing import deliver_due_batch, seconds_until_next
from models import Delivery, Event, Message, Ticket, Undo, Upload, now, session
from models.closing import TicketClosed
from models.search import matching
from models.undo import HELD, AlreadyGone, BuiltUpon, NewerMessage


def state(ticket):
    session.expire_all()
    return {column.key: getattr(ticket, column.key) for column in inspect(Ticket).column_attrs}


def found(word):
    return session.scalars(select(Ticket).where(matching(Ticket.id, word, internal=True))).all()


def test_the_ticket_is_as_before(printer, agnes, arthur):
    printer.add_follower(arthur.contact)
    session.commit()
    before, events, mails = state(printer), len(printer.events), session.query(Delivery).count()
    message = printer.answer(agnes, "Pull the xylophone.", [Upload("a.txt", "text/plain", io.BytesIO(b"a"))])
    session.commit()
    assert printer.stage.name == "Customer feedback" and found("xylophone") == [printer]  # R-STAGE-7

    printer.take_back(message, agnes)
    session.commit()

    assert state(printer) == before
    assert (len(printer.events), session.query(Delivery).count()) == (events, mails)
    assert len(printer.messages) == 1 and session.query(Undo).count() == 0
    assert found("xylophone") == [] and found("printer") == [printer]
    (draft,) = printer.drafts_of(agnes)
    assert draft.body == "Pull the xylophone." and draft.attachments[0].open().read() == b"a"


def test_a_note_is_taken_back_too(printer, agnes):
    message = printer.answer(agnes, "She is angry.", internal=True)
    session.commit()
    printer.take_back(message, agnes)
    assert [(draft.body, draft.internal) for draft in printer.drafts_of(agnes)] == [("She is angry.", True)]


def test_what_was_begun_since_stays_below(printer, agnes):
    message = printer.answer(agnes, "First")
    printer.keep_draft(agnes, "Second")
    printer.take_back(message, agnes)
    assert printer.drafts_of(agnes)[0].body == "First\n\nSecond"


def test_mails_wait_until_it_is_too_late(printer, agnes, carla):
    message = printer.answer(agnes, "Pull the plug.")
    session.commit()
    replies = select(Delivery.due_at).where(Delivery.message_id == message.id)
    assert session.scalars(replies).all() == [message.at + HELD]
    deliver_due_batch(message.at + timedelta(seconds=11))
    assert session.scalar(select(Delivery.state).where(Delivery.message_id == message.id)) == "queued"
    assert 0 < seconds_until_next(message.at + timedelta(seconds=11)) < 3
    deliver_due_batch(message.at + HELD)
    assert session.scalar(select(Delivery.state).where(Delivery.message_id == message.id)) == "sent"
    assert seconds_until_next(message.at + HELD) is None


def test_the_mail_of_the_stage_waits_as_well_and_goes_with_it(printer, team, agnes):
    from models.templates_shipped import shipped

    team.first_with_status("answered").email_template = shipped("Ticket resolved")
    session.commit()
    before = session.query(Delivery).count()
    message = printer.answer(agnes, "Pull the plug.")
    session.commit()
    assert (
        session.scalars(select(Delivery.due_at).order_by(Delivery.id.desc()).limit(2)).all() == [message.at + HELD] * 2
    )
    printer.take_back(message, agnes)
    assert session.query(Delivery).count() == before


def test_it_is_refused_once_a_mail_left(printer, agnes):
    message = printer.answer(agnes, "Pull the plug.")
    session.commit()
    session.query(Delivery).filter_by(message_id=message.id).update({"attempts": 1})
    with pytest.raises(AlreadyGone):
        printer.take_back(message, agnes)
    session.rollback()
    assert printer.messages[-1].body == "Pull the plug."


def test_it_is_refused_after_its_time(printer, agnes):
    message = printer.answer(agnes, "Pull the plug.")
    message.at -= timedelta(seconds=14)
    session.commit()
    with pytest.raises(AlreadyGone):
        printer.take_back(message, agnes)


@pytest.mark.parametrize(
    "touch",
    [
        lambda ticket, people: ticket.reply(people["carla"], "Thanks"),
        lambda ticket, people: ticket.reply(people["arthur"].contact, "A note", internal=True),
        lambda ticket, people: ticket.move_to(ticket.team.stages[1], by=people["arthur"].contact),
        lambda ticket, people: ticket.close(by=people["arthur"].contact),
        lambda ticket, people: ticket.edit(people["arthur"].contact, priority=3),
        lambda ticket, people: ticket.assign_to(people["arthur"], by=people["arthur"].contact),
    ],
)
def test_it_is_refused_once_something_was_built_on_it(touch, printer, agnes, arthur, carla):
    message = printer.answer(agnes, "Pull the plug.")
    session.commit()
    touch(printer, {"carla": carla, "arthur": arthur})
    session.commit()
    with pytest.raises(BuiltUpon):
        printer.take_back(message, agnes)
    session.rollback()
    assert session.get(Message, message.id)


def test_nobody_takes_back_what_another_wrote(printer, agnes, arthur):
    message = printer.answer(agnes, "Pull the plug.")
    session.commit()
    assert printer.undo_of(message, arthur, now()) is None
    with pytest.raises(LookupError):
        printer.take_back(message, arthur)


def test_the_same_submission_is_one_message_and_one_undo(printer, agnes):
    first = printer.answer(agnes, "Once", key="k")
    session.commit()
    assert printer.answer(agnes, "Once", key="k") is first
    assert session.query(Undo).count() == 1 and session.query(Event).filter_by(kind="stage").count() == 1


def test_a_newer_message_is_read_first(printer, agnes, carla):
    seen = printer.messages[0].id
    newer = printer.reply(carla, "It burns!")
    session.commit()
    with pytest.raises(NewerMessage) as refused:
        printer.answer(agnes, "Is it on?", seen=seen)
    assert refused.value.messages == [newer]
    assert printer.answer(agnes, "A note", internal=True, seen=seen).internal
    assert printer.answer(agnes, "Out!", seen=newer.id).body == "Out!"


def test_a_closed_ticket_stays_locked(printer, agnes, arthur):
    message = printer.answer(agnes, "Pull the plug.")
    printer.close(by=arthur.contact)
    session.commit()
    with pytest.raises(TicketClosed):
        printer.answer(agnes, "More")
    with pytest.raises(BuiltUpon):
        printer.take_back(message, agnes)
