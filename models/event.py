"""A ticket's history: rows are only added. The kinds are the words of the interchange file."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, UtcDateTime, now, session
from .people import Contact

# Each kind beside its sentence; %(by)s is a person or "Guichet".
SENTENCES = {
    "created": _l("%(by)s opened the ticket"),
    "assigned": _l("%(by)s assigned the ticket to %(to)s"),
    "stage": _l("%(by)s moved the ticket from %(from)s to %(to)s"),
    "closed": _l("%(by)s closed the ticket"),
    "reopened": _l("%(by)s reopened the ticket"),
    "reminded": _l("%(by)s reminded the customer"),
    "merged": _l("%(by)s merged the ticket: %(to)s"),
    "unmerged": _l("%(by)s undid the merge: %(to)s"),
    "followed": _l("%(by)s added %(to)s as a follower"),
    "unfollowed": _l("%(by)s removed %(from)s as a follower"),
    "rated": _l("%(by)s rated the ticket: %(to)s"),
    "team": _l("%(by)s moved the ticket from team %(from)s to team %(to)s"),
    "priority": _l("%(by)s changed the priority from %(from)s to %(to)s"),
    "tagged": _l("%(by)s changed the tags to %(to)s"),
    "edited": _l("%(by)s changed the subject from %(from)s to %(to)s"),
    "contact_attempt": _l("%(by)s tried to reach the customer: %(to)s"),
}
UNASSIGNED = _l("%(by)s took the ticket from %(from)s")


class Event(Base):
    """Who changed what, when and why. ``from_`` and ``to`` are names, addresses or numbers, never ids."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_ticket_id_at", "ticket_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    kind: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    from_: Mapped[str | None] = mapped_column("from_value", Text)
    to: Mapped[str | None] = mapped_column("to_value", Text)
    why: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[Contact | None] = relationship()

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        words = UNASSIGNED if self.kind == "assigned" and not self.to else SENTENCES[self.kind]
        return str(words) % {"by": self.by or "Guichet", "from": self.from_ or "", "to": self.to or ""}


class Eventful:
    """A ticket keeps its history."""

    def record(self, kind, by=None, from_=None, to=None, why="", at=None) -> Event:
        event = Event(ticket=self, kind=kind, by=by, from_=from_, to=to, why=why, at=at or now())
        session.add(event)
        return event
