"""A bounce is noted at the mail that came back, and marks the address (threat model, rule 52)."""

from sqlalchemy import select

from models.base import session
from models.contact_attempt import note_undeliverable
from models.incoming import IncomingMail
from models.outbox import Delivery, in_english

from .headers import one_line

NOT_OURS = in_english("It speaks of no mail of ours.")
DELAYED = in_english("The mail is delayed, and still under way:")
RETURNED = in_english("The mail came back:")


def note_bounce(mail: IncomingMail, found, at):
    """Anybody can write a bounce: it counts where it names a mail of ours and the very address that this went to."""
    report = found.report
    delivery = session.scalar(
        select(Delivery).where(Delivery.mail_id.in_(report.get("mail_ids", ()))).order_by(Delivery.id.desc()).limit(1)
    )
    said = one_line(" ".join(filter(None, (report.get("status"), report.get("words")))), 400)
    named = report.get("recipients")
    if delivery is None or (named and delivery.address.lower() not in named):
        return mail.becomes("bounce", NOT_OURS, at)
    final = report.get("action") in ("failed", "") and not (report.get("status") or "5").startswith(("2", "4"))
    if final:
        again = delivery.bounced_at is not None
        delivery.bounced_at, delivery.error = at, f"{RETURNED} {said}"
        if delivery.contact.email == delivery.address.lower():
            delivery.contact.bounced_at = at
        session.flush()
        if not again:
            note_undeliverable(delivery.id, delivery.error, at)
    reason = f"{RETURNED if final else DELAYED} {said}"
    return mail.becomes("bounce", reason, at, delivery=delivery, ticket=delivery.ticket)
