"""The outbox is worked off: once each, the same bytes at each attempt, whatever the mail server says (R-MAIL-1)."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from flask import current_app

from mail import outgoing
from models import Contact, Delivery, Message, now, open_ticket, session
from models.outbox import queue_mail
from tests.mail.server import delivery, drain, forget_mails, free_port, text_of

LATER = timedelta(minutes=10)


def again(queued):
    """The delivery as the database has it now."""
    session.refresh(queued)
    return queued


@pytest.fixture
def three(team, app):
    """Three mails to three customers, in this order."""
    queued = []
    for name in ("one", "two", "three"):
        contact = Contact(email=f"{name}@client.example")
        session.add(contact)
        ticket = open_ticket(team, contact, "Help", "Please")
        queued.append(session.query(Delivery).filter_by(ticket_id=ticket.id).one())
    session.commit()
    return queued


def addresses(*names):
    return [f"{name}@client.example" for name in names]


def test_a_mail_is_sent_and_remembered(printer, server):
    assert drain(at := now()) == 1

    (mail,), sent = server.mails(), again(delivery("stage"))
    assert mail["Message-ID"] == f"<{sent.mail_id}>"
    assert server.recipients() == ["carla@client.example"]
    assert server.taken[0].mail_from == "support@desk.example"
    assert (sent.state, sent.sent_at, sent.attempts, sent.error) == ("sent", at, 1, "")
    assert sent.subject == mail["Subject"]
    assert sent.raw == server.taken[0].content


def test_nothing_due_is_nothing_done(printer, server):
    drain()

    assert drain(now() + timedelta(days=1)) == 0
    assert len(server.taken) == 1


def test_what_is_due_later_waits(printer, server):
    delivery("stage").due_at = now() + timedelta(hours=1)
    session.commit()

    assert drain() == 0
    assert drain(now() + timedelta(hours=2)) == 1


def test_many_mails_take_one_line(three, server):
    drain()

    assert server.recipients() == addresses("one", "two", "three")
    assert server.lines == 1


def test_a_cancelled_mail_is_not_sent(three, server):
    three[1].state = "cancelled"
    session.commit()
    drain()

    assert server.recipients() == addresses("one", "three")


def test_a_mail_that_is_cancelled_after_its_claim_is_not_sent(three, server, monkeypatch):
    ask = outgoing._envelope

    def cancel_meanwhile(claim):
        if claim.id == three[1].id:
            outgoing.record(Delivery.id == claim.id, state="cancelled")
        return ask(claim)

    monkeypatch.setattr(outgoing, "_envelope", cancel_meanwhile)
    drain()

    assert server.recipients() == addresses("one", "three")
    assert again(three[1]).state == "cancelled"


def test_every_attempt_sends_the_same_bytes(printer, server, carla):
    server.answers[carla.email] = "451 come back later"
    drain()
    kept = again(delivery("stage")).raw
    server.answers.clear()
    printer.subject, carla.name = "Something else", "Someone else"
    session.commit()
    drain(now() + LATER)

    assert server.taken[0].content == kept
    assert again(delivery("stage")).attempts == 2


def test_a_temporary_refusal_is_tried_again_and_concerns_one_mail(three, server):
    server.answers["two@client.example"] = "451 4.2.1 mailbox busy"
    drain(at := now())

    refused = again(three[1])
    assert server.recipients() == addresses("one", "three")
    assert (refused.state, refused.attempts, refused.error) == ("queued", 1, "451 4.2.1 mailbox busy")
    assert timedelta(seconds=40) < refused.due_at - at < timedelta(seconds=80)


def test_a_permanent_refusal_is_shown_in_the_servers_words(three, server):
    server.answers["two@client.example"] = "550 5.1.1 no such mailbox"
    drain()

    refused = again(three[1])
    assert server.recipients() == addresses("one", "three")
    assert (refused.state, refused.error) == ("failed", "550 5.1.1 no such mailbox")
    assert drain(now() + timedelta(days=9)) == 0


def test_a_failed_mail_can_be_tried_again(printer, server, carla):
    server.answers[carla.email] = "550 no"
    drain()
    server.answers.clear()
    again(delivery("stage")).try_again()
    session.commit()
    drain()

    assert again(delivery("stage")).state == "sent"


def test_delays_grow_from_a_minute_to_six_hours_and_end_after_three_days():
    delays = [outgoing.delay_after(attempts) for attempts in range(1, outgoing.MOST_ATTEMPTS)]

    assert timedelta(seconds=45) < delays[0] < timedelta(seconds=75)
    assert max(delays) <= timedelta(hours=6) * 1.2
    assert timedelta(days=2.3) < sum(delays, timedelta()) < timedelta(days=3.7)


def test_after_the_last_attempt_the_mail_has_failed(printer, server, carla):
    server.answers[carla.email] = "451 later"
    delivery("stage").attempts = outgoing.MOST_ATTEMPTS - 1
    session.commit()
    drain()

    assert (again(delivery("stage")).state, delivery("stage").error) == ("failed", "451 later")


def test_a_mail_that_kills_its_workers_is_given_up(printer, server):
    delivery("stage").attempts = outgoing.MOST_ATTEMPTS
    session.commit()
    drain()

    assert (again(delivery("stage")).state, delivery("stage").error) == ("failed", outgoing.GIVEN_UP)
    assert server.taken == []


def test_with_the_server_away_everything_waits_a_minute_and_nothing_counts(three, app):
    app.config["MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"
    drain(at := now())

    for queued in map(again, three):
        assert (queued.state, queued.attempts) == ("queued", 0)
        assert timedelta(seconds=40) < queued.due_at - at < timedelta(seconds=80)
    assert "cannot be reached" in three[0].error


def test_with_the_server_away_nobody_knocks_for_every_batch(three, app, monkeypatch):
    monkeypatch.setattr(outgoing, "BATCH", 1)
    app.config["MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"

    assert drain(at := now()) == 1
    assert all(again(one).due_at > at for one in three)


def test_when_the_server_is_back_everything_is_sent(three, app, new_server):
    app.config["MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"
    drain()
    server = new_server()
    app.config["MAIL_URL"] = server.url
    drain(now() + timedelta(minutes=2))

    assert sorted(server.recipients()) == sorted(addresses("one", "two", "three"))


def test_a_broken_line_delays_one_mail_and_the_others_go_on(three, server):
    server.breaks = 1
    drain()

    assert server.recipients() == addresses("two", "three")
    assert (again(three[0]).state, three[0].attempts) == ("queued", 1)
    assert "broke" in three[0].error


def test_a_server_that_breaks_every_line_is_left_in_peace(three, server):
    server.breaks = 99
    drain()

    assert server.lines == 2
    assert [again(one).attempts for one in three] == [1, 1, 0]


def test_a_mail_that_cannot_be_written_has_failed_and_the_others_go_on(three, server):
    three[1].address = "not an address"
    session.commit()
    drain()

    assert server.recipients() == addresses("one", "three")
    assert again(three[1]).state == "failed"
    assert "is no e-mail address" in three[1].error


def test_a_mail_that_must_not_go_out_has_failed_with_the_reason(printer, carla, agnes, server):
    drain()
    note = printer.reply(agnes.contact, "She owes us money", internal=True)
    queue_mail("note", carla, "forged", ticket=printer, message=note)
    session.commit()
    drain()

    assert len(server.taken) == 1
    assert (again(delivery("note")).state, delivery("note").raw) == ("failed", None)
    assert "internal users" in delivery("note").error


def test_a_mail_that_says_what_is_no_longer_so_is_cancelled(printer, agnes, arthur, server):
    drain()
    printer.assign_to(agnes, by=arthur.contact)
    queued = delivery("assigned")
    printer.assign_to(None, by=arthur.contact)
    session.commit()
    drain()

    assert again(queued).state == "cancelled"


def test_without_a_gateway_sms_are_held_and_say_why(printer, carla, server):
    drain()
    carla.phone = "+33 1 23 45 67 89"
    queue_mail("stage", carla, "sms", ticket=printer, channel="sms")
    session.commit()
    drain()

    held = session.query(Delivery).filter_by(channel="sms").one()
    assert held.state == "held"
    assert "SMS_URL" in held.error


def test_a_lease_that_ran_out_is_taken_over(printer, server):
    outgoing.claim(at := now(), "email", 50)

    assert drain(at + outgoing.LEASE - timedelta(seconds=1)) == 0
    assert drain(at + outgoing.LEASE) == 1
    assert len(server.taken) == 1


def test_a_claim_that_was_taken_over_sends_nothing(printer, server):
    (claim,) = outgoing.claim(at := now(), "email", 50)
    outgoing.write_down([claim])
    drain(at + timedelta(minutes=6))
    outgoing._send([claim], at)

    assert len(server.taken) == 1


def test_a_slow_batch_leaves_the_rest_to_the_next(three, server, monkeypatch):
    monkeypatch.setattr(outgoing, "BATCH_SECONDS", -1)
    outgoing.deliver_due_batch(at := now())

    assert server.taken == []
    assert {(again(one).state, one.attempts, one.due_at) for one in three} == {("queued", 0, at)}


def test_much_is_written_down_in_pieces(three, server, monkeypatch):
    monkeypatch.setattr(outgoing, "AT_ONCE_BYTES", 1)
    drain()

    assert server.recipients() == addresses("one", "two", "three")


def test_the_message_is_known_by_the_mail_that_the_customer_got(printer, carla, agnes, arthur, team, server):
    team.add_follower(arthur.contact)
    answer = printer.reply(agnes.contact, "Hello")
    session.commit()
    drain()

    assert session.get(Message, answer.id).mail_id == again(delivery("reply", carla)).mail_id


def test_without_a_server_mails_are_files(printer, app, tmp_path):
    app.config["DATA_DIR"] = str(tmp_path)
    drain()
    queued = again(delivery("stage"))
    path = tmp_path / "mail" / f"{queued.created_at:%Y-%m-%d}-{queued.id}.eml"

    assert [*(tmp_path / "mail").iterdir()] == [path]
    assert path.read_bytes() == queued.raw
    assert "Hello" in text_of(message_from_bytes(queued.raw, policy=policy.default))
    assert queued.state == "sent"
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_holds_nothing_lost(printer, app, tmp_path):
    (tmp_path / "mail").write_text("in the way")
    app.config["DATA_DIR"] = str(tmp_path)
    drain()

    assert again(delivery("stage")).state == "queued"
    assert "cannot be written" in delivery("stage").error


def test_the_stage_mail_of_a_reopened_ticket_stays_unsaid(printer, carla, agnes, server):
    forget_mails()
    printer.close(by=agnes.contact)
    session.commit()
    printer.reopen(by=carla)
    session.commit()
    drain()

    assert server.taken == []


def write(printer, carla):
    printer.reply(carla, "I am still here.")


def close(printer, carla):
    printer.close(silent=True)


def switch_off(printer, carla):
    printer.team.auto_close = False


@pytest.mark.parametrize("activity", [write, close, switch_off])
def test_a_reminder_that_waited_for_the_server_is_void_after_any_activity(printer, carla, team, server, activity):
    """R-CLOSE-5: although it was written at the first attempt; and so where the rule was switched off."""
    session.query(Delivery).delete()
    printer.reminded_at, team.auto_close, team.spare_waiting = now(), True, False
    reminder = queue_mail("reminder", carla, "event:0", ticket=printer)
    session.commit()
    server.answers[carla.email] = "451 not now"
    drain()
    assert again(reminder).raw and reminder.state == "queued"

    activity(printer, carla)
    session.commit()
    server.answers.clear()
    drain(now() + LATER)

    assert (server.taken, again(reminder).state) == ([], "cancelled")


def test_a_batch_costs_few_queries(team, server, queries):
    for index in range(20):
        contact = Contact(email=f"c{index}@client.example")
        session.add(contact)
        open_ticket(team, contact, "Help", "Please")
    session.commit()
    with queries() as seen:
        outgoing.deliver_due_batch(now())

    assert len(server.taken) == 20
    assert len(seen) <= 20 * 10 + 10


def test_the_command_says_what_the_server_says(app, server):
    runner = current_app.test_cli_runner()
    server.answers["gone@client.example"] = "550 no such mailbox"

    good, bad = (runner.invoke(args=["mail", "test", f"{who}@client.example"]) for who in ("carla", "gone"))
    assert (good.exit_code, good.output) == (0, "Taken by the mail server.\n")
    assert (bad.exit_code, bad.output) == (1, "Error: The mail was not taken: 550 no such mailbox\n")
    assert Path(app.config["DATA_DIR"]).is_dir()
