"""Canned replies: what is written often, kept under a shortcut, one's own or shared with the company."""

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, and_, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from .base import Base, session
from .company import Company, user_companies
from .people import User
from .template import Template, UnknownPlaceholder

# The customer's link belongs into mails alone, and nothing was closed that could have a reason.
WITHOUT_VALUE = ("link", "why")
MOST_FOUND = 20


class CannedReply(Base):
    """A text with placeholders, as templates have. Shared with a company, all of its internal users find it."""

    __tablename__ = "canned_replies"
    __table_args__ = (CheckConstraint("user_id is not null or company_id is not null", name="owner"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), index=True)
    shortcut: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    user: Mapped[User | None] = relationship()
    company: Mapped[Company | None] = relationship()

    def __str__(self):
        return self.title

    def check(self):
        """Raise UnknownPlaceholder or TextTooLong for what could not be filled in."""
        self._template.check()
        if never := [name for name in WITHOUT_VALUE if self.fill({name: ""}) != self.body]:
            raise UnknownPlaceholder(never)

    def fill(self, values: dict) -> str:
        return self._template.fill("en", values)[1]

    @property
    def _template(self) -> Template:
        return Template(channel="email", subject={}, body={"en": self.body})

    def changeable_by(self, user) -> bool:
        """Its owner may change it, and what is shared the company's administrators."""
        shared_here = self.company_id is not None and self.company_id in user.company_ids
        return self.user_id == user.id or (user.administrator and shared_here)


def canned_replies_of(user):
    """A condition on CannedReply: one's own, and those shared with one's companies (R-VIS-8)."""
    companies = select(user_companies.c.company_id).where(user_companies.c.user_id == user.id)
    shared = CannedReply.company_id.in_(companies)
    return or_(and_(CannedReply.user_id == user.id, or_(CannedReply.company_id.is_(None), shared)), shared)


def canned_reply(user, id: int) -> CannedReply | None:
    return session.scalar(select(CannedReply).where(CannedReply.id == id, canned_replies_of(user)))


def find_canned_replies(user, words: str = "", company=None, limit=MOST_FOUND) -> list[CannedReply]:
    """What this user may use (on a ticket of ``company``), by shortcut; ``words`` are looked for in all of it.

    Whose shortcut begins with the words stands first.
    """
    query = select(CannedReply).where(canned_replies_of(user))
    if company is not None:
        query = query.where(or_(CannedReply.company_id.is_(None), CannedReply.company_id == company.id))
    for word in words.split()[:5]:
        fields = (CannedReply.shortcut, CannedReply.title, CannedReply.body)
        query = query.where(or_(*(field.icontains(word, autoescape=True) for field in fields)))
    first = ~CannedReply.shortcut.istartswith(words.strip(), autoescape=True) if words.strip() else CannedReply.id == 0
    query = query.order_by(first, CannedReply.shortcut, CannedReply.id).limit(limit)
    return list(session.scalars(query.options(joinedload(CannedReply.user), joinedload(CannedReply.company))))
