"""Mails of the corpus, broken in every way: each ends in exactly one outcome, soon, and the next one is placed.

The mutations have a fixed seed. By default 600 of them on both databases together; ``--full`` runs 20,000.
"""

import random
import signal
import time

import pytest
from sqlalchemy import func, select

from mail.incoming import receive_due_batch
from models import IncomingMail, now, session
from models.incoming import OUTCOMES
from tests.mail.arriving import letter, settle, store
from tests.mail.corpus import load
from tests.mail.test_listener import desk  # noqa: F401 - a fixture, on a database with real commits

SEED = 20261122
DEFAULT, FULL = 300, 10_000  # for each of the two databases
LONGEST_SECONDS = 5
NEXT_SECONDS = 10
BLOCK = 100
SPICE = [
    b"\0", b"\xff\xfe", b"\r", b"\n\n", b"=?utf-8?B?", b"?=", b"Content-Type: multipart/mixed; boundary=b\n",
    b"--b\n", b"--b--\n", b"Content-Transfer-Encoding: base64\n", b"<" * 500, b"charset=utf-16", b"charset=iso-2022-jp",
    b"\x1b$B", b"From: ", b"Message-ID: <a@b>\n", b"%00", b"\xed\xa0\x80", b"name*0*=utf-8''%FF",
    b'"' * 99, b"begin 644 x\n",
    b"(" * 300, b"multipart/report; report-type=delivery-status", b"message/delivery-status",
    b"text/html", b"<table>" * 200,
    b"Auto-Submitted: auto-replied\n", b"Date: Thu, 01 Jan 1970 00:00:00 +9999\n", b"A" * 5000,
    b"To: support@desk.example,",
]  # fmt: skip


def mutated(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    """The mail after one to five accidents."""
    mail = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        place, length = chance.randrange(len(mail) + 1), chance.choice((1, 3, 20, 200, 2000))
        accident = chance.randrange(8)
        if accident == 0:
            mail[place : place + length] = b""
        elif accident == 1:
            mail[place:place] = chance.randbytes(length)
        elif accident == 2:
            mail[place:place] = chance.choice(SPICE)
        elif accident == 3:
            mail[place:place] = mail[place : place + length] * chance.randint(2, 50)
        elif accident == 4:
            mail[place:place] = other[chance.randrange(len(other) + 1) :][: length * 10]
        elif accident == 5 and mail:
            mail[place % len(mail)] = chance.randrange(256)
        elif accident == 6:
            lines = bytes(mail).split(b"\n")
            chance.shuffle(lines)
            mail = bytearray(b"\n".join(lines))
        else:
            del mail[place:]
    return bytes(mail[:300_000])


@pytest.fixture
def number(request):
    return FULL if request.config.getoption("--full") else DEFAULT


def test_every_mutation_ends_somewhere_soon_and_stops_nothing(desk, kind, number):  # noqa: F811
    desk.config |= {"SENDER_LIMIT": "1000000 per hour", "REPLY_MARK": "+"}
    chance = random.Random(f"{SEED} {kind}")
    cases = [case.raw for case in load() if len(case.raw) < 100_000]
    longest, done = 0.0, 0
    while done < number:
        block = min(BLOCK, number - done)
        bad = [mutated(chance, chance.choice(cases), chance.choice(cases)) for _ in range(block)]
        mails = [store(raw, sender=chance.choice(["", "carla@client.example", None])) for raw in bad]
        good = store(letter(subject=f"A good one after {done}"))
        began = time.monotonic()
        settle()
        took = time.monotonic() - began
        longest = max(longest, took / block)
        states = session.execute(
            select(IncomingMail.state, func.count())
            .where(IncomingMail.id.in_([mail.id for mail in mails]))
            .group_by("state")
        ).all()
        assert {state for state, _ in states} <= set(OUTCOMES), states
        assert good.state == "ticket", good.reason
        if took > LONGEST_SECONDS:  # somewhere among them was a bad one: which?
            one_by_one(bad)
        done += block
        session.remove()
    lost = session.scalar(select(func.count()).where(IncomingMail.state == "received"))
    print(f"\n{kind}: {done} mutations, {longest * 1000:.0f} ms each in the slowest block, outcomes {outcomes()}")
    assert lost == 0


def one_by_one(bad):
    """None takes longer than LONGEST_SECONDS, and a good one is placed within NEXT_SECONDS after each."""
    for number, raw in enumerate(bad):
        store(b"X-Again: %d\r\n" % number + raw)
        good = store(letter(subject="A good one after it"))
        began = time.monotonic()
        settle()
        assert time.monotonic() - began < LONGEST_SECONDS + 1, raw[:2000]
        assert good.state == "ticket"


def outcomes() -> dict:
    return dict(session.execute(select(IncomingMail.state, func.count()).group_by(IncomingMail.state)).all())


HANGS = b"From: carla@client.example\nContent-Type: text/html\n\n" + b"<div>" * 60_000
EATS = b"From: carla@client.example\n\n" + b"word \n" * 10_000_000


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(HANGS, "It takes too long to read.", id="hangs"),
        pytest.param(EATS, "It needs too much memory.", id="60 MB"),
    ],
)
def test_what_hangs_or_eats_memory_is_parked_and_the_next_one_is_placed(team, raw, reason):
    mails = [store(raw), store(letter())]
    began = time.monotonic()
    settle()

    assert [mail.state for mail in mails] == ["parked", "ticket"]
    assert mails[0].reason == reason and mails[0].team is team
    assert time.monotonic() - began < NEXT_SECONDS


def test_a_reader_that_dies_is_replaced(app, team):
    settle()
    store(letter())
    settle()
    app.extensions["guichet.reader"].process.kill()
    mail = store(letter(subject="After it died"))
    settle()

    assert mail.state == "ticket"


def test_a_mail_whose_reader_was_only_held_up_is_read_again(app, team, monkeypatch):
    monkeypatch.setattr("mail.reader.WALL_SECONDS", 0.3)
    settle()
    store(letter())
    settle()
    child = app.extensions["guichet.reader"].process
    child.send_signal(signal.SIGSTOP)
    mail = store(letter(subject="On a busy machine"))
    receive_due_batch(now())
    assert (mail.state, mail.attempts, child.poll()) == ("received", 1, -signal.SIGKILL)
    monkeypatch.undo()
    settle()

    assert mail.state == "ticket"
