"""The outbox: every mail or SMS is a row written in the transaction that caused it, sent after it (R-MAIL-1)."""

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from email.utils import make_msgid
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, UtcDateTime, add_unless_there, now, session
from .bell import ring
from .event import Event, in_readers_words
from .follower import followers_to_tell
from .message import Message
from .people import Contact
from .template import Template

if TYPE_CHECKING:
    from .ticket import Ticket

STATES = ("queued", "held", "sent", "failed", "cancelled")
# What a delivery says; mail/rendering.py has the words for each.
KINDS = (
    "stage", "moved", "reply", "note", "new_ticket", "assigned", "reminder", "link", "signup", "reset", "invitation",
    "merged", "sms_held", "test",
)  # fmt: skip
AT_ONCE = ("link", "signup", "reset", "invitation", "sms_held")  # perhaps caused twice at the same moment


def never_arrived():
    """A condition on Delivery: refused for good, or sent and come back."""
    return or_(Delivery.state == "failed", Delivery.bounced_at.is_not(None))


def in_english(words: str) -> str:
    """Marks words for the catalogue that a row keeps in English, for logs too; ``Delivery.reason`` translates them."""
    return words


NO_PHONE = in_english("The customer has no phone number.")


class Delivery(Base):
    """One mail or SMS to one recipient, until the outside world took it.

    ``key`` names cause and recipient, so that no cause is told twice. ``raw`` are the finished bytes, made at the first
    attempt and sent again unchanged at each later one.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        Index("ix_deliveries_due", "due_at", "id", sqlite_where=text("state = 'queued'"),
              postgresql_where=text("state = 'queued'")),
        Index("ix_deliveries_newest", "state", "id"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(10), default="email")
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))  # of an SMS the phone number
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    template_id: Mapped[int | None] = mapped_column(ForeignKey("templates.id", ondelete="SET NULL"))
    mail_id: Mapped[str] = mapped_column(String(250), unique=True)  # Message-ID, without brackets
    subject: Mapped[str] = mapped_column(String(998), default="")
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text, default="")
    bounced_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # it came back; ``error`` says why

    contact: Mapped[Contact] = relationship()
    ticket: Mapped["Ticket | None"] = relationship()
    message: Mapped[Message | None] = relationship()
    event: Mapped[Event | None] = relationship()
    template: Mapped[Template | None] = relationship()

    @property
    def reason(self) -> str:
        """Why it was not sent: our words in the reader's language, those of servers as they came."""
        return in_readers_words(self.error)

    def try_again(self, at: datetime | None = None) -> bool:
        """Put a failed or held delivery back into the queue, as new; an SMS to the number that is known by now.

        Without one it stays as it is, and the answer is False.
        """
        if self.channel == "sms":
            self.address = self.contact.phone or ""
        if self.state in ("failed", "held") and self.address:
            self.state, self.attempts, self.due_at, self.error = "queued", 0, at or now(), ""
            ring("deliver")
            return True
        return False


def queue_mail(kind: str, contact: Contact, cause: str, fresh=False, **about) -> Delivery | None:
    """Queue one mail to one contact; None if this cause was told to them already.

    ``cause`` names what happened, such as ``event:12``; a ``fresh`` one was written in this transaction, and nobody
    can have been told of it. ``about`` fills the columns of Delivery.
    """
    key = f"{kind}:{cause}:{contact.id}"
    if not fresh and session.scalar(select(Delivery.id).where(Delivery.key == key)):
        return None
    about.setdefault("address", contact.email)
    delivery = Delivery(key=key, kind=kind, contact=contact, mail_id=new_mail_id(), **about)
    if fresh:
        session.add(delivery)
    elif kind not in AT_ONCE:  # whoever writes about a ticket holds its lock
        session.add(delivery)
        session.flush()
    elif not add_unless_there(delivery):
        return None
    ring("deliver")
    return delivery


def new_mail_id() -> str:
    """A Message-ID (RFC 5322, 3.6.4) in our own domain, without brackets."""
    return make_msgid(domain=current_app.config["MAIL_DOMAIN"])[1:-1]


def queue_letters(kind: str, template: Template, events, at: datetime):
    """The same letter to the customers of many tickets at once; ``events`` is a condition on what caused it.

    As for one ticket: an SMS to nobody's number fails at once, and the history says so.
    """
    from .ticket import Ticket

    caused = select(Event.id).join(Ticket, Event.ticket_id == Ticket.id)
    caused = caused.join(Contact, Ticket.customer_id == Contact.id).where(events).order_by(Event.id)
    if template.channel == "email":
        _queue_caused(kind, template, caused, at, Contact.email)
        return
    no_phone = func.coalesce(Contact.phone, "") == ""
    _queue_caused(kind, template, caused.where(~no_phone), at, Contact.phone)
    _queue_caused(kind, template, caused.where(no_phone), at, literal(""), state="failed", error=NO_PHONE)
    told = (Ticket.id, *map(literal, ("contact_attempt", "sms", "no phone number")), literal(at, UtcDateTime))
    columns = [Event.ticket_id, Event.kind, Event.to, Event.why, Event.at]
    session.execute(insert(Event).from_select(columns, caused.where(no_phone).with_only_columns(*told)))


def _queue_caused(kind, template, caused, at, address, state="queued", error=""):
    from .ticket import Ticket

    number, to = cast(Event.id, String), cast(Contact.id, String)
    token, at_home = new_mail_id().split("@")
    rows = {
        Delivery.key: literal(f"{kind}:event:") + number + f":{template.channel}:" + to,
        Delivery.kind: literal(kind),
        Delivery.channel: literal(template.channel),
        Delivery.contact_id: Contact.id,
        Delivery.address: address,
        Delivery.ticket_id: Ticket.id,
        Delivery.event_id: Event.id,
        Delivery.template_id: literal(template.id),
        Delivery.mail_id: literal(f"{token}.") + number + f"@{at_home}",
        Delivery.state: literal(state),
        Delivery.error: literal(error),
        Delivery.due_at: literal(at, UtcDateTime),
        Delivery.created_at: literal(at, UtcDateTime),
    }
    concerned = caused.with_only_columns(*rows.values())
    session.execute(insert(Delivery).from_select(list(rows), concerned))


def queue_mails(kind: str, at: datetime, told: list[tuple], **about):
    """One mail for each (ticket id, event id, contact id, address), of events that were written just now."""
    rows = [
        {
            "key": f"{kind}:event:{event_id}:{contact_id}", "kind": kind, "channel": "email",
            "contact_id": contact_id, "address": email, "ticket_id": ticket_id, "event_id": event_id,
            "mail_id": new_mail_id(), "due_at": at, "created_at": at, **about,
        }
        for ticket_id, event_id, contact_id, email in told
    ]  # fmt: skip
    if rows:
        session.execute(insert(Delivery), rows)
        ring("deliver")


def tell_followers_of_moves(events, at: datetime):
    """Changes of stage go to the followers but those who know already: whoever made them, the customer, who gets the
    mail of the stage, and the members, who have the board. ``events`` is a condition on the events."""
    queue_mails("moved", at, session.execute(followers_to_tell(events)).all())


_hushed: ContextVar[bool] = ContextVar("hushed", default=False)


@contextmanager
def no_stage_mails():
    """Stages write to nobody meanwhile: what happens inside may not be answered automatically (R-MAIL-3)."""
    before = _hushed.set(True)
    try:
        yield
    finally:
        _hushed.reset(before)


class Mailing:
    """A ticket tells those concerned; each method writes deliveries and sends nothing."""

    def send_stage_templates(self, event):
        """What the stage says to the customer, once per arrival (R-STAGE-5)."""
        if _hushed.get():
            return
        if template := self.stage.email_template:
            self._queue_template("email", template, event)
        if template := self.stage.sms_template:
            phone = self.customer.phone
            about = {"address": phone} if phone else {"address": "", "state": "failed", "error": NO_PHONE}
            if self._queue_template("sms", template, event, **about) and not phone:
                self.record("contact_attempt", to="sms", why="no phone number", at=event.at)

    def _queue_template(self, channel, template, event, **about):
        cause, about = f"event:{event.id}:{channel}", {"channel": channel, "template": template, **about}
        return queue_mail("stage", self.customer, cause, fresh=True, ticket=self, event=event, **about)

    def cancel_unsent_stage_mail(self):
        """No mail contradicts the state: what a closing wanted to say and did not say yet is not said (R-CLOSE-5)."""
        session.flush()
        waiting = (Delivery.ticket_id == self.id, Delivery.kind.in_(("stage", "moved")))
        waiting += (Delivery.state.in_(("queued", "held")),)
        closed = select(Event.id).where(Event.ticket_id == self.id, Event.kind == "closed")
        session.execute(
            update(Delivery).where(*waiting, Delivery.event_id.in_(closed)).values(state="cancelled"),
            execution_options={"synchronize_session": "fetch"},
        )

    def tell_followers_of_message(self, message):
        kind = "note" if message.internal else "reply"
        for one in self.recipients(message.author, message.internal):
            if ticket := self if one.contact.internal else self._told_as(one.contact, message):
                queue_mail(kind, one.contact, f"message:{message.id}", ticket=ticket, message=message)

    def _told_as(self, contact, message):
        """The ticket as which an outsider is told of a message: their own, where that was merged into this one.

        None for what is not for them (R-MERGE-3).
        """
        from .visibility import messages_heard_by

        if not self.merged:
            return self
        heard = session.scalar(select(Message.id).where(Message.id == message.id, messages_heard_by(contact.id)))
        return self.face_for(contact) if heard else None

    def recipients(self, author, internal: bool, following=None) -> list:
        """Those of ``following``, the ticket's own, who are told of a message by this author: all others who follow,
        but nobody whose user is switched off, and of a note internal users alone (R-VIS-9)."""

        def hears(contact):
            switched_off = contact.user and not contact.user.active and contact.id != self.customer_id
            return contact.id != author.id and not switched_off and (contact.internal or not internal)

        return [one for one in (self.following if following is None else following) if hears(one.contact)]

    def tell_followers_of_new_ticket(self, event, author, followers):
        """The team's followers hear of a new ticket; its customer gets the mail of the stage instead."""
        for contact in followers:
            if contact.id not in (author.id, self.customer_id):
                queue_mail("new_ticket", contact, f"event:{event.id}", fresh=True, ticket=self, event=event)

    def tell_followers_of_move(self, event):
        tell_followers_of_moves(Event.id == event.id, event.at)

    def send_merge_notice(self, event):
        """That the request is answered together with others, to whom they may be unknown (R-MERGE-3)."""
        queue_mail("merged", self.customer, f"event:{event.id}", ticket=self, event=event)

    def tell_assignee(self, event):
        queue_mail("assigned", self.assignee.contact, f"event:{event.id}", ticket=self, event=event)
