"""The outbox is worked off: claim, write down, send, remember (R-MAIL-1). texting.py sends the SMS.

Each step is a transaction of its own, and none is open while a mail server is asked. A claim is a lease: whoever dies
holding one loses it after LEASE, and the mail is sent again, the same bytes with the same Message-ID.
"""

import logging
import random
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path

from flask import current_app
from sqlalchemy import and_, bindparam, literal_column, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import joinedload

from models.base import is_sqlite, only_reading, session
from models.closing_rule import reminder_outdated
from models.contact_attempt import note_undeliverable
from models.message import Message
from models.outbox import Delivery, in_english
from models.people import Contact
from models.ticket import Ticket

from .envelope import Dropped, Envelope, Refused, Unreachable
from .folder import Folder
from .headers import ASCII, one_line
from .recipient import NotForThem, Obsolete
from .rendering import prepare, render, render_text
from .smtp import Server

BATCH = 50
BATCH_SECONDS = 25  # what a batch could not send by then waits for the next one; well below the lease
SOON = timedelta(seconds=20)
LEASE = timedelta(seconds=60)  # how long the mails of a killed worker wait for another
AT_ONCE_BYTES = 8_000_000  # finished mails held in memory before they are written down
FIRST_DELAY, GROWTH, LONGEST_DELAY = timedelta(minutes=1), 1.3, timedelta(hours=6)
MOST_ATTEMPTS = 32  # with these delays, about three days
AWAY_DELAY = timedelta(minutes=1)  # nobody takes mail: everything waits a moment, and none of it is to blame
JITTER = (0.8, 1.2)
GIVEN_UP = in_english("Given up after many attempts, none of which came to an end.")
OUTDATED = in_english("Since then the ticket was closed, somebody wrote, or automatic closing was switched off.")
UNWRITABLE = in_english("The mail cannot be written:")
# Said literally, so that the index of what is queued serves on both databases.
QUEUED = Delivery.state == literal_column("'queued'")

log = logging.getLogger(__name__)
chance = random.SystemRandom()


@dataclass(frozen=True)
class Claim:
    """A mail that is ours to send until the lease ends."""

    id: int
    attempts: int
    lease: datetime

    @property
    def ours(self):
        """A condition: nobody cancelled the mail or took it over since."""
        held = Delivery.due_at == self.lease, Delivery.attempts == self.attempts
        return and_(Delivery.id == self.id, QUEUED, *held)


@dataclass(frozen=True)
class Finished:
    """A mail as it will be sent at each attempt."""

    id: int
    raw: bytes
    mail_id: str
    subject: str
    answer_id: int | None  # the message that customers know by this Message-ID


def deliver_due_batch(at: datetime) -> int:
    """Send what is due, mails first; returns how many were looked at, 0 when nothing is due. Commits by itself."""
    from . import texting

    session.commit()  # whatever came before is a transaction of its own
    claims = claim(at, "email", BATCH)
    write_down(claims)
    _send(claims, at)
    return len(claims) + texting.send_due_texts(at)


def due_on(channel: str, at: datetime):
    """A condition on Delivery: queued for this way out, and due."""
    return and_(QUEUED, Delivery.due_at <= at, Delivery.channel == channel)


def seconds_until_next(at: datetime) -> float | None:
    """How long until the next one that is due within SOON; None where there is none, the schedule rings by itself."""
    with only_reading():
        soon = select(Delivery.due_at).where(QUEUED, Delivery.due_at > at, Delivery.due_at <= at + SOON)
        due = session.scalar(soon.order_by(Delivery.due_at).limit(1))
    return None if due is None else (due - at).total_seconds() + 0.1


def claim(at, channel: str, most: int) -> list[Claim]:
    """Take up to ``most`` of what is due longest, and commit: what others took or take meanwhile is left to them."""
    due = due_on(channel, at)
    if is_sqlite():
        with only_reading():
            if session.scalar(select(Delivery.id).where(due).limit(1)) is None:
                return []
    query = select(Delivery.id).where(due).order_by(Delivery.due_at, Delivery.id).limit(most)
    ids = list(session.scalars(query if is_sqlite() else query.with_for_update(skip_locked=True)))
    taken = update(Delivery).where(Delivery.id.in_(ids), due).values(due_at=at + LEASE, attempts=Delivery.attempts + 1)
    taken = taken.returning(Delivery.id, Delivery.attempts).execution_options(synchronize_session=False)
    claims = [Claim(id, attempts, at + LEASE) for id, attempts in sorted(map(tuple, session.execute(taken)))]
    # Regular refusals end earlier: these were claimed again and again by workers that did not live to tell.
    change(Delivery.id.in_(ids) & QUEUED & (Delivery.attempts > MOST_ATTEMPTS), state="failed", error=GIVEN_UP)
    # Also one that was written at an earlier attempt, and waited for the server: any activity cancels it (R-CLOSE-5).
    change(Delivery.id.in_(ids) & QUEUED & reminder_outdated(), state="cancelled", error=OUTDATED)
    prepare(_unwritten(claims))
    session.commit()
    return claims


def _unwritten(claims) -> list[Delivery]:
    """The deliveries without finished bytes, with all that rendering asks of them in one query."""
    query = select(Delivery).where(Delivery.id.in_([claim.id for claim in claims]), Delivery.raw.is_(None), QUEUED)
    people = joinedload(Delivery.contact).joinedload(Contact.user)
    ticket = joinedload(Delivery.ticket)
    team, customer = ticket.joinedload(Ticket.team), ticket.joinedload(Ticket.customer).joinedload(Contact.user)
    cause = joinedload(Delivery.message).joinedload(Message.author), joinedload(Delivery.event)
    query = query.options(people, team, customer, *cause, joinedload(Delivery.template))
    return list(session.scalars(query.order_by(Delivery.id).execution_options(populate_existing=True)))


def write_down(claims):
    """Render what has no bytes yet and keep them, before anything is sent (threat model, rule 54)."""
    while claims:
        with only_reading():
            finished, failures, complete = _render_some(_unwritten(claims))
        for id, (state, error) in failures.items():
            change((Delivery.id == id) & QUEUED, state=state, error=error)
        _keep(finished)
        session.commit()
        if complete:
            return


def _keep(finished):
    """Keep the bytes of each, unless another worker was first; and tell messages how customers know them."""
    rows, answers = Delivery.__table__, Message.__table__
    written = [{"this": mail.id, "raw": mail.raw, "subject": mail.subject} for mail in finished]
    named = [{"this": mail.answer_id, "mail_id": mail.mail_id} for mail in finished if mail.answer_id]
    if written:
        session.connection().execute(update(rows).where(rows.c.id == bindparam("this"), rows.c.raw.is_(None)), written)
    if named:
        unnamed = update(answers).where(answers.c.id == bindparam("this"), answers.c.mail_id.is_(None))
        session.connection().execute(unnamed, named)


def _render_some(deliveries) -> tuple[list[Finished], dict, bool]:
    """Mails up to AT_ONCE_BYTES, why others will not be sent ({id: (state, reason)}), and whether that was all."""
    finished, failures, size = [], {}, 0
    for id in [delivery.id for delivery in deliveries]:
        if size > AT_ONCE_BYTES:
            return finished, failures, False
        try:
            finished.append(mail := _finish(session.get(Delivery, id)))
            size += len(mail.raw)
        except Obsolete as reason:
            failures[id] = "cancelled", str(reason)
        except NotForThem as reason:
            failures[id] = "failed", str(reason)
        except (OperationalError, InterfaceError):
            raise  # the database is away: that is no fault of the mail
        except Exception as error:
            log.exception("Delivery %s cannot be written.", id)
            failures[id] = "failed", one_line(f"{UNWRITABLE} {error or type(error).__name__}", 500)
            session.rollback()
    return finished, failures, True


def _finish(delivery) -> Finished:
    if delivery.channel == "sms":
        return Finished(delivery.id, render_text(delivery).encode(), delivery.mail_id, "", None)
    mail = render(delivery)
    answer = delivery.kind == "reply" and delivery.contact_id == delivery.ticket.customer_id
    return Finished(
        delivery.id, mail.as_bytes(), delivery.mail_id, str(mail["Subject"]), delivery.message_id if answer else None
    )


def _send(claims, at):
    """Hand over one after the other, and remember each outcome at once."""
    left, ends, broken = deque(claims), time.monotonic() + BATCH_SECONDS, 0
    try:
        with post_office() as office:
            while left and time.monotonic() < ends:
                broken = 0 if _send_one(office, left[0], at) else broken + 1
                left.popleft()
                if broken == 2:
                    raise Unreachable(in_english("The mail server breaks the line, one time after the other."))
    except Unreachable as reason:
        log.warning("No mail is taken at the moment: %s", reason)
        put_back(left, at + AWAY_DELAY * chance.uniform(*JITTER), str(reason))
        _let_wait(at, at + AWAY_DELAY * chance.uniform(*JITTER))
    else:
        put_back(left, at, "")


def post_office():
    """A context of whoever takes our mail: the server of MAIL_URL, or a folder."""
    config = current_app.config
    if config["MAIL_URL"]:
        return Server(config["MAIL_URL"], greeting=config["MAIL_DOMAIN"])
    return nullcontext(Folder(Path(config["DATA_DIR"]) / "mail"))


def _send_one(office, claim, at) -> bool:
    """Whether the line held. A mail that is cancelled or no longer ours is left alone."""
    if (envelope := _envelope(claim)) is None:
        return True
    try:
        office.post(envelope)
    except Refused as reason:
        _refused(claim, at, str(reason), reason.permanent)
    except Dropped as reason:
        _refused(claim, at, str(reason), permanent=False)
        return False
    else:
        record(Delivery.id == claim.id, state="sent", sent_at=at, error="")
    return True


def _envelope(claim) -> Envelope | None:
    """The mail, if it is still to be sent; one last look before it leaves."""
    query = select(Delivery.created_at, Delivery.raw).where(claim.ours, Delivery.raw.is_not(None))
    with only_reading():
        row = session.execute(query).first()
    if row is None:
        return None
    created_at, raw = row
    head = BytesHeaderParser(policy=ASCII).parsebytes(raw.partition(b"\r\n\r\n")[0])
    by, to = (head[name].addresses[0].addr_spec for name in ("From", "To"))
    return Envelope(f"{created_at:%Y-%m-%d}-{claim.id}", by, to, raw)


def _refused(claim, at, words, permanent):
    """The server's words are kept; a temporary refusal is tried again, later each time (threat model, rule 57)."""
    if permanent or claim.attempts >= MOST_ATTEMPTS:
        change(claim.ours, state="failed", error=words)
        note_undeliverable(claim.id, words, at)
        session.commit()
    else:
        record(claim.ours, due_at=at + delay_after(claim.attempts), error=words)


def delay_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: about a third of the time that the mail has waited so far."""
    grown = FIRST_DELAY * GROWTH ** min(attempts - 1, MOST_ATTEMPTS)
    return min(grown, LONGEST_DELAY) * chance.uniform(*JITTER)


def put_back(claims, due_at, words):
    """These were not tried: they are due again, and it does not count."""
    for claim in claims:
        change(claim.ours, due_at=due_at, attempts=claim.attempts - 1, error=words)
    session.commit()


def _let_wait(at, due_at):
    """Whatever else is due waits as well: one attempt a minute finds out whether the server is back."""
    record(due_on("email", at), due_at=due_at)


def record(condition, **values):
    change(condition, **values)
    session.commit()


def change(condition, **values):
    session.execute(update(Delivery).where(condition).values(**values).execution_options(synchronize_session=False))
