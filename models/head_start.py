"""Who comes later to a team starts at the lowest count of the others: nobody is flooded (R-ASSIGN-2).

Of members who are named, the start stands in their row. A team that names none is shared by everybody who takes tickets
(R-ASSIGN-5): the rule notes them when it first meets them.
"""

from sqlalchemy import ForeignKey, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, session


class HeadStart(Base):
    """Somebody shares the tickets of a team without named members; ``tickets`` are added to their number."""

    __tablename__ = "head_starts"
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    tickets: Mapped[int] = mapped_column(default=0)


class Sharing:
    """A team knows what is added to the numbers of those who share its tickets."""

    def head_starts(self) -> dict[int, int]:
        """{user id: tickets} of those who are known to share: the members, or whom the rule met."""
        if self.memberships:
            return {one.user_id: one.head_start for one in self.memberships}
        return self._noted()

    def _noted(self) -> dict[int, int]:
        query = select(HeadStart.user_id, HeadStart.tickets).where(HeadStart.team_id == self.id)
        return dict(session.execute(query).all()) if self.id else {}

    def starts_of(self, people) -> dict[int, int]:
        """{user id: tickets} where these share the team from now on: of those who are known as it is, of the others so
        that they count with the lowest number of the known ones; 0 where nobody is known."""
        known = self.head_starts()
        staying = [user.id for user in people if user.id in known]
        loads = self.loads(open_only=False) if len(staying) < len(people) and staying else {}
        lowest = min((loads.get(id, 0) + known[id] for id in staying), default=0)
        return {user.id: known.get(user.id, max(0, lowest - loads.get(user.id, 0))) for user in people}

    def note_takers(self):
        """Remember who shares the tickets of a team without named members; whoever left begins anew on coming back."""
        if not self.memberships:
            self._write_starts(self.starts_of(self.takers()))

    def _write_starts(self, starts: dict[int, int]):
        if starts != self._noted():
            session.execute(delete(HeadStart).where(HeadStart.team_id == self.id))
            rows = [{"team_id": self.id, "user_id": id, "tickets": number} for id, number in starts.items()]
            if rows:
                session.execute(insert(HeadStart), rows)
