"""Fetches mail from the mailbox of IMAP_URL: stored first, then marked as seen, never deleted (R-MAIL-4).

Run as ``python -m mail.imap``. The mailbox says by itself when something came (IDLE, RFC 2177), where it can; it is
looked at every minute in any case. imaps:// is TLS from the first byte; imap://…?tls=1 begins it (STARTTLS).
"""

import logging
import signal
import ssl
import sys
import threading
from urllib.parse import parse_qs, unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.consts import MailMessageFlags

from config import ConfigError
from models.base import db
from models.incoming import row_of
from web import queue as bell

from .headers import one_line
from .storing import write

POLL_SECONDS = 60
IDLE_SECONDS = 20  # a stop signal is heard after so long
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2, 300
AT_ONCE = 20
TIMEOUT_SECONDS = 60

log = logging.getLogger("mail.imap")
stopping = threading.Event()


def connect(url: str) -> BaseMailBox:
    """The mailbox, signed in, its folder chosen; INBOX where the address names none."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    context = ssl.create_default_context()
    if options.get("verify") == "0":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if parts.scheme == "imaps":
        box = MailBox(parts.hostname, parts.port or 993, timeout=TIMEOUT_SECONDS, ssl_context=context)
    elif options.get("tls") == "1":
        box = MailBoxStartTls(parts.hostname, parts.port or 143, timeout=TIMEOUT_SECONDS, ssl_context=context)
    else:
        box = MailBoxUnencrypted(parts.hostname, parts.port or 143, timeout=TIMEOUT_SECONDS)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    box.login(unquote(parts.username or ""), unquote(parts.password or ""), initial_folder=folder)
    return box


def fetch(box: BaseMailBox) -> int:
    """Store what nobody has seen yet, then mark it; returns how many there were.

    Stored twice, where marking failed the first time, it is the same delivery, and one row.
    """
    uids = box.uids("UNSEEN")
    for start in range(0, len(uids), AT_ONCE):
        for uid in uids[start : start + AT_ONCE]:
            raw = raw_mail(box, uid)
            if raw is not None:
                with db.engine.begin() as connection:
                    write(connection, [row_of(raw, "imap", None, None)])
            # Not by ``box.flag``, which expunges as well: what others marked as deleted is not ours to remove.
            box.client.uid("store", uid, "+FLAGS", f"({MailMessageFlags.SEEN})")
        bell.enqueue("receive")
        if stopping.is_set():
            break
    return len(uids)


def raw_mail(box: BaseMailBox, uid: str) -> bytes | None:
    """The bytes as they lie there, without marking them; None where somebody took the mail away meanwhile."""
    _, data = box.client.uid("fetch", uid, "(BODY.PEEK[])")
    return next((part[1] for part in data if isinstance(part, tuple)), None)


def watch(url: str):
    """Stay signed in, fetch what is there and what comes, until told to stop or the line breaks."""
    box = connect(url)
    try:
        idle = "IDLE" in box.client.capabilities
        while not stopping.is_set():
            fetch(box)
            if not idle:
                stopping.wait(POLL_SECONDS)
                continue
            for _ in range(POLL_SECONDS // IDLE_SECONDS):
                if box.idle.wait(timeout=IDLE_SECONDS) or stopping.is_set():
                    break
    finally:
        try:
            box.logout()
        except Exception as error:
            log.debug("No farewell: %s", type(error).__name__)


def run(app):
    pause = FIRST_PAUSE_SECONDS
    while not stopping.is_set():
        try:
            with app.app_context():
                watch(app.config["IMAP_URL"])
            pause = FIRST_PAUSE_SECONDS
        except Exception as error:  # of imaplib, ssl, sockets or the database: all of them pass
            log.warning("The mailbox cannot be read (%s); trying again in %d s.", one_line(str(error), 200), pause)
            stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def main():
    from wsgi import create_app

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stopping.set())
    try:
        app = create_app()
        if not app.config["IMAP_URL"]:
            raise ConfigError(
                "IMAP_URL is not set: it says which mailbox to read, as imaps://user:password@host/INBOX."
            )
        run(app)
    except ConfigError as error:
        sys.exit(f"Guichet cannot start. {error}")


if __name__ == "__main__":
    main()
