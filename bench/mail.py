"""Receiving mail: stored by the real listener over LMTP with full durability, then read and placed on tickets.

The mails have text, HTML and, one in ten, a file; the authors differ. First nobody places what is stored, then both
happen at once: that says how long a mail takes from the wire to its ticket.
"""

import argparse
import base64
import gc
import os
import smtplib
import subprocess
import sys
import threading
import time
from email.message import EmailMessage

import psutil
from sqlalchemy import func, select

from bench.databases import FOLDER, KINDS, ROOT, address, fresh
from bench.memory import Peak
from mail.incoming import receive_due_batch
from models import Company, IncomingMail, Message, Ticket, make_team, now, session
from models.base import batches
from models.templates_shipped import ship_all
from tests.running import free_port, until

LINES = 8  # connections at once, as a mail server in front has them
TEXT = "The printer on the second floor does not print any more. " * 8


def written(number: int, to: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        f"Customer {number} <c{number}@client.example>",
        to,
        f"Question {number}",
    )
    mail["Message-ID"] = f"<{time.time_ns()}.{number}@client.example>"
    mail.set_content(f"{TEXT}\n\n-- \nCustomer {number}\n")
    mail.add_alternative(f"<html><body><p>{TEXT}</p></body></html>", subtype="html")
    if number % 10 == 0:
        mail.add_attachment(base64.b64encode(os.urandom(3000)), maintype="application", subtype="pdf", filename="a.pdf")
    return mail.as_bytes()


class Listener:
    """The listener as it is run."""

    def __init__(self, kind: str):
        self.port = free_port()
        environ = {**os.environ, "DATABASE_URL": address(kind, "mail"), "DATA_DIR": str(FOLDER), "LOG_LEVEL": "ERROR",
                   "MAIL_DOMAIN": "bench.example", "LMTP_LISTEN": f"127.0.0.1:{self.port}"}  # fmt: skip
        self.process = subprocess.Popen([sys.executable, "-m", "mail.lmtp"], cwd=ROOT, env=environ)
        until(self.answers)

    def answers(self) -> bool:
        try:
            smtplib.LMTP("127.0.0.1", self.port).quit()
        except OSError:
            return False
        return True

    @property
    def memory(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def deliver(self, mails: list[bytes], to: str) -> float:
        """Hand them over by several lines at once; the seconds that it took."""

        def hand_over(some):
            with smtplib.LMTP("127.0.0.1", self.port) as line:
                for raw in some:
                    line.sendmail("b@client.example", [to], raw)

        hands = [threading.Thread(target=hand_over, args=(mails[start::LINES],)) for start in range(LINES)]
        began = time.perf_counter()
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        return time.perf_counter() - began


def place_all() -> float:
    """The seconds that it takes, as the worker does it, pauses between batches included; the child reads beside."""
    began = time.perf_counter()
    for _ in batches(lambda: receive_due_batch(now())):
        pass
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(prog="bench/mail", description=__doc__)
    parser.add_argument("mails", type=int, nargs="?", default=1000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        measure(kind, asked.mails)


def measure(kind: str, number: int):
    with fresh(kind, "mail"):
        ship_all()
        company = Company(name="Bench")
        session.add(company)
        to = make_team("Support", "support", company).address
        session.commit()
        listener = Listener(kind)
        try:
            gc.freeze()  # as the worker does
            warm = [written(one, to) for one in range(10 * number, 10 * number + 50)]
            listener.deliver(warm, to)
            place_all()
            mails, before = [written(one, to) for one in range(number)], listener.memory
            stored = listener.deliver(mails, to)
            waiting = session.scalar(select(func.count()).where(IncomingMail.state == "received"))
            session.rollback()
            busy = time.process_time()
            with Peak() as memory:
                placed = place_all()
            busy = time.process_time() - busy
            both = together(listener, to, number)
            grown = listener.memory - before
        finally:
            listener.process.terminate()
            listener.process.wait()
        assert waiting == number, waiting
        assert session.scalar(select(func.count()).select_from(Ticket)) == len(warm) + 2 * number
        assert session.scalar(select(func.count()).select_from(Message)) == len(warm) + 2 * number
        print(
            f"{kind}: {number:,} mails stored at {number / stored:,.0f}/s, placed at {number / placed:,.0f}/s"
            f" ({1000 * busy / number:.1f} ms of a processor each, besides the child's);"
            f" both at once {number / both:,.0f}/s; memory of the listener +{grown:.1f} MB, of the worker "
            f"+{memory.grown:.1f} MB",
            flush=True,
        )


def together(listener, to, number) -> float:
    """Store and place at the same time: the seconds until the last one is a ticket."""
    mails = [written(one, to) for one in range(number, 2 * number)]
    began = time.perf_counter()
    giving = threading.Thread(target=listener.deliver, args=(mails, to))
    giving.start()
    while giving.is_alive():
        if not receive_due_batch(now()):
            time.sleep(0.01)
    place_all()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
