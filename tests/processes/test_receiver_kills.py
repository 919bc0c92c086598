"""kill -9 of the receiver at random instants, and a real SMTP client that retries: each mail exactly once."""

import random
import smtplib
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import select

from models import IncomingMail, Message, session
from tests.mail.arriving import SUPPORT, letter, settle
from tests.mail.test_listener import Receiver, desk  # noqa: F401 - a fixture
from tests.running import until

pytestmark = pytest.mark.slow
DEFAULT, FULL = 60, 500
SENDERS = 4
PAUSE_SECONDS = 0.05
MOST_BETWEEN = 14  # deliveries from one kill to the next, so that there are kills on the fastest machine


class Sender(threading.Thread):
    """Sends one mail after the other, each again, the same bytes, until it is taken."""

    def __init__(self, port, mails):
        super().__init__(daemon=True)
        self.port, self.mails, self.attempts, self.done = port, mails, 0, 0

    def run(self):
        for raw in self.mails:
            while not self.taken(raw):
                time.sleep(PAUSE_SECONDS)
            self.done += 1

    def taken(self, raw) -> bool:
        self.attempts += 1
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as line:
                line.sendmail("carla@client.example", [SUPPORT], raw)
                return True
        except (OSError, smtplib.SMTPException):
            return False


def test_each_delivery_is_there_exactly_once(desk, empty_database, tmp_path, request):  # noqa: F811
    number = FULL if request.config.getoption("--full") else DEFAULT
    desk.config["SENDER_LIMIT"] = "100000 per hour"
    subjects = [f"Delivery {one}" for one in range(number)]
    mails = [letter(f"c{one}@client.example", subject=subject) for one, subject in enumerate(subjects)]
    receiver, chance, kills = Receiver(empty_database, tmp_path).start(), random.Random(7), 0
    receiver.client().quit()
    senders = [Sender(receiver.port, mails[start::SENDERS]) for start in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        while any(sender.is_alive() for sender in senders):
            enough = min(delivered(senders) + chance.randint(1, MOST_BETWEEN), number)
            until(lambda enough=enough: delivered(senders) >= enough, 60, every=0.001)
            time.sleep(chance.uniform(0, 0.02))
            receiver.kill()
            kills += 1
            receiver.start()
            until(lambda: answers(receiver), 60)
    finally:
        receiver.kill()

    settle()
    taken = session.scalars(select(IncomingMail.subject)).all()
    assert Counter(taken) == Counter(subjects)
    assert session.scalars(select(IncomingMail.state).distinct()).all() == ["ticket"]
    assert len(session.scalars(select(Message.id)).all()) == number
    assert kills >= number / 30
    print(f"\n{number} deliveries, {kills} kills, {sum(sender.attempts for sender in senders)} attempts")


def delivered(senders) -> int:
    return sum(sender.done for sender in senders)


def answers(receiver) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", receiver.port, timeout=1).quit()
    except (OSError, smtplib.SMTPException):
        return False
    return True
