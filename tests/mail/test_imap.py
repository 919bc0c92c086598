"""A mailbox is fetched by IMAP: stored before it is marked, marked and never deleted, each mail once.

The server is a real Dovecot where one is installed (tests/mail/test_real_servers.py); here is a small one of our own,
for what a real one does not do: to break the line between storing and marking.
"""

import re
import socketserver
import threading

import pytest
from sqlalchemy import select

from mail import imap
from models import IncomingMail, session
from models.base import db
from tests.conftest import make_app
from tests.mail.arriving import letter


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much IMAP as the fetcher does (RFC 3501)."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, mails):
        super().__init__(("127.0.0.1", 0), Session)
        self.mails, self.seen, self.commands, self.break_on = mails, set(), [], None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"imap://support%40desk.example:secret@127.0.0.1:{self.server_address[1]}/INBOX"


class Session(socketserver.StreamRequestHandler):
    def say(self, *lines: bytes):
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self):
        self.say(b"* OK ready")
        for line in self.rfile:
            tag, _, command = line.strip().partition(b" ")
            self.server.commands.append(command.decode())
            if self.server.break_on and re.match(self.server.break_on, command.decode()):
                self.server.break_on = None
                return
            self.answer(command)
            self.say(tag + b" OK done")

    def answer(self, command: bytes):
        box = self.server
        if command.startswith(b"CAPABILITY"):
            self.say(b"* CAPABILITY IMAP4rev1")
        elif command.startswith(b"SELECT"):
            self.say(b"* %d EXISTS" % len(box.mails), b"* OK [UIDVALIDITY 1]")
        elif command.startswith(b"UID SEARCH"):
            unseen = [number for number in range(1, len(box.mails) + 1) if number not in box.seen]
            self.say(b"* SEARCH " + b" ".join(b"%d" % number for number in unseen))
        elif found := re.match(rb"UID FETCH (\d+) \(BODY.PEEK\[\]\)", command, re.I):
            raw = box.mails[int(found[1]) - 1]
            self.wfile.write(b"* %s FETCH (UID %s BODY[] {%d}\r\n%s)\r\n" % (found[1], found[1], len(raw), raw))
        elif found := re.match(rb"UID STORE (\d+) \+FLAGS \(\\Seen\)", command, re.I):
            box.seen.add(int(found[1]))


@pytest.fixture
def mailbox():
    box = Mailbox([letter(subject="One"), letter(subject="Two")])
    yield box
    box.shutdown()
    box.server_close()


@pytest.fixture
def fetching(empty_database, tmp_path):
    with make_app(empty_database, tmp_path).app_context():
        yield
        session.remove()


def subjects() -> list[str]:
    with db.engine.connect() as connection:
        raws = connection.execute(select(IncomingMail.raw).order_by(IncomingMail.id)).scalars()
        return [re.search(rb"Subject: (\w+)", raw)[1].decode() for raw in raws]


def test_what_is_unseen_is_stored_then_marked_and_stays_there(fetching, mailbox):
    box = imap.connect(mailbox.url)
    assert imap.fetch(box) == 2
    assert (subjects(), mailbox.seen) == (["One", "Two"], {1, 2})

    mailbox.mails.append(letter(subject="Three"))
    imap.fetch(box)

    assert subjects() == ["One", "Two", "Three"]
    assert not any(word in command.upper() for command in mailbox.commands for word in ("DELETE", "EXPUNGE", "MOVE"))
    fetched, marked = (
        next(i for i, one in enumerate(mailbox.commands) if word in one.upper()) for word in ("FETCH", "STORE")
    )
    assert fetched < marked


def test_a_line_that_breaks_before_the_mark_makes_no_second_mail(fetching, mailbox):
    mailbox.break_on = "UID STORE"
    box = imap.connect(mailbox.url)
    with pytest.raises(Exception, match=""):
        imap.fetch(box)
    assert (subjects(), mailbox.seen) == (["One"], set())

    assert imap.fetch(imap.connect(mailbox.url)) == 2

    assert (subjects(), mailbox.seen) == (["One", "Two"], {1, 2})


def test_a_database_that_is_away_leaves_the_mail_unmarked(fetching, mailbox):
    with db.engine.begin() as connection:
        connection.execute(db.text("ALTER TABLE incoming_mails RENAME TO elsewhere"))
    with pytest.raises(Exception, match="incoming_mails"):
        imap.fetch(imap.connect(mailbox.url))

    assert mailbox.seen == set()
