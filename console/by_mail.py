"""What a ticket's page says of messages that came by mail: why they stand there, and who else got them."""

from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import IncomingMail, session
from models.incoming import doubtful
from models.people import normal_email
from models.reply_address import apart

OFFERED = 5  # of those in copy, by name
RULES = {
    "reply_address": _l("The signed reply address names the ticket."),
    "thread": _l("It answers a mail of this ticket, and its sender takes part in it."),
    "recipient": _l("It names no ticket: it is a new one of the team that it was sent to."),
    "hand": _l("Somebody put it here by hand."),
}


@dataclass
class ByMail:
    """One message's way here. ``verified`` is what our own mail server said of its author, None: nothing.

    ``offered`` are in copy and do not follow yet: nobody is added but by a click (threat model, rule 46).
    """

    why: str
    original: bool
    verified: bool | None
    doubtful: bool
    offered: list[str] = field(default_factory=list)


def by_mail(ticket, followers) -> dict[int, ByMail]:
    """{message id: its way here}, for the messages of this ticket that came by mail; one query, or none."""
    came = {message.id: message for message in ticket.messages if message.placed_by in RULES}
    if not came:
        return {}
    columns = IncomingMail.message_id, IncomingMail.raw.is_not(None), IncomingMail.verified, IncomingMail.copies
    rows = {row[0]: row[1:] for row in session.execute(select(*columns).where(IncomingMail.message_id.in_(came)))}
    known = {one.email for one in followers} | {normal_email(ticket.team.address or "")}
    found = {}
    for id, message in came.items():
        original, verified, copies = rows.get(id, (False, None, ""))
        offered = [one for one in copies.splitlines() if one not in known and apart(one)[0] not in known]
        known.update(offered)
        why, doubted = str(RULES[message.placed_by]), doubtful(message, verified)
        found[id] = ByMail(why, original, verified, doubted, offered[:OFFERED])
    return found
