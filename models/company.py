"""A company: its time zone, working hours and holidays."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base

if TYPE_CHECKING:
    from .team import Team

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = {day: [["09:00", "17:00"]] for day in DAYS[:5]}
LOOK_AHEAD = timedelta(days=400)

user_companies = Table(
    "user_companies",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("company_id", ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Company(Base):
    """Owns teams; its hours and holidays say when its people work."""

    __tablename__ = "companies"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    timezone: Mapped[str] = mapped_column(String(60), default="UTC")
    # {"mon": [["09:00", "17:00"], …], …} in local time; a day that is missing is free.
    working_hours: Mapped[dict] = mapped_column(JSON, default=lambda: dict(OFFICE_HOURS))
    holidays: Mapped[list] = mapped_column(JSON, default=list)  # ["2026-12-25", …]
    teams: Mapped[list["Team"]] = relationship(back_populates="company", order_by="Team.name")

    def __str__(self):
        return self.name

    def shifts_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working hours of one local day as UTC moments; empty on a holiday.

        Local hours are turned into moments one by one, so a day with a clock change is as long as it really is.
        """
        if day.isoformat() in self.holidays:
            return []
        zone = ZoneInfo(self.timezone)
        spans = sorted(self.working_hours.get(DAYS[day.weekday()], []))
        return [(_moment(day, start, zone), _moment(day, end, zone)) for start, end in spans]

    def shifts(self, start: datetime, end: datetime):
        """Every shift that touches the time from ``start`` to ``end``, cut to it, oldest first."""
        zone = ZoneInfo(self.timezone)
        day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        while day <= last:
            for opens, closes in self.shifts_on(day):
                if max(opens, start) < min(closes, end):
                    yield max(opens, start), min(closes, end)
            day += timedelta(days=1)

    def next_working_moment(self, at: datetime) -> datetime | None:
        """``at`` itself in working hours, else the next opening; None if none comes within LOOK_AHEAD."""
        return next((opens for opens, _ in self.shifts(at, at + LOOK_AHEAD)), None)

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from ``start`` to ``end`` lies in working hours (R-REPORT-1)."""
        return sum((closes - opens for opens, closes in self.shifts(start, end)), timedelta())


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
