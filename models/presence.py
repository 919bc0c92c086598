"""Who is looking at a ticket just now, so that two people do not answer at once. The rows live for a minute."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from .base import Base, UtcDateTime, is_sqlite, session
from .event import Event
from .message import Message
from .people import User

HERE = timedelta(seconds=30)  # a page that is looked at says so every ten seconds


class Presence(Base):
    """Somebody had the ticket before their eyes at this moment."""

    __tablename__ = "presences"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    writing: Mapped[bool]
    user: Mapped[User] = relationship()


class Watched:
    """A ticket is looked at."""

    def note_presence(self, user, writing: bool, at: datetime):
        """This user looks at the ticket, and perhaps writes an answer; whoever looked a while ago is forgotten."""
        session.execute(delete(Presence).where(Presence.at < at - 2 * HERE))
        new = (sqlite if is_sqlite() else postgresql).insert(Presence)
        new = new.values(ticket_id=self.id, user_id=user.id, at=at, writing=writing)
        columns = {"at": at, "writing": writing}
        session.execute(new.on_conflict_do_update(index_elements=["ticket_id", "user_id"], set_=columns))

    def end_presence(self, user):
        session.execute(delete(Presence).where(Presence.ticket_id == self.id, Presence.user_id == user.id))

    def others_here(self, user, at: datetime) -> list[Presence]:
        """The other people who look at the ticket, in the order of their ids."""
        here = select(Presence).where(Presence.ticket_id == self.id, Presence.user_id != user.id)
        here = here.where(Presence.at > at - HERE).order_by(Presence.user_id)
        return list(session.scalars(here.options(joinedload(Presence.user).lazyload(User.companies))))

    @property
    def version(self) -> str:
        """Changes whenever something is said or done on the ticket."""
        return "-".join(map(str, self.newest))

    @property
    def newest(self) -> tuple[int, int]:
        """The ids of the last message and of the last event, 0 for none."""
        newest = [
            select(func.max(one.id)).where(one.ticket_id == self.id).scalar_subquery() for one in (Message, Event)
        ]
        return tuple(id or 0 for id in session.execute(select(*newest)).one())

    def said_since(self, seen: int, but=None) -> list[Message]:
        """The messages after the one with the id ``seen``, save those of the contact ``but``."""
        newer = select(Message).where(Message.ticket_id == self.id, Message.id > seen).order_by(Message.id)
        newer = newer.where(Message.author_id != but.id) if but else newer
        return list(session.scalars(newer.options(joinedload(Message.author))))
