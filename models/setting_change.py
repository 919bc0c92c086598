"""The history of a team's settings: who changed which, when, from what to what. Rows are only added."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from .base import Base, UtcDateTime, now, session
from .people import Contact

PLAIN = (
    "name", "slug", "description", "active", "address", "visibility", "auto_assign", "auto_close", "auto_close_days",
    "spare_waiting", "remind_days_before", "closure_by_customers", "follow_conversation", "reopen_days", "ask_rating",
    "publish_ratings",
)  # fmt: skip


class SettingChange(Base):
    """One setting of one team changed; the values are words, empty where there was nothing."""

    __tablename__ = "setting_changes"
    __table_args__ = (Index("ix_setting_changes_team_id_at", "team_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    setting: Mapped[str] = mapped_column(String(40))
    from_: Mapped[str] = mapped_column("from_value", Text, default="")
    to: Mapped[str] = mapped_column("to_value", Text, default="")
    by: Mapped[Contact | None] = relationship()


def settings_of(team) -> dict[str, str]:
    """Every setting of a team in words, to compare with later."""
    words = {name: _word(getattr(team, name)) for name in PLAIN}
    words["company"] = team.company.name
    words["stages"] = ", ".join(stage.name for stage in team.stages)
    words["members"] = ", ".join(sorted(member.email for member in team.members))
    words["auto_close_stage"] = team.auto_close_stage.name if team.auto_close_stage else ""
    words["auto_close_in"] = ", ".join(stage.name for stage in team.auto_close_in)
    return words


def note_changes(team, before: dict[str, str], by=None, at: datetime | None = None) -> list[SettingChange]:
    """Write down what is different from ``before``; returns the changes, none if there is none."""
    after, at = settings_of(team), at or now()
    changes = [
        SettingChange(team_id=team.id, at=at, by=by, setting=name, from_=before[name], to=after[name])
        for name in after
        if before[name] != after[name]
    ]
    session.add_all(changes)
    return changes


def history_of(team, limit=50) -> list[SettingChange]:
    """The latest changes, newest first."""
    query = select(SettingChange).where(SettingChange.team_id == team.id).options(joinedload(SettingChange.by))
    return list(session.scalars(query.order_by(SettingChange.at.desc(), SettingChange.id.desc()).limit(limit)))


def _word(value) -> str:
    return {None: "", True: "yes", False: "no"}.get(value, str(value)) if not isinstance(value, str) else value
