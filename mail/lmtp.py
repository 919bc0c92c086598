"""The listener of LMTP_LISTEN: takes mail from a mail server, in LMTP (RFC 2033) or SMTP, whichever it speaks.

Run as ``python -m mail.lmtp``. It knows no mailbox but the addresses of this desk; others are refused at once, so that
the server in front can tell the sender. What it said 250 to is committed.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from aiosmtpd.smtp import SMTP, syntax

from config import ConfigError
from models.base import db, only_reading
from models.incoming import all_addresses, plain, row_of
from models.people import normal_email
from models.reply_address import apart, open_reply_address
from web import queue as bell

from .storing import Writer

MOST_RECIPIENTS = 100
KNOWN_SECONDS = 2  # how long a list of addresses serves before it is asked for again
LONGEST_LINE = 10_000_000  # bytes; what people's programs send is not what a standard allows
IDLE_SECONDS = 300
LATER = "451 4.3.0 The mail cannot be stored at the moment: try again"
UNKNOWN = "550 5.1.1 No team has this address"

log = logging.getLogger("mail.listener")


class Listener(SMTP):
    """Both protocols: whoever says LHLO is answered once for each recipient."""

    line_length_limit = LONGEST_LINE

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg):
        self.session.lmtp = True
        await self.smtp_EHLO(arg)


class Desk:
    """What the listener asks of the desk, and gives to it."""

    def __init__(self, app, writer: Writer):
        self.app, self.writer = app, writer
        self.known, self.known_until = {}, 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once"
        try:
            ours = await asyncio.to_thread(self.takes, address)
        except Exception as error:
            log.error("Addresses cannot be looked up: %s", type(error).__name__)
            return LATER
        if not ours:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    def takes(self, address: str) -> bool:
        """Whether this is an address of the desk; or one that a team had, with a key of ours."""
        if time.monotonic() > self.known_until:
            with self.app.app_context(), only_reading():
                self.known = {*all_addresses(), normal_email(self.app.config["MAIL_FROM"])}
            self.known_until = time.monotonic() + KNOWN_SECONDS
        address = normal_email(plain(address))
        with self.app.app_context(), only_reading():
            base, key = apart(address)
            return address in self.known or base in self.known or open_reply_address(key) is not None

    async def handle_DATA(self, server, session, envelope):
        lmtp = getattr(session, "lmtp", False)
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        raw = envelope.original_content or b""
        rows = [row_of(raw, "lmtp" if lmtp else "smtp", sender, to) for to in dict.fromkeys(envelope.rcpt_tos)]
        try:
            await asyncio.wrap_future(self.writer.store(rows))
        except Exception:  # it was logged where it happened
            answer = LATER
        else:
            answer = "250 2.0.0 Stored"
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if lmtp else answer

    async def handle_exception(self, error):
        log.error("A session broke: %s", type(error).__name__)
        return "451 4.3.0 Try again"


async def listen(app, where: str, ready=lambda: None):
    """Take mail until told to stop; then end what is under way."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's: it would log addresses (threat model, rule 17)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    with app.app_context():
        engine = db.engine

    def ring():
        with app.app_context():
            bell.enqueue("receive")

    with Writer(engine, ring) as writer:
        desk = Desk(app, writer)

        def session():
            return Listener(
                desk, hostname=app.config["MAIL_DOMAIN"], ident="Guichet", enable_SMTPUTF8=True,
                data_size_limit=app.config["MAX_MAIL_BYTES"], timeout=IDLE_SECONDS, loop=loop,
            )  # fmt: skip

        server = await open_server(loop, session, where)
        log.info("Mail is taken at %s.", where)
        ready()
        await over.wait()
        server.close()


async def open_server(loop, session, where: str):
    if where.startswith("/"):
        with suppress(FileNotFoundError):
            os.unlink(where)
        server = await loop.create_unix_server(session, where)
        Path(where).chmod(0o660)  # for the group of the mail server
        return server
    host, _, port = where.rpartition(":")
    return await loop.create_server(session, host.strip("[]"), int(port), family=socket.AF_UNSPEC, backlog=512)


def main():
    from wsgi import create_app

    try:
        app = create_app()
        if not app.config["LMTP_LISTEN"]:
            raise ConfigError("LMTP_LISTEN is not set: it says where mail is taken, as 127.0.0.1:2424 or a path.")
        asyncio.run(listen(app, app.config["LMTP_LISTEN"]))
    except ConfigError as error:
        sys.exit(f"Guichet cannot start. {error}")
    except OSError as error:
        sys.exit(f"Guichet cannot start. LMTP_LISTEN: {error.strerror or error}")


if __name__ == "__main__":
    main()
