"""What somebody is writing and has not sent: kept on the server, seen by its writer alone (threat model, rule 8)."""

from datetime import datetime
from functools import cache

from sqlalchemy import ForeignKey, Text, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .attachment import Attachment, keep, remove
from .base import Base, UtcDateTime, now, session
from .message import Message


class Draft(Base):
    """One person's unsent reply to a ticket, or their unsent note."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("ticket_id", "user_id", "internal"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    internal: Mapped[bool]
    body: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    attachments: Mapped[list[Attachment]] = relationship(order_by=Attachment.id)

    def keep_only(self, files: list[Attachment]):
        """Remove the other files, also from the store."""
        for file in [file for file in self.attachments if file not in files]:
            self.attachments.remove(file)
            remove(file)


@cache
def _drafts():
    """One person's drafts on one ticket; built once. Of two at most, files come when asked for."""
    mine = Draft.ticket_id == bindparam("ticket"), Draft.user_id == bindparam("user")
    return select(Draft).where(*mine).order_by(Draft.internal)


class Drafting:
    """A ticket has drafts, at most one reply and one note of each person."""

    def drafts_of(self, user) -> list[Draft]:
        """Theirs, a reply before a note."""
        return list(session.scalars(_drafts(), {"ticket": self.id, "user": user.id}))

    def draft_of(self, user, internal: bool) -> Draft | None:
        return next((draft for draft in self.drafts_of(user) if draft.internal == internal), None)

    def keep_draft(self, user, body: str, internal=False, key=None, files=()) -> Draft | None:
        """Keep what is written so far, and these files besides those that it has; None where nothing is left.

        ``key`` is the submission that it will become: what was sent already comes too late to be a draft again.
        """
        self.lock()
        if key and session.scalar(select(Message.id).where(Message.submission_key == key)):
            return None
        draft = self.draft_of(user, internal)
        if draft is None:
            if not body.strip() and not files:
                return None
            draft = Draft(ticket_id=self.id, user_id=user.id, internal=internal, attachments=[])
            session.add(draft)
        draft.body, draft.at = body, now()
        new = [file if isinstance(file, Attachment) else keep(file) for file in files]
        draft.attachments = [*(file for file in draft.attachments if file not in new), *new]
        if not body.strip() and not draft.attachments:
            session.delete(draft)
            return None
        session.flush()
        return draft

    def forget_draft(self, user, internal: bool, sent: list[Attachment] = ()):
        """It was sent, or is not wanted any more; the files ``sent`` belong to their message by now, whichever draft
        they came with."""
        for draft in self.drafts_of(user):
            draft.attachments = [file for file in draft.attachments if file not in sent]
            if draft.internal == internal:
                draft.keep_only([])
            if draft.internal == internal or not (draft.body.strip() or draft.attachments):
                session.delete(draft)
        session.flush()
