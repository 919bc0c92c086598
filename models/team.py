"""A support team: its pipeline, members, visibility and rules."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from .assignment import Assigning
from .base import Base, Refusal, UtcDateTime, now, session
from .closing_rule import AutomaticClosing
from .company import Company
from .follower import TeamFollowing
from .people import User, normal_email
from .stage import Pipeline, Stage, team_stages

VISIBILITIES = ("private", "company", "public")
METHODS = ("equal_total", "equal_open")

closing_stages = Table(
    "team_closing_stages",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("stage_id", ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class TeamHasTickets(Refusal):
    """A team that has tickets is deactivated, not deleted."""


class NotAllowedMember(Refusal):
    """A member must be an internal user of the team's company who takes tickets."""


class TeamMember(Base):
    """Somebody who may be given tickets of this team.

    ``head_start`` is added to their number of tickets: a later member starts at the lowest of the others (R-ASSIGN-2).
    """

    __tablename__ = "team_members"
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    head_start: Mapped[int] = mapped_column(default=0)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    team: Mapped["Team"] = relationship(back_populates="memberships")


class Team(Pipeline, TeamFollowing, Assigning, AutomaticClosing, Base):
    """Receives tickets and works them along its pipeline (R-TEAM-1)."""

    __tablename__ = "teams"
    __table_args__ = (
        CheckConstraint(f"visibility in {VISIBILITIES}", name="visibility"),
        CheckConstraint("auto_close_days between 1 and 3650", name="auto_close_days"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(default=True)
    address: Mapped[str | None] = mapped_column(String(254), unique=True)
    visibility: Mapped[str] = mapped_column(String(10), default="company")
    auto_assign: Mapped[str | None] = mapped_column(String(20))  # one of METHODS, None is by hand
    auto_close: Mapped[bool] = mapped_column(default=False)
    auto_close_stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id", ondelete="SET NULL"))
    auto_close_days: Mapped[int] = mapped_column(default=7)
    spare_waiting: Mapped[bool] = mapped_column(default=True)
    remind_days_before: Mapped[int | None]
    # What was due at this moment already is closed without mail: the backlog of a new rule (R-CLOSE-4).
    quiet_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closure_by_customers: Mapped[bool] = mapped_column(default=False)
    follow_conversation: Mapped[bool] = mapped_column(default=True)
    reopen_days: Mapped[int] = mapped_column(default=7)
    ask_rating: Mapped[bool] = mapped_column(default=False)
    publish_ratings: Mapped[bool] = mapped_column(default=False)
    # When a setting last changed, or a ticket left for another team: boards that are open are then out of date.
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, onupdate=now)

    company: Mapped[Company] = relationship(back_populates="teams")
    stages: Mapped[list[Stage]] = relationship(
        secondary=team_stages, order_by=(Stage.position, Stage.id), back_populates="teams"
    )
    auto_close_stage: Mapped[Stage | None] = relationship(foreign_keys=[auto_close_stage_id])
    auto_close_in: Mapped[list[Stage]] = relationship(secondary=closing_stages, order_by=(Stage.position, Stage.id))
    memberships: Mapped[list[TeamMember]] = relationship(
        back_populates="team", cascade="all, delete-orphan", order_by=TeamMember.user_id
    )

    def __str__(self):
        return self.name

    @validates("address")
    def _lower(self, key, address):
        return normal_email(address) if address else None

    @property
    def members(self) -> list[User]:
        return [membership.user for membership in self.memberships]

    @property
    def has_public_form(self) -> bool:
        """Anyone may write to an active team; what they may see later is another question (R-VIS)."""
        return self.active

    @classmethod
    def with_public_form(cls) -> list["Team"]:
        return list(session.scalars(select(cls).where(cls.active).order_by(cls.name, cls.id)))

    def set_members(self, users):
        """Name the members; the new ones follow the team (R-VIS-1). NotAllowedMember for one who can't take tickets."""
        users = list(dict.fromkeys(users))
        for user in users:
            if not (user.internal and user.takes_tickets and self.company in user.companies):
                raise NotAllowedMember(user.email)
        starts = self.starts_of(users) if users else self.head_starts()
        if not users:
            self._write_starts(starts)
        self.memberships[:] = [one for one in self.memberships if one.user in users]
        for user in users:
            if user not in self.members:
                self.memberships.append(TeamMember(user=user, head_start=starts[user.id]))
                self.add_follower(user.contact)

    def delete(self):
        """Remove a team without tickets; TeamHasTickets otherwise."""
        from .ticket import Ticket

        if session.scalar(select(Ticket.id).where(Ticket.team_id == self.id).limit(1)):
            raise TeamHasTickets
        session.delete(self)


def make_team(name: str, slug: str, company: Company, language: str = "en", **settings) -> Team:
    """A new team with the shared standard pipeline (R-TEAM-2) and an address (R-MAIL-2).

    ``language`` names the stages of the pipeline that are not there yet.
    """
    from flask import current_app

    from .stage import standard_pipeline

    domain = current_app.config.get("MAIL_DOMAIN")
    settings.setdefault("address", f"{slug}@{domain}" if domain else None)
    stages = standard_pipeline(language)
    team = Team(name=name, slug=slug, company=company, stages=stages, **settings)
    session.add(team)
    session.flush()
    return team
