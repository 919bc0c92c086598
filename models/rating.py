"""What the customer thought of it: one rating per ticket, with a comment for us alone (R-RATE)."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, now, session

if TYPE_CHECKING:
    from .ticket import Ticket

SCORES = {5: "satisfied", 3: "okay", 1: "dissatisfied"}


class UnknownScore(Refusal):
    """A score is 5, 3 or 1."""


class Rating(Base):
    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("score in (1, 3, 5)", name="score"),)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    hidden: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    ticket: Mapped["Ticket"] = relationship(back_populates="rating")


class Rated:
    """A ticket has at most one rating; a later one takes the place of the earlier."""

    @declared_attr
    def rating(cls) -> Mapped[Rating | None]:
        return relationship(Rating, back_populates="ticket", uselist=False, cascade="all, delete-orphan")

    def rate(self, score: int, comment="", by=None, at=None):
        """Keep the customer's answer, in the history too; UnknownScore for anything but 5, 3 or 1."""
        if score not in SCORES:
            raise UnknownScore(score)
        at = at or now()
        if self.rating is None:
            self.rating = Rating(score=score)
        self.rating.score, self.rating.at = score, at
        self.rating.comment = comment or self.rating.comment or ""
        self.record("rated", by=by or self.customer, to=str(score), why=comment, at=at)
        session.flush()
