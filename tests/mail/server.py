"""A real mail server, as friendly or as difficult as a test wants it."""

from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select

from mail import outgoing
from models import Delivery, now, session
from tests.running import free_port

CERTIFICATE = Path(__file__).with_name("localhost.pem")


class MailServer:
    """Takes mail on 127.0.0.1. ``answers`` are {address: what RCPT says}; ``breaks`` mails end the line unanswered."""

    introduced = None

    def __init__(self, hostname="127.0.0.1", **settings):
        self.port, self.taken, self.answers, self.breaks, self.lines = free_port(), [], {}, 0, 0
        self.before_taking = lambda mail: None
        self.controller = Controller(self, hostname=hostname, port=self.port, server_hostname="localhost", **settings)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = self.introduced = hostname
        self.lines += 1
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.breaks:
            self.breaks -= 1
            server.transport.abort()
            return "451 gone"
        self.before_taking(envelope)
        self.taken.append(envelope)
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def mails(self) -> list:
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in self.taken]

    def recipients(self) -> list[str]:
        return [address for envelope in self.taken for address in envelope.rcpt_tos]

    def start(self):
        self.controller.start()
        return self

    def stop(self):
        if self.controller.server:
            self.controller.stop()


def only(name, password):
    """Lets in this one account."""

    def check(server, session, envelope, mechanism, data):
        fits = (data.login, data.password) == (name.encode(), password.encode())
        return AuthResult(success=fits, handled=False)

    return check


def drain(at=None) -> int:
    """Work off the outbox as the worker does."""
    total = 0
    while done := outgoing.deliver_due_batch(at or now()):
        total += done
    return total


def delivery(kind, contact=None) -> Delivery:
    """The one delivery of this kind, to this contact if one is named."""
    query = select(Delivery).where(Delivery.kind == kind)
    return session.scalars(query.where(Delivery.contact_id == contact.id) if contact else query).one()


def forget_mails():
    """Nothing is queued any more: what comes now is what the test is about."""
    for waiting in session.scalars(select(Delivery).where(Delivery.state == "queued")):
        waiting.state = "cancelled"
    session.commit()


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content()


def html_of(mail) -> str:
    return mail.get_body(("html",)).get_content()
