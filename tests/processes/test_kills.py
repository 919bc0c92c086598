"""kill -9 of worker and web server in the middle of form submissions: what was answered with success is there, once."""

import random
import re
import signal
import threading
import time
from collections import Counter

import pytest
import requests
from sqlalchemy import func, select

from models import Contact, Delivery, Ticket, User, session
from tests.conftest import make_app
from tests.running import Postbox, Served, until

pytestmark = pytest.mark.slow

SUBMISSIONS = 200
KEY = re.compile(r'name="(key|csrf_token)"[^>]*value="([^"]+)"')


@pytest.fixture
def postbox():
    with Postbox() as postbox:
        yield postbox


@pytest.fixture
def desk(empty_database, tmp_path):
    """A company with one team that assigns by rule, in a database of its own."""
    from models import Company, make_team
    from models.templates_shipped import ship_all

    app = make_app(empty_database, tmp_path / "app")
    with app.app_context():
        ship_all()
        company = Company(name="Acme", working_hours={})
        company.working_hours = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
        make_team("Support", "support", company, auto_assign="equal_total")
        for name in ("ada", "agnes", "arthur"):
            role = "administrator" if name == "ada" else "agent"
            session.add(User(contact=Contact(email=f"{name}@acme.example"), role=role, companies=[company]))
        session.commit()
        session.remove()
        yield app
        session.remove()


class Customer(threading.Thread):
    """Sends one form after the other, each until it is answered with success, the same form again after a failure."""

    def __init__(self, address, numbers, done):
        super().__init__(daemon=True)
        self.address, self.numbers, self.done = address, numbers, done

    def run(self):
        for number in self.numbers:
            self.submit(number)

    def submit(self, number):
        browser, form = requests.Session(), None
        end = time.monotonic() + 90
        while time.monotonic() < end:
            try:
                form = form or dict(KEY.findall(browser.get(self.address, timeout=10).text))
                fields = {"name": f"C {number}", "email": f"c{number}@client.example", "subject": f"Request {number}"}
                answer = browser.post(
                    self.address, {**form, **fields, "description": "Please help."}, timeout=10, allow_redirects=False
                )
                if answer.status_code == 303:
                    self.done.append(number)
                    return
                assert answer.status_code >= 500, answer.text
            except requests.RequestException:
                pass
            time.sleep(0.2)


def kill_now_and_then(served, done, total):
    """Kill the worker and the web server, and the queue once, at random moments between the submissions."""
    dice, kills = random.Random(7), 0
    victims = ["worker.py", "gunicorn", "worker.py", "valkey", "gunicorn", "worker.py"]
    marks = [total * (place + 1) // (len(victims) + 1) for place in range(len(victims))]
    for mark, word in zip(marks, victims, strict=True):
        until(lambda mark=mark: len(done) >= mark, 120)
        for process in served.named(word):
            process.send_signal(signal.SIGKILL)
            kills += 1
        time.sleep(dice.random() / 5)
    return kills


def test_every_accepted_submission_has_one_ticket_one_assignee_and_one_mail(desk, empty_database, postbox, tmp_path):
    served = Served(tmp_path, DATABASE_URL=empty_database, MAIL_URL=postbox.url, FORM_LIMIT="100000 per hour")
    try:
        served.ready()
        address, done = f"http://127.0.0.1:{served.port}/helpdesk/support", []
        customers = [Customer(address, range(first, SUBMISSIONS, 4), done) for first in range(4)]
        for customer in customers:
            customer.start()
        assert kill_now_and_then(served, done, SUBMISSIONS) >= 6
        for customer in customers:
            customer.join(150)
        assert sorted(done) == list(range(SUBMISSIONS))
        until(lambda: settled(desk), 90)
    finally:
        served.end()

    assert tickets_per_customer(desk) == dict.fromkeys((f"c{n}@client.example" for n in range(SUBMISSIONS)), 1)
    assert assigned_events(desk) == {1}
    loads = sorted(members_loads(desk))
    assert sum(loads) == SUBMISSIONS
    assert loads[-1] - loads[0] <= 1
    mails = Counter(to for to, mail_id in {(mail.to, mail.id) for mail in postbox.mails} if to.startswith("c"))
    assert mails == dict.fromkeys((f"c{n}@client.example" for n in range(SUBMISSIONS)), 1)


def ask(desk, query):
    try:
        return session.execute(query).all()
    finally:
        session.rollback()


def settled(desk):
    unsent = select(func.count()).select_from(Delivery).where(Delivery.state != "sent")
    unassigned = select(func.count()).select_from(Ticket).where(Ticket.assignee_id.is_(None))
    return ask(desk, unsent)[0][0] == 0 and ask(desk, unassigned)[0][0] == 0


def tickets_per_customer(desk):
    query = select(Contact.email, func.count()).join(Ticket, Ticket.customer_id == Contact.id)
    return dict(ask(desk, query.group_by(Contact.email)))


def assigned_events(desk):
    from models import Event

    query = select(func.count()).where(Event.kind == "assigned").group_by(Event.ticket_id)
    return {number for (number,) in ask(desk, query)}


def members_loads(desk):
    return [number for (number,) in ask(desk, select(func.count()).select_from(Ticket).group_by(Ticket.assignee_id))]
