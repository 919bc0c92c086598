"""What was received is worked off: claim, read in the child, place, remember (R-MAIL-4).

Reading happens outside any transaction, and goes on while what was read before is being placed. A claim is a lease:
whoever dies holding one loses it after LEASE; a mail that takes its workers along is parked after a few.
"""

import logging
import queue
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import and_, literal_column, select, update

from models.base import is_sqlite, only_reading, session
from models.incoming import IncomingMail, forget_originals
from models.outbox import in_english

from .placing import Placing
from .reader import CannotRead, HeldUp, Reader
from .reading import Reading

BATCH = 200
BATCH_BYTES = 30_000_000  # of originals held in memory
AT_ONCE = 50  # placed in one transaction
WAIT_SECONDS = 0.25  # for more of them
READING_SECONDS = 20  # what a batch could not read by then is put back; well below the lease
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
GIVEN_UP = in_english("Given up after several attempts, none of which came to an end.")
RECEIVED = IncomingMail.state == literal_column("'received'")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A mail that is ours to handle until the lease ends."""

    id: int
    attempts: int
    sender: str | None
    raw: bytes


def receive_due_batch(at: datetime, only: int | None = None) -> int:
    """Read and place what was received, up to BATCH; returns how many were looked at. Commits by itself.

    ``only`` handles this one mail, if nobody else does already.
    """
    session.commit()
    claims = _claim(at, only)
    if not claims:
        return forget_originals(at) if only is None else 0
    results, stop = queue.Queue(), threading.Event()
    reading = threading.Thread(target=_read_all, args=(_reader(), claims, results, stop), daemon=True)
    reading.start()
    try:
        left = len(claims)
        while left:
            some = _collect(results, left)
            left -= len(some)
            _place(some, at)
    finally:
        stop.set()
        reading.join()
    return len(claims)


def _claim(at, only) -> list[Claim]:
    """Take the mails that came first, and commit; what others hold meanwhile is left to them."""
    due = and_(RECEIVED, IncomingMail.due_at <= at, *([IncomingMail.id == only] if only else []))
    if is_sqlite():
        with only_reading():
            if session.scalar(select(IncomingMail.id).where(due).limit(1)) is None:
                return []
    query = select(IncomingMail.id, IncomingMail.size).where(due).order_by(IncomingMail.due_at, IncomingMail.id)
    rows = session.execute(query.limit(BATCH) if is_sqlite() else query.limit(BATCH).with_for_update(skip_locked=True))
    ids, size = [], 0
    for id, bytes in rows:
        if ids and size + bytes > BATCH_BYTES:
            break
        ids, size = [*ids, id], size + bytes
    _change(IncomingMail.id.in_(ids), attempts=IncomingMail.attempts + 1, due_at=at + LEASE)
    worn_out = and_(IncomingMail.id.in_(ids), IncomingMail.attempts > MOST_ATTEMPTS)
    _change(worn_out, state="parked", reason=GIVEN_UP, handled_at=at)
    columns = (IncomingMail.id, IncomingMail.attempts, IncomingMail.sender, IncomingMail.raw)
    held = select(*columns).where(IncomingMail.id.in_(ids), RECEIVED).order_by(IncomingMail.id)
    claims = [Claim(*row) for row in session.execute(held)]
    session.commit()
    return claims


def _reader() -> Reader:
    """The reading child of this process, kept for the next batch."""
    config, known = current_app.config, current_app.extensions
    if "guichet.reader" not in known:
        known["guichet.reader"] = Reader(
            authserv_id=config["AUTHSERV_ID"],
            recipient_header=config["RECIPIENT_HEADER"],
            largest_file=config["MAX_ATTACHMENT_BYTES"],
        )
    return known["guichet.reader"]


def _read_all(reader, claims, results, stop):
    """Put (claim, reading), (claim, the reason why there is none), or (claim, None or HeldUp), which is to be put back:
    this one was an attempt."""
    until = time.monotonic() + READING_SECONDS
    for claim in claims:
        found: Reading | str | HeldUp | None = None
        if not stop.is_set() and time.monotonic() < until:
            try:
                found = reader.read(claim.raw, claim.sender)
            except CannotRead as reason:
                found = str(reason)
            except HeldUp as reason:
                found = reason
            except Exception:
                log.exception("The reading child cannot be used.")
        results.put((claim, found))


def _collect(results, left) -> list[tuple]:
    """What has been read: the first to come, and whatever else comes at once."""
    some, until = [results.get()], time.monotonic() + WAIT_SECONDS
    while len(some) < min(left, AT_ONCE):
        try:
            some.append(results.get(timeout=max(0.0, until - time.monotonic())))
        except queue.Empty:
            break
    return some


def _place(some, at):
    """One transaction; a mail that somebody else took over meanwhile is left alone."""
    claims = {claim.id: (claim, found) for claim, found in some}
    query = select(IncomingMail).where(IncomingMail.id.in_(claims), RECEIVED).order_by(IncomingMail.id)
    if not is_sqlite():
        query = query.with_for_update(skip_locked=True)
    placing = Placing(at)
    ours = [
        (mail, *claims[mail.id])
        for mail in session.scalars(query.execution_options(populate_existing=True))
        if mail.attempts == claims[mail.id][0].attempts
    ]
    placing.prepare([(mail, found) for mail, _, found in ours if isinstance(found, Reading)])
    for mail, claim, found in ours:
        if found is None:
            mail.due_at, mail.attempts = at, mail.attempts - 1
        elif isinstance(found, HeldUp):
            mail.due_at = at
        elif isinstance(found, str):
            placing.park(mail, found)
        else:
            placing.place(mail, found, claim.raw)
    placing.finish()
    session.commit()


def _change(condition, **values):
    session.execute(update(IncomingMail).where(condition).values(**values).execution_options(synchronize_session=False))
