"""SMS of stages: once per arrival, through a gateway that is paid, and away, and full of surprises (R-MAIL-5)."""

import io
import logging
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

import doctor
from mail import sms as sms_module
from mail import texting
from mail.envelope import Dropped, Refused, Unreachable, Withheld
from mail.sms import Gateway, verdict
from models import Delivery, Event, Template, now, open_ticket, session
from models.held import HELD, send_held
from models.sweep import close_due_batch
from tests.mail.server import drain, forget_mails, free_port, text_of

LATER = timedelta(minutes=3)
PHONE = "+33639980012"


@pytest.fixture
def words(team):
    """*In progress* says something by SMS."""
    words = Template(
        name="Short", channel="sms", body={"en": "Ticket {{ number }}: we work on it.", "fr": "Ticket {{ number }} !"}
    )
    team.stages[1].sms_template = words
    session.add(words)
    session.commit()
    return words


@pytest.fixture
def sms(printer, carla, words, agnes, team):
    """A function: tickets of Carla, who has a phone, arrive in *In progress*; returns their SMS."""
    carla.phone = PHONE
    forget_mails()

    def arrive(count=1):
        found = []
        for _ in range(count):
            ticket = open_ticket(team, carla, "Help", "Please", by=agnes.contact)
            ticket.move_to(team.stages[1], by=agnes.contact)
            session.flush()
            found += session.scalars(select(Delivery).where(Delivery.ticket_id == ticket.id, Delivery.channel == "sms"))
        session.commit()
        return found

    return arrive


def again(queued):
    session.refresh(queued)
    return queued


def told():
    return list(session.scalars(select(Delivery).where(Delivery.kind == "sms_held")))


def test_an_sms_goes_to_the_customers_phone_in_their_language(sms, gateway, carla):
    carla.language = "fr"
    (queued,) = sms()
    drain(at := now())

    assert gateway.texts() == [(PHONE, f"Ticket {queued.ticket_id} !")]
    assert (again(queued).state, queued.sent_at, queued.attempts, queued.error) == ("sent", at, 1, "")
    assert queued.raw.decode() == gateway.texts()[0][1]


def test_a_stage_is_said_once_per_arrival_by_mail_and_by_sms(printer, carla, words, agnes, team, gateway, server):
    carla.phone = PHONE
    team.stages[1].email_template = team.stages[0].email_template
    forget_mails()
    for _ in range(2):
        printer.move_to(team.stages[1], by=agnes.contact)
        printer.move_to(team.stages[1], by=agnes.contact)
        printer.move_to(team.stages[2], by=agnes.contact)
        session.commit()
    drain()

    assert len(gateway.taken) == 2
    assert len(server.taken) == 2


def test_the_number_is_dialled_in_its_normal_form(sms, gateway, carla):
    carla.phone = "+33 6 39 98 00 12"  # as an import may have brought it
    sms()
    drain()

    assert gateway.texts()[0][0] == PHONE


def test_a_number_that_is_none_fails_and_the_others_go_on(sms, gateway, carla):
    (bad,), carla.phone = sms(), PHONE
    bad.address = "ask my sister"
    (good,) = sms()
    drain()

    assert (again(bad).state, again(good).state) == ("failed", "sent")
    assert "ask my sister" in bad.error


def test_without_a_phone_number_the_delivery_and_the_history_say_so(printer, words, agnes, team, gateway):
    printer.move_to(team.stages[1], by=agnes.contact)
    session.commit()
    queued = session.scalar(select(Delivery).where(Delivery.channel == "sms"))

    assert (queued.state, queued.reason) == ("failed", "The customer has no phone number.")
    event = printer.events[-1]
    assert (event.kind, event.sentence) == ("contact_attempt", "No SMS was sent to the customer")
    assert event.reason == "The customer has no phone number."


def test_once_there_is_a_number_it_can_be_sent(printer, carla, words, agnes, team, gateway):
    printer.move_to(team.stages[1], by=agnes.contact)
    queued = session.scalar(select(Delivery).where(Delivery.channel == "sms"))
    queued.try_again()
    assert queued.state == "failed"
    carla.phone = PHONE
    queued.try_again()
    session.commit()
    drain()

    assert [phone for phone, _ in gateway.texts()] == [PHONE]


def test_closing_many_at_once_says_it_by_sms_too(team, carla, printer, person, words, agnes, gateway):
    team.auto_close, team.spare_waiting = True, False
    team.stages[4].sms_template, team.stages[1].sms_template = words, None
    mute = open_ticket(team, person("Mute", role="portal").contact, "Hm", "Hm")
    carla.phone = PHONE
    forget_mails()
    at = now() + timedelta(days=8)
    assert close_due_batch(at) == 2
    session.commit()
    drain(at)

    assert gateway.texts() == [(PHONE, f"Ticket {printer.number}: we work on it.")]
    failed = session.scalar(select(Delivery).where(Delivery.ticket_id == mute.id, Delivery.channel == "sms"))
    assert (failed.state, failed.reason) == ("failed", "The customer has no phone number.")
    assert session.scalar(select(Event.why).where(Event.ticket_id == mute.id, Event.kind == "contact_attempt"))


@pytest.mark.parametrize(
    "answer",
    [
        (402, ""),
        (403, ""),
        (401, '{"error": "who are you?"}'),
        (404, "not here"),
        (400, '{"error": "Not enough credits"}'),
    ],
)
def test_a_gateway_that_refuses_us_has_everything_held(sms, gateway, ada, answer):
    queued = sms(3)
    gateway.answer = answer
    drain()

    assert [again(one).state for one in queued] == ["held"] * 3
    assert gateway.asked == 1
    assert str(answer[0]) in queued[0].reason
    assert [mail.contact_id for mail in told()] == [ada.contact_id]


def test_no_credit_is_called_so(sms, gateway):
    (queued,) = sms()
    gateway.answer = (402, '{"message": "Insufficient credit for +33 6 39 98 00 12"}')
    drain()

    assert again(queued).error == "The SMS gateway gives no more credit: 402 Insufficient credit for …"


def test_administrators_are_told_once_and_what_is_held_is_sent_by_hand(sms, gateway, ada, person, server):
    (first,) = sms()
    gateway.answer = (402, "")
    drain()
    sms(2)
    drain()
    person("Otto", role="administrator", active=False)
    assert len(told()) == 1
    assert [to for to in server.recipients() if to == ada.email] == [ada.email]
    letter = next(text_of(mail) for mail in server.mails() if ada.email in mail["To"])
    assert "no more credit" in letter and "/console/outbox?state=held" in letter and "Help" not in letter

    send_held(HELD)
    session.commit()
    drain(now() + LATER)
    assert len(told()) == 1 and again(first).state == "held"

    gateway.answer = (200, "")
    assert send_held(HELD) == 3
    session.commit()
    drain(now() + LATER)
    assert len(gateway.taken) == 3 and again(first).state == "sent"


def test_a_gateway_that_says_nothing_may_have_taken_it_so_it_is_not_sent_twice(sms, gateway, ada):
    first, second = sms(2)
    gateway.hangs = True
    began = time.monotonic()
    drain()

    assert time.monotonic() - began < 5
    assert again(first).state == "held" and "perhaps it was sent" in first.reason
    assert (again(second).state, second.attempts) == ("queued", 0)
    assert gateway.asked == 1 and len(told()) == 1
    gateway.hangs = False
    drain(now() + LATER)
    assert (again(first).state, again(second).state) == ("held", "sent")


@pytest.mark.parametrize("answer", [(500, ""), (503, "<html>sorry</html>"), (429, "slowly"), None])
def test_a_gateway_that_is_away_is_asked_once_a_minute_and_nothing_is_lost(sms, gateway, app, answer, ada):
    queued = sms(3)
    if answer:
        gateway.answer = answer
    else:
        app.config["SMS_URL"] = f"json://127.0.0.1:{free_port()}/?:to={{phone}}"
    drain(at := now())

    assert [again(one).state for one in queued] == ["queued"] * 3
    assert sorted(one.attempts for one in queued) == [0, 0, 1]
    assert all(timedelta(seconds=40) < one.due_at - at < timedelta(seconds=80) for one in queued)
    assert gateway.asked == (1 if answer else 0) and not told()
    gateway.answer, app.config["SMS_URL"] = (200, ""), gateway.url
    drain(at + LATER)
    assert [again(one).state for one in queued] == ["sent"] * 3


def test_a_gateway_that_stays_away_has_everything_held_and_told(sms, gateway, ada):
    queued = sms(2)
    gateway.answer, queued[0].attempts = (500, ""), texting.MOST_ATTEMPTS - 1
    session.commit()
    drain()

    assert [again(one).state for one in queued] == ["held"] * 2
    assert len(told()) == 1


def test_an_sms_that_the_gateway_does_not_want_fails_alone(sms, gateway, carla):
    first, second = sms(2)
    first.address = "+33639980099"
    session.commit()
    gateway.answer = lambda sms: (400, '{"message": "no such number"}') if sms["to"].endswith("99") else (200, "")
    drain()

    assert (again(first).state, again(second).state) == ("failed", "sent")
    assert first.error == "The SMS gateway refuses: 400 no such number"
    assert first.ticket.events[-1].sentence == "An SMS to the customer could not be delivered"
    assert first.ticket.events[-1].reason == "The SMS gateway refuses: 400 no such number"
    assert not told()


def test_mails_do_not_wait_for_a_gateway_that_hangs(sms, gateway, server, printer, agnes, carla):
    sms(3)
    printer.reply(agnes.contact, "Hello")
    session.commit()
    gateway.hangs = True
    seen = []
    server.before_taking = lambda mail: seen.append(gateway.asked)
    drain()

    assert carla.email in server.recipients()
    assert seen[0] == 0


def test_without_a_gateway_administrators_are_told(sms, ada, app):
    (queued,) = sms()
    drain()

    assert again(queued).state == "held" and "SMS_URL" in queued.reason
    assert len(told()) == 1


def test_an_address_that_apprise_does_not_know_holds_everything(sms, app, ada):
    app.config["SMS_URL"] = "nonsense://{phone}"
    (queued,) = sms()
    drain()

    assert (again(queued).state, queued.error) == ("held", sms_module.UNKNOWN_GATEWAY)
    assert not Gateway(app.config["SMS_URL"]).known()


def test_a_closing_that_was_not_said_yet_is_not_said_after_a_reopening(
    sms, words, team, printer, agnes, carla, gateway
):
    carla.phone, team.stages[4].sms_template, team.stages[1].sms_template = PHONE, words, None
    printer.close(by=agnes.contact)
    session.commit()
    printer.reopen(by=carla)
    session.commit()
    drain()

    assert gateway.taken == []


@pytest.fixture
def log():
    """What a log of everything would hold. Of its own: pytest's also listens where nobody else does."""
    root, written = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(written), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def test_numbers_and_words_stay_out_of_the_log(sms, gateway, log, app):
    app.config["SMS_URL"] = gateway.url.replace("/sms?", "/sms/{phone}?")
    for answer in ((200, ""), (500, ""), (402, '{"message": "+33639980012 has no credit"}')):
        sms(2)
        gateway.answer = answer
        drain(now() + LATER)

    assert gateway.asked == 4 and "takes nothing" in log.getvalue()
    assert "39980012" not in log.getvalue() and "we work on it" not in log.getvalue()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (["Failed to send Twilio notification to +33639980012: error=400."], Refused),
        (["Failed to send X notification: Unauthorized - error=401."], Withheld),
        (["A Connection error occurred", "Socket Exception: NewConnectionError: refused"], Unreachable),
        (["A Connection error occurred", "Socket Exception: Read timed out."], Dropped),
        (["Unhandled Notification Exception"], Dropped),
        ([], Dropped),
    ],
)
def test_what_apprise_says_is_understood(said, outcome):
    assert type(verdict(said)) is outcome


@pytest.mark.parametrize(
    ("url", "balance", "answer"),
    [
        ("twilio://AC1:token@+15551234567/{phone}", '{"balance": "12.5", "currency": "USD"}', (12.5, "USD")),
        ("vonage://key:secret@FROM/{phone}", '{"value": 10.28, "autoReload": false}', (10.28, "EUR")),
        ("vonage://key:secret@FROM/{phone}", "not json", None),
        ("vonage://key:secret@FROM/{phone}", None, None),
        ("json://example.org/{phone}", '{"value": 10.28}', None),
    ],
)
def test_the_balance_where_the_gateway_tells_it(gateway, monkeypatch, url, balance, answer):
    gateway.balance = balance and (200, balance)
    local = {name: (f"http://{gateway.address}/{{user}}", read) for name, (_, read) in sms_module.BALANCES.items()}
    monkeypatch.setattr(sms_module, "BALANCES", local)

    assert Gateway(url).balance() == answer


def test_the_doctor_looks_at_the_gateway_and_at_what_is_held(sms, gateway, app, ada, monkeypatch):
    def found():
        return [(finding.good, finding.what) for finding in doctor.sms(app)]

    assert found() == [(True, "They go through json, which tells no balance.")]
    gateway.answer = (402, "")
    sms()
    drain()
    assert found()[1] == (False, "1 are held: The SMS gateway gives no more credit: 402")
    send_held(HELD)
    app.config["SMS_URL"] = "nonsense://{phone}"
    assert found() == [(False, "apprise knows no gateway nonsense:// of that form.")]
    app.config["SMS_URL"] = None
    assert found() == [(False, "The stage In progress sends SMS, and no gateway is named.")]
    app.config["SMS_URL"] = gateway.url
    for balance, good in (('{"value": 3.5}', True), ('{"value": 0}', False), ("", False)):
        gateway.balance = (200, balance)
        address = f"http://{gateway.address}/"
        monkeypatch.setattr(doctor, "BALANCES", told := {"json": (address, lambda said: (said["value"], "EUR"))})
        monkeypatch.setattr(sms_module, "BALANCES", told)
        assert found()[0][0] is good
