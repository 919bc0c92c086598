"""The SMS of the outbox are sent: after the mails of a batch and in little time, so that no mail waits for a gateway.

An SMS costs money and disturbs. So what was perhaps sent is not sent again by itself, and where the gateway refuses us,
all of them are held until a person has seen to it (models/held.py).
"""

import logging
import time
from collections import deque

from flask import current_app
from sqlalchemy import select

from models import held
from models.base import only_reading, session
from models.contact_attempt import note_undeliverable
from models.outbox import Delivery, in_english
from models.phone import NoPhoneNumber, normal_phone

from . import outgoing
from .envelope import Dropped, Refused, Unreachable, Withheld
from .headers import one_line
from .sms import Gateway

BATCH = 10
BATCH_SECONDS = 10
MOST_ATTEMPTS = 10  # a minute and more apart: then all of them are held
NO_GATEWAY = in_english("There is no SMS gateway (SMS_URL). It can be sent from here once there is one.")
BAD_NUMBER = in_english("This is no phone number with its country's code:")

log = logging.getLogger(__name__)


def send_due_texts(at) -> int:
    """Send what is due, up to BATCH; returns how many were looked at. Commits by itself."""
    due = outgoing.due_on("sms", at)
    with only_reading():
        if session.scalar(select(Delivery.id).where(due).limit(1)) is None:
            return 0
    url = current_app.config["SMS_URL"]
    if not url:
        return _hold_all(due, NO_GATEWAY)
    claims = outgoing.claim(at, "sms", BATCH)
    outgoing.write_down(claims)
    _send(Gateway(url), claims, at)
    return len(claims)


def _hold_all(sms, why) -> int:
    held.hold(sms, why)
    session.commit()
    return 1  # somebody may have to be told by mail: look again


def _send(gateway, claims, at):
    """Hand over one after the other, and remember each outcome at once."""
    left, ends = deque(claims), time.monotonic() + BATCH_SECONDS
    later = at + outgoing.AWAY_DELAY * outgoing.chance.uniform(*outgoing.JITTER)
    while left and time.monotonic() < ends:
        claim = left.popleft()
        try:
            _send_one(gateway, claim, at)
        except Withheld as reason:
            log.warning("The SMS gateway %s takes nothing until somebody sees to it.", gateway.name)
            return _hold_all(_waiting(at), str(reason))
        except (Dropped, Unreachable) as reason:
            log.warning("The SMS gateway %s takes nothing at the moment.", gateway.name)
            if isinstance(reason, Dropped):
                held.hold(claim.ours, str(reason))
            elif claim.attempts >= MOST_ATTEMPTS:
                return _hold_all(_waiting(at), str(reason))
            else:
                outgoing.change(claim.ours, due_at=later, error=str(reason))
            outgoing.put_back(left, later, "")
            outgoing.record(outgoing.due_on("sms", at), due_at=later)
            return None
    outgoing.put_back(left, at, "")
    return None


def _waiting(at):
    """Every SMS that is due or claimed."""
    return outgoing.due_on("sms", at + outgoing.LEASE)


def _send_one(gateway, claim, at):
    """One SMS; left alone where it was cancelled or is no longer ours."""
    with only_reading():
        row = session.execute(
            select(Delivery.address, Delivery.raw).where(claim.ours, Delivery.raw.is_not(None))
        ).first()
    if row is None:
        return
    address, raw = row
    try:
        gateway.post(normal_phone(address), raw.decode())
    except NoPhoneNumber:
        _failed(claim, at, f"{BAD_NUMBER} {one_line(address, 60)}")
    except Refused as reason:
        _failed(claim, at, str(reason))
    else:
        outgoing.record(Delivery.id == claim.id, state="sent", sent_at=at, error="")


def _failed(claim, at, why):
    outgoing.change(claim.ours, state="failed", error=why)
    note_undeliverable(claim.id, why, at)
    session.commit()
