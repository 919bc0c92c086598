"""Headers that no text can break, and threads that mail programs show as one."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest

from mail.headers import BadAddress, mailbox, one_line
from mail.rendering import render
from models import Delivery, Message, now, session
from tests.mail.server import delivery

HOSTILE = "Hi\r\nBcc: all@evil.example\x01\x0b\u2028\u202e end"


def sent_bytes(queued):
    return render(queued).as_bytes()


def again(raw):
    return message_from_bytes(raw, policy=policy.default)


def test_no_line_break_or_control_character_reaches_a_header(printer, team, carla, carlas_login, agnes):
    printer.subject = carla.name = team.name = agnes.contact.name = HOSTILE
    printer.reply(agnes.contact, "Hello")
    session.commit()

    for queued in (delivery("stage"), delivery("reply", carla)):
        raw = sent_bytes(queued)
        mail = again(raw)
        assert mail["Bcc"] is None
        assert len(mail["To"].addresses) == len(mail["From"].addresses) == 1
        for value in mail.values():
            assert str(value).isprintable()
        assert b"\x01" not in raw.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "name", ["Müller, Jörg", 'Ann "The Boss" <x@evil.example>', "名前 " * 30, "=?utf-8?q?x?=", "a@b, c@d"]
)
def test_a_name_stays_a_name(printer, carla, carlas_login, name):
    carla.name = name
    raw = sent_bytes(delivery("stage"))
    (to,) = again(raw)["To"].addresses
    shown = str(make_header(decode_header(message_from_bytes(raw)["To"]))).replace("\\", "").replace('"', "")

    assert to.addr_spec == "carla@client.example"
    assert shown == f"{one_line(name, 100)} <carla@client.example>".replace('"', "")


@pytest.mark.parametrize(
    "address", ["", "carla", "@x", "a@", "a b@x.example", "a@x.example\r\nDATA", "a@b>,<c@d", "a@b,c"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BadAddress):
        mailbox("", address)


def test_a_domain_beyond_ascii_is_written_in_ascii():
    assert mailbox("", "info@bücher.example").addr_spec == "info@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "subject", ["名前 " * 40, "l'été à la plage " * 12, "=?utf-8?q?x?= é", "x" * 250, "a" * 90 + " é"]
)
def test_a_subject_arrives_as_it_was_typed(printer, carla, carlas_login, subject):
    printer.subject = subject[:250]

    assert f": {one_line(subject[:250])} (#" in again(sent_bytes(delivery("stage")))["Subject"]


def test_lines_are_as_short_as_mail_wants_them(printer, carla, carlas_login, agnes):
    printer.subject = "ä" * 240
    printer.reply(agnes.contact, "word " * 5000 + "é" * 3000)
    session.commit()
    raw = sent_bytes(delivery("reply", carla))

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert again(raw)["Subject"] == f"Re: {'ä' * 240} (#{printer.number})"


def test_the_first_mail_answers_nothing(printer):
    mail = render(delivery("stage"))

    assert (mail["In-Reply-To"], mail["References"]) == (None, None)
    assert mail["Message-ID"] == f"<{delivery('stage').mail_id}>"


def test_later_mails_continue_the_thread_of_this_recipient(printer, team, carla, agnes, arthur):
    team.add_follower(arthur.contact)
    first, second = printer.reply(agnes.contact, "One"), printer.reply(agnes.contact, "Two")
    session.commit()
    mails = {(one.contact_id, one.message_id): one for one in session.query(Delivery).filter_by(kind="reply")}
    received, one, two = delivery("stage"), mails[carla.id, first.id], mails[carla.id, second.id]
    mail, theirs = render(two), render(mails[arthur.contact_id, second.id])

    assert mail["In-Reply-To"] == f"<{one.mail_id}>"
    assert mail["References"] == f"<{received.mail_id}> <{one.mail_id}>"
    assert theirs["References"] == f"<{mails[arthur.contact_id, first.id].mail_id}>"


def test_a_mail_that_was_never_sent_is_not_referred_to(printer, carla, agnes):
    delivery("stage").state = "cancelled"
    printer.reply(agnes.contact, "One")
    session.commit()

    assert render(delivery("reply", carla))["References"] is None


def test_an_answer_refers_to_the_mail_it_answers(printer, carla, agnes):
    asked = Message(ticket=printer, author=carla, body="Well?", at=now(), mail_id="what.carla.wrote@client.example")
    session.add(asked)
    printer.reply(agnes.contact, "Soon", at=now() + timedelta(seconds=1))
    session.commit()
    answer = delivery("reply", carla)
    answer.created_at = now() + timedelta(seconds=2)
    session.commit()

    assert render(answer)["In-Reply-To"] == "<what.carla.wrote@client.example>"


def test_a_forged_mail_id_is_not_repeated(printer, carla, agnes):
    session.add(Message(ticket=printer, author=carla, body="x", at=now(), mail_id="a@b> <evil@x>\r\nBcc: x@y"))
    printer.reply(agnes.contact, "Soon", at=now() + timedelta(seconds=1))
    session.commit()
    answer = delivery("reply", carla)
    answer.created_at = now() + timedelta(seconds=2)
    session.commit()

    assert "evil" not in render(answer)["References"]


def test_references_name_the_last_ten_and_fold_between_them(printer, carla, agnes):
    for index in range(14):
        printer.reply(agnes.contact, f"Number {index}")
    session.commit()
    queued = session.query(Delivery).filter_by(kind="reply", contact_id=carla.id).order_by(Delivery.id).all()
    for index, one in enumerate(queued):
        one.mail_id = f"{index}.{'x' * 100}@desk.example"
    session.commit()
    raw = sent_bytes(queued[-1])

    assert again(raw)["References"].split() == [f"<{one.mail_id}>" for one in queued[-11:-1]]
    assert b"=?" not in raw.partition(b"References")[2].partition(b"Reply-To")[0]
    assert again(raw)["In-Reply-To"] == f"<{queued[-2].mail_id}>"
    assert again(raw)["Message-ID"] == f"<{queued[-1].mail_id}>"
