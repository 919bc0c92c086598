"""The ways in as they run: a real listener and a real SMTP client, the command for pipes (threat model, rule 41)."""

import os
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from models import IncomingMail
from models.base import engine_options
from tests.conftest import make_app
from tests.mail.arriving import SUPPORT, letter
from tests.running import SETTINGS, free_port, until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


class Receiver:
    """The listener in a process of its own, on a database of its own with the team Support."""

    def __init__(self, url: str, folder: Path, **settings):
        self.url, self.port = url, free_port()
        clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
        self.environ = {
            **clean, "DATABASE_URL": url, "DATA_DIR": str(folder), "MAIL_DOMAIN": "desk.example",
            "LOG_LEVEL": "WARNING", "LMTP_LISTEN": f"127.0.0.1:{self.port}", **settings,
        }  # fmt: skip
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "mail.lmtp"], cwd=ROOT, env=self.environ)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client(self, protocol=smtplib.LMTP):
        """A connection to it, as soon as it answers."""

        def connect():
            assert self.process.poll() is None
            try:
                return protocol("127.0.0.1", self.port, timeout=10)
            except OSError:
                return None

        return until(connect)

    def rows(self) -> list:
        options = engine_options(self.url)
        engine = create_engine(self.url, **options)
        with engine.connect() as connection:
            columns = IncomingMail.recipient, IncomingMail.sender, IncomingMail.via, IncomingMail.raw
            found = connection.execute(select(*columns).order_by(IncomingMail.id)).all()
        engine.dispose()
        return found


@pytest.fixture
def desk(empty_database, tmp_path):
    from models import Company, make_team, session
    from models.templates_shipped import ship_all

    app = make_app(empty_database, tmp_path)
    with app.app_context():
        ship_all()
        company = Company(name="Acme")
        make_team("Support", "support", company)
        make_team("Sales", "sales", company)
        session.commit()
        session.remove()
        yield app
        session.remove()


@pytest.fixture
def receiver(desk, empty_database, tmp_path):
    receiver = Receiver(empty_database, tmp_path)
    yield receiver.start()
    receiver.kill()


def test_lmtp_answers_for_each_recipient_once_it_is_stored(receiver):
    raw = letter().replace(b"\n", b"\r\n")
    with receiver.client() as line:  # smtplib reads one answer to a mail: here we read them ourselves
        line.ehlo()
        line.mail("carla@client.example")
        answers = [line.rcpt(to)[0] for to in (SUPPORT, "sales@desk.example", "nobody@desk.example")]
        answers += [line.data(raw)[0], line.getreply()[0]]

    assert answers == [250, 250, 550, 250, 250]
    assert [row[:3] for row in receiver.rows()] == [
        (SUPPORT, "carla@client.example", "lmtp"),
        ("sales@desk.example", "carla@client.example", "lmtp"),
    ]
    assert receiver.rows()[0].raw == raw


def test_smtp_is_spoken_too_with_empty_senders_keys_and_addresses_beyond_ascii(receiver):
    with receiver.client(smtplib.SMTP) as line:
        line.sendmail("", ["support+1.1.abcdefghijklmnopqrstuvwx@desk.example"], letter())
        line.sendmail("dörte@bücher.example", [SUPPORT], letter(), mail_options=["SMTPUTF8"])

    assert [(row.sender, row.via) for row in receiver.rows()] == [("", "smtp"), ("dörte@bücher.example", "smtp")]


def test_what_is_too_large_is_refused_before_it_is_sent(desk, empty_database, tmp_path):
    receiver = Receiver(empty_database, tmp_path, MAX_MAIL_BYTES="100000").start()
    try:
        with receiver.client() as line, pytest.raises(smtplib.SMTPResponseException) as refused:
            line.sendmail("carla@client.example", [SUPPORT], letter(text="x" * 50 + "\n" + "y" * 50 + "\n") * 1000)
        assert refused.value.smtp_code == 552
    finally:
        receiver.kill()
    assert receiver.rows() == []


def test_lines_of_any_length_are_taken(receiver):
    raw = letter() + b"x" * 100_000 + b"\n"
    with receiver.client() as line:
        line.sendmail("carla@client.example", [SUPPORT], raw)

    assert b"x" * 100_000 in receiver.rows()[0].raw


def run(receiver, raw, *words, **settings):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "mail", "receive", *words]
    return subprocess.run(
        command, input=raw, cwd=ROOT, env={**receiver.environ, **settings}, capture_output=True, check=False
    )


def test_a_pipe_stores_and_places_at_once(receiver, desk):
    from models import session

    done = run(receiver, letter(), "--to", SUPPORT, "--from", "carla@client.example")
    again = run(receiver, letter(Message_ID="<other@client.example>"))

    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert [row.via for row in receiver.rows()] == ["pipe", "pipe"]
    assert session.scalars(select(IncomingMail.state)).all() == ["ticket", "ticket"]


def test_a_pipe_that_cannot_store_says_try_again_later(receiver, tmp_path):
    away = f"sqlite:///{tmp_path}/empty.db"  # no tables
    if receiver.url.startswith("postgresql"):
        away = "postgresql://nobody@127.0.0.1:1/none"

    done = run(receiver, letter(), DATABASE_URL=away)

    assert done.returncode == os.EX_TEMPFAIL, done.stderr


def test_a_listener_whose_database_is_gone_says_try_again_later(receiver, desk):
    from models import session
    from models.base import db

    with receiver.client() as line:
        session.execute(db.text("ALTER TABLE incoming_mails RENAME TO elsewhere"))
        session.commit()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            line.sendmail("carla@client.example", [SUPPORT], letter())
        assert refused.value.smtp_code == 451
        session.execute(db.text("ALTER TABLE elsewhere RENAME TO incoming_mails"))
        session.commit()
        line.sendmail("carla@client.example", [SUPPORT], letter())

    assert len(receiver.rows()) == 1
