"""Several workers, real processes and real commits: each mail is sent once, and a killed worker loses none."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models import Company, Contact, Delivery, make_team, now, open_ticket, session
from models.base import db
from models.templates_shipped import ship_all
from tests.conftest import make_app
from tests.mail.server import drain

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
MAILS = 120
WORKER = """
from mail import outgoing
from models import now
from wsgi import create_app

with create_app().app_context():
    while outgoing.deliver_due_batch(now()):
        pass
"""


@pytest.fixture
def desk(empty_database, tmp_path, new_server):
    """A desk with a full outbox, and its mail server."""
    server = new_server()
    app = make_app(empty_database, tmp_path, MAIL_URL=server.url)
    with app.app_context():
        ship_all()
        team = make_team("Support", "support", Company(name="Acme"))
        for index in range(MAILS):
            contact = Contact(email=f"c{index}@client.example")
            session.add(contact)
            open_ticket(team, contact, "Help", "Please")
        session.commit()
        yield app, server, empty_database
        session.remove()
        db.engine.dispose()


def start_worker(desk):
    app, server, url = desk
    settings = {"DATABASE_URL": url, "DATA_DIR": app.config["DATA_DIR"], "MAIL_URL": server.url}
    settings |= {"SECRET_KEY": app.config["SECRET_KEY"], "REDIS_URL": "redis://127.0.0.1:1/0"}
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env={**os.environ, **settings})


def states():
    session.rollback()
    return dict(session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all())


def test_workers_side_by_side_send_each_mail_once(desk):
    workers = [start_worker(desk) for _ in range(3)]
    assert [worker.wait(90) for worker in workers] == [0, 0, 0]

    assert sorted(desk[1].recipients()) == sorted(f"c{index}@client.example" for index in range(MAILS))
    assert states() == {"sent": MAILS}


def test_a_worker_killed_in_the_middle_loses_no_mail_and_doubles_at_most_one(desk):
    server, worker = desk[1], start_worker(desk)
    end = time.monotonic() + 60
    while len(server.taken) < 20 and time.monotonic() < end:
        time.sleep(0.002)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    drain(now() + timedelta(minutes=6))

    ids = [mail["Message-ID"] for mail in server.mails()]
    contents = {envelope.content for envelope in server.taken}
    assert len(set(ids)) == len(contents) == MAILS
    assert len(ids) <= MAILS + 1
    assert states() == {"sent": MAILS}
