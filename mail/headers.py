"""The head of a mail: addresses, one-line subjects, and the thread it belongs to (RFC 5322)."""

import unicodedata
from email import policy
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueAddressHeader, UniqueUnstructuredHeader
from email.utils import parseaddr

import idna
from flask import current_app
from sqlalchemy import desc, or_, select, union_all

from models.base import session
from models.message import Message
from models.outbox import Delivery

SUBJECT_CHARACTERS = 250
REFERENCES = 10  # how many earlier mails a mail names at most
# Letters that turn the direction of what follows: they make one address look like another.
TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROL = ("Cc", "Cs", "Zl", "Zp")


class MailIds(UniqueUnstructuredHeader):
    """In-Reply-To and References: folded between Message-IDs, which are never encoded nor broken."""

    def fold(self, *, policy):
        return f"{self.name}: {(policy.linesep + ' ').join(str(self).split())}{policy.linesep}"


class Subject(UniqueUnstructuredHeader):
    """Beyond ASCII, encoded as a whole: the library, folding word by word, loses blanks of long texts."""

    def fold(self, *, policy):
        if policy.utf8 or str(self).isascii():
            return super().fold(policy=policy)
        return f"{self.name}: {encoded(str(self), self.name, policy)}{policy.linesep}"


class Mailbox(UniqueAddressHeader):
    """One address, its name encoded likewise."""

    def fold(self, *, policy):
        (one,) = self.addresses
        if policy.utf8 or one.display_name.isascii():
            return super().fold(policy=policy)
        name = encoded(one.display_name, self.name, policy)
        return f"{self.name}: {name}{policy.linesep} <{one.addr_spec}>{policy.linesep}"


def encoded(text: str, name: str, policy) -> str:
    """The text in encoded words (RFC 2047) of the header of this name, on as many lines as it takes."""
    return Header(text, "utf-8", header_name=name, maxlinelen=policy.max_line_length).encode(linesep=policy.linesep)


class Registry(HeaderRegistry):
    """Makes the class of each header once, not once a mail."""

    def __init__(self):
        super().__init__()
        self.made = {}

    def __getitem__(self, name):
        if name not in self.made:
            self.made[name] = super().__getitem__(name)
        return self.made[name]


_registry = Registry()
for _name, _kind in [("in-reply-to", MailIds), ("references", MailIds), ("subject", Subject), ("from", Mailbox),
                     ("to", Mailbox), ("reply-to", Mailbox)]:  # fmt: skip
    _registry.map_to_type(_name, _kind)
# Seven bits in everything we write: no server on the way has to know more.
ASCII = policy.SMTP.clone(header_factory=_registry, cte_type="7bit")
UTF8 = ASCII.clone(utf8=True)  # for addresses that are not ASCII (RFC 6531)


class BadAddress(ValueError):
    """Not the address of one mailbox."""


def one_line(text: str, limit: int = SUBJECT_CHARACTERS) -> str:
    """The text on one line, without control characters (threat model, rule 55)."""
    spaced = (" " if unicodedata.category(c) in CONTROL else c for c in text if c not in TURNING)
    line = " ".join("".join(spaced).split()).replace("=?", "= ?")  # or it would be read as an encoded word
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def mailbox(name: str, address: str) -> Address:
    """One recipient or sender, as a structure; BadAddress where it is not one."""
    local, at, domain = address.rpartition("@")
    if not (at and local and domain) or any(not c.isprintable() or c in ' <>(),;:"[]\\' for c in address):
        raise BadAddress(f"{one_line(address, 80)!r} is no e-mail address.")
    try:
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        return Address(display_name=one_line(name, 100), username=local, domain=domain)
    except (idna.IDNAError, ValueError):
        raise BadAddress(f"{one_line(address, 80)!r} is no e-mail address.") from None


def sender(delivery) -> Address:
    """The team for what concerns a ticket, else the helpdesk itself."""
    config = current_app.config
    ours = parseaddr(config["MAIL_FROM"])[1]
    if delivery.ticket is None:
        return mailbox(config["HELPDESK_NAME"], ours)
    team = delivery.ticket.team
    return mailbox(team.name, team.address or ours)


def thread(delivery) -> list[str]:
    """The Message-IDs of this ticket that this contact knows, oldest first: what we mailed to them before and what they
    mailed to us. The last one is answered (RFC 5322, 3.6.4)."""
    if delivery.ticket_id is None:
        return []
    mailed = select(Delivery.mail_id, Delivery.created_at.label("at"), Delivery.id.label("place")).where(
        Delivery.ticket_id == delivery.ticket_id,
        Delivery.contact_id == delivery.contact_id,
        Delivery.channel == "email",
        Delivery.state != "cancelled",
        Delivery.id < delivery.id,
    )
    written = select(Message.mail_id, Message.at, Message.id).where(
        or_(Message.ticket_id == delivery.ticket_id, Message.origin_id == delivery.ticket_id),
        Message.author_id == delivery.contact_id,
        Message.mail_id.is_not(None),
        Message.at <= delivery.created_at,
    )
    newest_first = union_all(mailed, written).order_by(desc("at"), desc("place")).limit(REFERENCES)
    ids = [id for id, _, _ in session.execute(newest_first) if id != delivery.mail_id and is_mail_id(id)]
    return list(reversed(dict.fromkeys(ids)))


def is_mail_id(text: str) -> bool:
    """Whether this stood between < and > as it should: nothing else is repeated in a header of ours."""
    return text.isascii() and text.isprintable() and not set(text) & set(" <>")
