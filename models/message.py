"""Public replies and internal notes, and what they set in motion."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, false, func, or_, select, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .attachment import Attachment, keep
from .base import Base, Refusal, UtcDateTime, now, session
from .people import Contact
from .quoting import parts

if TYPE_CHECKING:
    from .ticket import Ticket


class EmptyMessage(Refusal):
    """A message needs words or a file."""


class Message(Base):
    """One thing that somebody said. ``body`` is Markdown as it was written; it is made safe when shown."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_ticket_id_at", "ticket_id", "at", "id"),
        Index("ix_messages_thanks", "at", sqlite_where=text("thanks"), postgresql_where=text("thanks")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    body: Mapped[str] = mapped_column(Text, default="")
    internal: Mapped[bool] = mapped_column(default=False)
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)  # before a merge
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)  # by hand, by one of us
    mail_id: Mapped[str | None] = mapped_column(String(250), index=True)  # Message-ID, without brackets
    placed_by: Mapped[str | None] = mapped_column(String(20))  # the rule of R-MAIL-2 that put it here
    submission_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    # A short thank-you, which needs no answer.
    thanks: Mapped[bool] = mapped_column(default=False, server_default=false())
    author: Mapped[Contact] = relationship(foreign_keys=[author_id])
    ticket: Mapped["Ticket"] = relationship(foreign_keys=[ticket_id], back_populates="messages")
    attachments: Mapped[list[Attachment]] = relationship(back_populates="message", order_by=Attachment.id)

    @hybrid_property
    def home_id(self) -> int:
        """The ticket that it was said to: whoever may read that one may read it, wherever it stands (R-MERGE-3)."""
        return self.moved_from_id or self.origin_id or self.ticket_id

    @home_id.inplace.expression
    @classmethod
    def _home_in_sql(cls):
        return func.coalesce(cls.moved_from_id, cls.origin_id, cls.ticket_id)

    @property
    def from_customer(self) -> bool:
        """Said from the customer's side of the counter."""
        return self.ticket.on_customers_side(self.author)


def said_to(numbers):
    """A condition on Message for its ``home_id``, written so that indexes serve."""
    columns = Message.ticket_id, Message.origin_id, Message.moved_from_id
    return or_(*(column.in_(numbers) for column in columns)) & Message.home_id.in_(numbers)


class Conversation:
    """A ticket is talked about: ``reply`` is the one way in for words, from every channel."""

    def reply(self, by, body, attachments=(), internal=False, key=None, at=None, insists=False) -> Message:
        """Add a public reply or an internal note, tell those concerned, and move along (R-STAGE-7).

        What comes from the customer's side to a closed ticket is never lost: it reopens the ticket, or opens a
        follow-up (R-CLOSE-8); the message returned then stands on ``message.ticket``. A short thank-you to a resolved
        or closed ticket is kept there and moves nothing, unless ``insists``. An internal user's reply to a closed
        ticket raises TicketClosed, and so does every note. The same ``key`` again returns the message that it made. On
        a merged ticket the words go to the one that stays; an outsider's remain those of the ticket that they know
        (R-MERGE-3).
        """
        if not body.strip() and not attachments:
            raise EmptyMessage
        stays = self.hold_what_stays()
        if key and (known := session.scalar(select(Message).where(Message.submission_key == key))):
            return known
        at = at or now()
        home = self._home_of(by, stays)
        if not (internal or attachments or insists) and stays._only_thanks(by, body):
            return stays.add_message(by, body, key=key, at=at, thanks=True, home=home)
        if stays.closed:
            if internal or not home.on_customers_side(by):
                stays.refuse_if_closed()
            elif not stays.reopening_allowed(at):
                return home.follow_up(by, body, attachments, key, at).messages[0]
            else:
                stays.reopen(by=by, at=at)
        message = stays.add_message(by, body, attachments, internal, key, at, home=home)
        stays.follow_conversation(message)
        stays.tell_followers_of_message(message)
        return message

    def _home_of(self, by, stays):
        """The ticket to which somebody speaks here: one of us to the one that stays, an outsider to their own."""
        if self is not stays:
            return self if self.on_customers_side(by) else stays
        return self if by.internal else self.face_for(by)

    def add_message(
        self, by, body, attachments=(), internal=False, key=None, at=None, first=False, thanks=False, home=None
    ) -> Message:
        """Write the message itself: activity, the turn of who waits for whom, and the search index."""
        message = self.say(by, body, attachments, internal, key, at, thanks)
        message.origin_id = home.id if home not in (None, self) else None
        session.flush()
        self.index_message(message, first=first)
        if message.origin_id is not None:
            home.index_anew()
        return message

    def say(self, by, body, attachments=(), internal=False, key=None, at=None, thanks=False) -> Message:
        """The message, not yet in the database nor found by a search."""
        at = at or now()
        message = Message(ticket=self, author=by, body=body, internal=internal, at=at, submission_key=key)
        message.thanks = thanks
        message.attachments = [file if isinstance(file, Attachment) else keep(file) for file in attachments]
        session.add(message)
        self.touch(at)
        if not internal and not thanks:
            self.waiting_since = (self.waiting_since or at) if message.from_customer else None
        return message

    def _only_thanks(self, by, body) -> bool:
        """Whether this is a short thank-you for what is resolved or closed: it waits for no answer."""
        from .thanks import is_thanks

        if self.status not in ("resolved", "closed") or not self.on_customers_side(by):
            return False
        names = {one.author.name for one in self.messages} | {self.customer.name, by.name, self.team.name}
        return is_thanks(parts(body).new, names)

    def unanswered_since(self) -> datetime | None:
        """Since when the customer's side has had no answer, by what was said (R-CLOSE-3b)."""
        since = None
        for message in self.public_messages():
            if not message.thanks:
                since = (since or message.at) if message.from_customer else None
        return since

    def on_customers_side(self, contact) -> bool:
        """Whether this contact asks here, and does not answer: the customer, whoever that is, or another outsider."""
        return contact is self.customer or not contact.internal

    @property
    def answered(self) -> bool:
        """Whether one of us ever answered the customer: without that, closing asks for a reason (R-CLOSE-9)."""
        return any(not message.internal and not message.from_customer for message in self.messages)

    def public_messages(self) -> list[Message]:
        return [message for message in self.messages if not message.internal]
