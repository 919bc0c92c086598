"""Mail on its way in, as tests write it."""

from email.message import EmailMessage
from email.utils import make_msgid

from sqlalchemy import select

from mail.incoming import receive_due_batch
from mail.storing import write
from models import Delivery, IncomingMail, now, session
from models.incoming import row_of

SUPPORT = "support@desk.example"


def letter(sender="Carla Conti <carla@client.example>", to=SUPPORT, subject="Help", text="It is broken.\n", **headers):
    """The bytes of an ordinary mail; ``headers`` are named with underscores."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = headers.pop("Message_ID", None) or make_msgid(domain="client.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def store(raw: bytes, to=SUPPORT, sender="carla@client.example", via="lmtp", at=None) -> IncomingMail:
    """Take a mail, as a way in does it."""
    row = row_of(raw, via, sender, to, at)
    write(session.connection(), [row])
    session.commit()
    return session.scalar(select(IncomingMail).where(IncomingMail.key == row["key"]))


def settle(at=None) -> int:
    """Read and place whatever was received."""
    total = 0
    while count := receive_due_batch(at or now()):
        total += count
    session.expire_all()
    return total


def receive(raw: bytes, to=SUPPORT, sender="carla@client.example", via="lmtp", at=None) -> IncomingMail:
    """Take a mail and place it; the row says what became of it."""
    mail = store(raw, to, sender, via, at)
    settle(at)
    return mail


def mails_to(address: str) -> list[Delivery]:
    return list(session.scalars(select(Delivery).where(Delivery.address == address).order_by(Delivery.id)))
