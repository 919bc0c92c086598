"""An answer can be taken back for ten seconds: as long its mails wait, and what it changed is remembered."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, ForeignKey, and_, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, now, session
from .event import Event
from .message import Message
from .outbox import Delivery

SHOWN = timedelta(seconds=10)  # how long a page offers it
HELD = SHOWN + timedelta(seconds=3)  # how long it can be done: a page and a click take their time to arrive


class NewerMessage(Refusal):
    """Somebody wrote since the writer looked; ``messages`` says what."""

    def __init__(self, messages):
        super().__init__()
        self.messages = messages


class MergedMeanwhile(Refusal):
    """Another ticket became part of this one since the writer looked: its people would read the reply as well."""


class CannotUndo(Refusal):
    """The message stays."""


class AlreadyGone(CannotUndo):
    """Its time is over, or a mail of it has left."""


class BuiltUpon(CannotUndo):
    """Something happened on the ticket since."""


class Undo(Base):
    """What the ticket was before a message: {column: [before, after]}, the events that came with it, and the last."""

    __tablename__ = "undos"
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    columns: Mapped[dict] = mapped_column(JSON)
    events: Mapped[list] = mapped_column(JSON)
    last_event_id: Mapped[int]
    message: Mapped[Message] = relationship()


class Undoable:
    """What an internal user writes on a ticket can be taken back for a moment."""

    def answer(self, user, body, attachments=(), internal=False, key=None, seen=None, merged=None) -> Message:
        """As ``reply``, by somebody of us; its mails wait, so that ``take_back`` is possible.

        ``seen`` is the newest message that the writer knows: with a newer one of somebody else a public reply
        raises NewerMessage and nothing is written. ``merged`` is how many tickets the writer knows to be part of this
        one: with more of them it raises MergedMeanwhile.
        """
        self.lock()
        session.expire(self, ["merged"])
        if merged is not None and not internal and len(self.merged) > merged:
            raise MergedMeanwhile
        if seen is not None and not internal and (newer := self.said_since(seen, but=user.contact)):
            raise NewerMessage(newer)
        before, last, was_closed = self._state(), self.newest, self.closed
        message = self.reply(user.contact, body, attachments=attachments, internal=internal, key=key)
        if message.id > last[0] and not was_closed:
            self._remember(message, before, last[1])
        return message

    def _state(self) -> dict:
        return {column.key: getattr(self, column.key) for column in type(self).__mapper__.column_attrs}

    def _remember(self, message, before: dict, last_event: int):
        session.flush()
        events = list(session.scalars(select(Event.id).where(Event.ticket_id == self.id, Event.id > last_event)))
        changed = {
            name: [_plain(before[name]), _plain(value)]
            for name, value in self._state().items()
            if value != before[name]
        }
        session.execute(delete(Undo).where(Undo.until < message.at - HELD))
        undo = Undo(message_id=message.id, until=message.at + HELD, columns=changed, events=events)
        undo.last_event_id = max(events, default=last_event)
        session.add(undo)
        held = update(Delivery).where(_of(message, events)).values(due_at=message.at + HELD)
        session.execute(held, execution_options={"synchronize_session": "fetch"})

    def undo_of(self, message, user, at: datetime) -> Undo | None:
        """How to take this message back, if this user may and there still is time."""
        if message.author_id != user.contact_id or message.at + HELD < at:
            return None
        return session.get(Undo, message.id)

    def take_back(self, message, user):
        """The message was never written, nor the mails, moves and events that came with it; it is a draft again.

        Raises AlreadyGone or BuiltUpon, and LookupError for a message that was never this user's to take back.
        """
        self.lock()
        if message.ticket_id != self.id or message.author_id != user.contact_id:
            raise LookupError(message.id)
        undo = self.undo_of(message, user, now())
        if undo is None:
            raise AlreadyGone
        self._refuse_if_built_upon(message, undo)
        self._cancel_mails(message, undo.events)
        files, body = list(message.attachments), message.body
        self._restore(message, undo)
        known = self.draft_of(user, message.internal)
        body = f"{body}\n\n{known.body}" if known and known.body.strip() else body
        self.keep_draft(user, body, message.internal, files=files)

    def _refuse_if_built_upon(self, message, undo):
        changed = any(_plain(getattr(self, name)) != after for name, (_, after) in undo.columns.items())
        if changed or self.newest != (message.id, undo.last_event_id):
            raise BuiltUpon

    def _cancel_mails(self, message, events):
        """All or none: a mail that a worker holds or sent is out of our hands."""
        count = session.scalar(select(func.count()).select_from(Delivery).where(_of(message, events)))
        waiting = and_(_of(message, events), Delivery.state.in_(("queued", "held")), Delivery.attempts == 0)
        gone = session.execute(delete(Delivery).where(waiting), execution_options={"synchronize_session": "fetch"})
        if gone.rowcount != count:
            raise AlreadyGone

    def _restore(self, message, undo):
        for name, (before, _) in undo.columns.items():
            column = type(self).__mapper__.columns[name]
            stored = isinstance(column.type, UtcDateTime) and before is not None
            setattr(self, name, datetime.fromisoformat(before) if stored else before)
        session.execute(delete(Event).where(Event.ticket_id == self.id, Event.id.in_(undo.events)))
        message.attachments = []
        session.delete(undo)
        session.flush()
        session.delete(message)
        session.flush()
        session.expire(self)
        self.index_subject()


def _of(message, events):
    """The deliveries of a message, and of what came with it."""
    return or_(Delivery.message_id == message.id, Delivery.event_id.in_(events))


def _plain(value):
    return value.isoformat() if isinstance(value, datetime) else value
