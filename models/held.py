"""SMS that no gateway takes: held, not lost; administrators are told, and send them when one does (R-MAIL-5)."""

from sqlalchemy import func, select, update

from .base import now, session
from .bell import ring
from .outbox import Delivery, queue_mail
from .people import User

HELD = (Delivery.channel == "sms") & (Delivery.state == "held")


def hold(sms, why: str):
    """Hold what this condition names and still waits, and tell every administrator, once for the same oldest SMS."""
    waiting = (Delivery.channel == "sms") & (Delivery.state == "queued")
    held = update(Delivery).where(waiting, sms).values(state="held", error=why)
    if session.execute(held.execution_options(synchronize_session=False)).rowcount:
        oldest = session.scalar(select(func.min(Delivery.id)).where(HELD))
        for user in session.scalars(select(User).where(User.role == "administrator", User.active).order_by(User.id)):
            queue_mail("sms_held", user.contact, f"delivery:{oldest}")


def why_held() -> Delivery | None:
    """The SMS that was held last: its reason is the newest."""
    return session.scalar(select(Delivery).where(HELD).order_by(Delivery.id.desc()).limit(1))


def send_held(sms) -> int:
    """Put those of the held SMS that this condition names back into the queue; returns how many."""
    again = update(Delivery).where(HELD, sms).values(state="queued", attempts=0, due_at=now(), error="")
    count = session.execute(again.execution_options(synchronize_session=False)).rowcount
    if count:
        ring("deliver")
    return count
