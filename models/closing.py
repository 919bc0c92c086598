"""Closing: by hand and by the customer, and the row that remembers how a ticket came to be closed (R-CLOSE-1, 6, 9).

Coming back is in reopening.py, the rule of a team in closing_rule.py, its runs in sweep.py and batch.py.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, Text, cast, literal, null, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, UtcDateTime, now
from .event import inactivity
from .people import Contact
from .stage import Stage

HOW = ("agent", "customer", "automatic", "merge")


class TicketClosed(Refusal):
    """A closed ticket is locked: reopen it first (R-CLOSE-8)."""


class ClosureNotOffered(Refusal):
    """This team doesn't let customers close their tickets (R-CLOSE-6)."""


class Closing(Base):
    """How a ticket came to be closed: by whom, when, why. Reopening removes the row; history keeps both."""

    __tablename__ = "closings"
    __table_args__ = (CheckConstraint(f"how in {HOW}", name="how"),)
    # The ticket is the key, so two people closing at once cannot both succeed.
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    how: Mapped[str] = mapped_column(String(10), default="agent")
    why: Mapped[str] = mapped_column(Text, default="")
    from_stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))
    by: Mapped[Contact | None] = relationship()
    from_stage: Mapped[Stage | None] = relationship()

    @property
    def reason(self) -> str:
        """Why, in the words of who closed it, or in the reader's language where the rule did."""
        return reason(self.why)


def reason(why: str) -> str:
    """In the words of who closed it, or in the reader's language where the rule did."""
    return inactivity(why) or why


class Closable:
    """A ticket is closed exactly when its stage is folded (R-STAGE-2)."""

    @hybrid_property
    def closed(self) -> bool:
        return self.stage.folded

    @closed.inplace.expression
    @classmethod
    def _closed_in_sql(cls):
        return cls.stage_id.in_(select(Stage.id).where(Stage.folded))

    def refuse_if_closed(self):
        if self.closed or self.merged_into_id is not None:
            raise TicketClosed

    @property
    def closed_at(self) -> datetime:
        """Since when the ticket is closed; of an open one, since when it stands in its stage."""
        return self.closing.at if self.closing else self.stage_changed_at

    def close(self, by=None, why="", how="agent", at=None, silent=False):
        """Move the ticket to its team's closing stage (R-CLOSE-1); closing it again changes nothing."""
        if not self.closed:
            self.move_to(self.team.closing_stage, by=by, why=why, how=how, at=at, silent=silent)

    def closing_needs_reason(self, stage=None) -> bool:
        """Whether moving to this stage, or to that of *Close*, asks why: nobody has answered yet (R-CLOSE-9)."""
        stage = stage or self.team.closing_stage
        return stage.folded and not self.closed and not self.answered

    @property
    def closable_by_customer(self) -> bool:
        """Whether the customer is offered *Close ticket*, or is asked if a resolved one is solved (R-CLOSE-6, 7).

        Not where there is nothing to do: the ticket stands where *Close* leads, folded or not.
        """
        offered = self.team.closure_by_customers or self.status == "resolved"
        return offered and not self.closed and self.stage is not self.team.closing_stage

    def close_by_customer(self, by, comment="", score=None, at=None):
        """The customer closes the ticket, with a word and a rating if they like; again changes nothing (R-CLOSE-6).

        ClosureNotOffered where the team does not offer it, and to anybody but the ticket's customer. Where somebody
        else closed it meanwhile, the rating is kept, and a word without one raises TicketClosed.
        """
        self.lock()
        if by is not self.customer:
            raise ClosureNotOffered
        if self.closed:
            self._closed_before(by, comment, score, at)
            return
        if self.stage is self.team.closing_stage:  # pressed twice, in a team without a folded stage
            return
        if not self.closable_by_customer:
            raise ClosureNotOffered
        self.close(by=by, why=comment, how="customer", at=at)
        if score is not None:
            self.rate(score, by=by, at=at)

    def _closed_before(self, by, comment, score, at):
        """What the customer said while somebody else closed the ticket is not lost."""
        if self.closing and self.closing.by_id == by.id:
            return
        if score is not None:
            self.rate(score, comment, by=by, at=at)
        elif comment:
            raise TicketClosed

    def _closed(self, before, by, why, how, at):
        """The row and the line of history of a closing; called by ``move_to`` alone."""
        how = how or ("automatic" if by is None else "customer" if self.on_customers_side(by) else "agent")
        self.closing = Closing(by=by, at=at, how=how, why=why, from_stage=before)
        return self.record("closed", by=by, from_=before.name, to=self.stage.name, why=why, at=at)


def literals(*values):
    """Values as columns of an INSERT … SELECT, each with the type that both databases need to be told."""
    for value in values:
        if value is None:
            yield cast(null(), Integer)
        elif isinstance(value, datetime):
            yield literal(value, UtcDateTime)
        else:
            yield literal(value)
