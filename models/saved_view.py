"""Saved views: a list that somebody gave a name to, for themselves or for a company.

A view is what is asked for and nothing more: whoever opens it sees of it what they may see (R-VIS-8).
"""

from functools import cache
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ForeignKey, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .access import NotVisible
from .base import Base, Refusal, session
from .company import Company, user_companies
from .filters import Filters
from .people import User
from .visibility import Somebody

MOST = 50  # of one owner


class TooManyViews(Refusal):
    """One person keeps at most MOST of them."""


class SavedView(Base):
    __tablename__ = "saved_views"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # Whose internal users see the view; None: the owner alone.
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[User] = relationship()
    company: Mapped[Company | None] = relationship()

    def __str__(self):
        return self.name

    @property
    def words(self) -> dict[str, str]:
        """What the view asks for, as the words of an address."""
        return Filters.read(dict(parse_qsl(self.query))).words()

    @classmethod
    def save(cls, owner, name: str, asked: Filters, company=None) -> "SavedView":
        if session.scalar(select(func.count()).where(cls.owner_id == owner.id)) >= MOST:
            raise TooManyViews
        view = cls(owner=owner, name=name, company=company, query=urlencode(asked.words(view=None)))
        session.add(view)
        session.flush()
        return view

    def ask_for(self, asked: Filters):
        self.query = urlencode(asked.words(view=None))

    def may_be_changed_by(self, user) -> bool:
        """By its owner, and once it is shared by the administrators of that company."""
        return self.owner_id == user.id or (user.administrator and self.company_id in user.company_ids)


def _seen_by(user):
    """A condition on SavedView: one's own, and what is shared in one's companies; a share ends with the membership."""
    mine = select(user_companies.c.company_id).where(user_companies.c.user_id == user.id)
    return or_(SavedView.owner_id == user.id, SavedView.company_id.in_(mine))


@cache
def _views():
    return select(SavedView).where(_seen_by(Somebody)).order_by(func.lower(SavedView.name), SavedView.id)


def views_of(user) -> list[SavedView]:
    """In the order of their names; of the company that is shown now where one is chosen."""
    views = session.scalars(_views(), {"viewer": user.id})
    return [view for view in views if view.company_id is None or user.focus in (None, view.company_id)]


def view_of(user, id: int) -> SavedView:
    """The view that this user sees under this number, else NotVisible."""
    view = session.scalar(select(SavedView).where(SavedView.id == min(id, 2**31 - 1), _seen_by(user)))
    if view is None:
        raise NotVisible
    return view
