"""Pairs of tickets that may be the same request: found when one arrives, and gone where somebody says they are not."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, and_, delete, or_, select, true, union_all, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from .base import Base, UtcDateTime, now, session
from .similarity import Likeness, compare, most_alike, sketches
from .stage import Stage
from .ticket import Ticket, skip_locked
from .visibility import tickets_visible_to

LIKELY = 60  # percent, from which on a pair is suggested
BATCH = 20
FRESH = timedelta(days=14)  # older arrivals, as of an import, are compared when somebody asks


class Lookalike(Base):
    """Two tickets, the lower number first, and how alike they were; ``dismissed_at``: they are not duplicates."""

    __tablename__ = "lookalikes"
    __table_args__ = (CheckConstraint("first_id < second_id", name="in_order"),)
    first_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True)
    percent: Mapped[int]
    dismissed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)


def compare_due_batch(at: datetime, limit=BATCH) -> int:
    """Look for what is like the newest tickets that nobody compared yet; returns how many were looked at."""
    due = select(Ticket).where(Ticket.compared_at.is_(None), Ticket.created_at > at - FRESH)
    tickets = list(session.scalars(skip_locked(due.order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(limit))))
    known = sketches([ticket.id for ticket in tickets])
    for ticket in tickets:
        if not ticket.closed:
            for likeness in most_alike(known[ticket.id], true(), least=LIKELY, best=5):
                _remember(ticket.id, likeness)
        session.execute(update(Ticket).where(Ticket.id == ticket.id).values(compared_at=at))
    return len(tickets)


def _remember(number: int, likeness: Likeness) -> Lookalike:
    """The pair as it is known; a new one with this percent."""
    pair = min(number, likeness.number), max(number, likeness.number)
    known = session.get(Lookalike, pair)
    if known is None:
        known = Lookalike(first_id=pair[0], second_id=pair[1], percent=likeness.percent)
        session.add(known)
        session.flush()
    return known


def dismiss(tickets, by, at=None):
    """Remember that none of these is the same as another of them: they are suggested no more."""
    known = sketches([ticket.id for ticket in tickets])
    numbers = sorted(known)
    for place, first in enumerate(numbers):
        for second in numbers[place + 1 :]:
            pair = _remember(first, compare(known[first], known[second]))
            pair.dismissed_at, pair.dismissed_by_id = at or now(), by.id


def forget_dismissal(tickets):
    """They were merged after all."""
    ids = [ticket.id for ticket in tickets]
    gone = delete(Lookalike).where(
        Lookalike.first_id.in_(ids), Lookalike.second_id.in_(ids), Lookalike.dismissed_at.is_not(None)
    )
    session.execute(gone, execution_options={"synchronize_session": "fetch"})


def _alive():
    return Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)) & Ticket.merged_into_id.is_(None)


def suggestions(ticket, user) -> list[tuple[Ticket, int]]:
    """The tickets that may be the same as this one and that the user may see, with percents, the likeliest first."""
    if ticket.closed:
        return []
    other = or_(
        and_(Lookalike.first_id == ticket.id, Lookalike.second_id == Ticket.id),
        and_(Lookalike.second_id == ticket.id, Lookalike.first_id == Ticket.id),
    )
    query = select(Ticket, Lookalike.percent).join(Lookalike, other)
    query = query.where(Lookalike.dismissed_at.is_(None), _alive(), tickets_visible_to(user))
    return session.execute(query.order_by(Lookalike.percent.desc(), Ticket.id).limit(5)).all()


def _pairs(user):
    """Each pair as it is seen from either of its tickets: that one, the other, which this user may see, the percent."""
    for mine, theirs in ((Lookalike.first_id, Lookalike.second_id), (Lookalike.second_id, Lookalike.first_id)):
        pair = select(mine.label("mine"), theirs.label("theirs"), Lookalike.percent).join(Ticket, Ticket.id == theirs)
        yield mine, pair.where(Lookalike.dismissed_at.is_(None), _alive(), tickets_visible_to(user)).correlate(None)


def likely_duplicates(user):
    """A condition on Ticket: another ticket, which this user may see too, may be the same request."""
    return or_(*(Ticket.id.in_(pair.with_only_columns(mine)) for mine, pair in _pairs(user))) & _alive()


def likest(numbers, user) -> dict[int, tuple[int, int]]:
    """{number: (number of the ticket that is most likely the same, percent)}; one query."""
    pairs = union_all(*(pair.where(mine.in_(numbers)) for mine, pair in _pairs(user))).subquery()
    best_last = select(pairs).order_by(pairs.c.percent, pairs.c.theirs.desc())
    return {mine: (theirs, percent) for mine, theirs, percent in session.execute(best_last)}


def live_suggestions(sketch, user, least=30) -> list[Likeness]:
    """Compared now, for a ticket that is being written or one that is asked about; without what was dismissed."""
    dismissed = set()
    if sketch.number is not None:
        pair, number = aliased(Lookalike), sketch.number
        query = select(pair.first_id, pair.second_id).where(pair.dismissed_at.is_not(None))
        for first, second in session.execute(query.where(or_(pair.first_id == number, pair.second_id == number))):
            dismissed |= {first, second}
    found = most_alike(sketch, tickets_visible_to(user), least)
    return [one for one in found if one.number not in dismissed]
