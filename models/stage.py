"""The pipeline: stages shared between teams, and the one way in which a ticket changes its stage."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, bindparam, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Refusal, now, plain_rows, session
from .template import Template
from .templates_shipped import shipped

if TYPE_CHECKING:
    from .team import Team

STATUSES = ("new", "open", "answered", "resolved")
# The pipeline of a new team: names by language, the status of its tickets, and the mail that an arrival sends.
STANDARD = (
    {"en": "New", "fr": "Nouveau", "status": "new", "mail": "Ticket received"},
    {"en": "In progress", "fr": "En cours", "status": "open"},
    {"en": "Customer feedback", "fr": "Attente du client", "status": "answered"},
    {"en": "Resolved", "fr": "Résolu", "status": "resolved", "mail": "Ticket resolved"},
    {"en": "Closed", "fr": "Clôturé", "status": "closed", "mail": "Ticket closed"},
)

team_stages = Table(
    "team_stages",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("stage_id", ForeignKey("stages.id"), primary_key=True, index=True),
)


class StageHoldsTickets(Refusal):
    """Tickets stand in this stage: name the one that takes them first (R-STAGE-6)."""


class MergedStayClosed(StageHoldsTickets):
    """Merged tickets stand in this stage, and the team that is named has no other folded one to keep them closed."""


class NotInPipeline(Refusal):
    """The stage is not one of the team's."""


class Stage(Base):
    """A column of the pipeline. A ticket in a folded one is closed (R-STAGE-2)."""

    __tablename__ = "stages"
    __table_args__ = (CheckConstraint(f"status in {STATUSES}", name="status"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    folded: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(10), default="open")
    email_template_id: Mapped[int | None] = mapped_column(ForeignKey("templates.id", ondelete="SET NULL"))
    sms_template_id: Mapped[int | None] = mapped_column(ForeignKey("templates.id", ondelete="SET NULL"))
    email_template: Mapped[Template | None] = relationship(foreign_keys=[email_template_id])
    sms_template: Mapped[Template | None] = relationship(foreign_keys=[sms_template_id])
    teams: Mapped[list["Team"]] = relationship(secondary=team_stages, back_populates="stages", order_by="Team.name")

    def __str__(self):
        return self.name

    @property
    def ticket_status(self) -> str:
        """The status of a ticket in this stage: closed if it is folded, else the stage's own."""
        return "closed" if self.folded else self.status

    @classmethod
    def all(cls) -> list["Stage"]:
        return list(session.scalars(select(cls).order_by(cls.position, cls.id)))

    def ticket_count(self, team=None) -> int:
        """How many tickets stand here, of all teams or of one."""
        from .ticket import Ticket

        query = select(func.count()).where(Ticket.stage_id == self.id)
        return session.scalar(query.where(Ticket.team_id == team.id) if team else query)

    def fold(self, folded: bool, by=None) -> int:
        """Tick or untick *folded*: close or reopen every ticket in the stage, without mail; returns how many.

        Merged ones stay closed, in another folded stage of their team; MergedStayClosed where it has none.
        """
        from .stage_tickets import close_stage, hold_tickets, keep_merged_closed, reopen_stage
        from .ticket import Ticket

        hold_tickets(Ticket.stage_id == self.id)
        session.refresh(self, ["folded"], with_for_update=True)  # who moves a ticket here waits, and then knows
        if self.folded == folded:
            return 0
        if not folded:
            keep_merged_closed(self, self.teams, by=by)
        self.folded = folded
        session.flush()
        return (close_stage if folded else reopen_stage)(self, by=by)

    def delete(self, takes: "Stage | None" = None, by=None):
        """Remove the stage from every team and altogether; StageHoldsTickets without one that takes its tickets."""
        for team in list(self.teams):
            team.remove_stage(self, takes=takes, by=by)
        if self.ticket_count():
            raise StageHoldsTickets
        session.flush()
        session.delete(self)
        session.flush()


def order_stages(stages: list[Stage]):
    """Put these stages in this order everywhere (R-STAGE-4); the others keep their places around them."""
    places = sorted(stage.position for stage in stages)
    if len(set(places)) < len(places):
        for place, stage in enumerate(Stage.all()):
            stage.position = place
        places = sorted(stage.position for stage in stages)
    for place, stage in zip(places, stages, strict=True):
        stage.position = place
    session.flush()


def standard_pipeline(language: str = "en") -> list[Stage]:
    """The five stages of a new team, made once and then shared (R-TEAM-2), whichever language they were made in."""
    names = [name for one in STANDARD for name in (one["en"], one["fr"])]
    known = {stage.name: stage for stage in session.scalars(select(Stage).where(Stage.name.in_(names)))}
    last = session.scalar(select(func.coalesce(func.max(Stage.position), -1)))
    here, elsewhere = ("fr", "en") if language == "fr" else ("en", "fr")
    pipeline = []
    for one in STANDARD:
        stage = known.get(one[here]) or known.get(one[elsewhere])
        if stage is None:
            last += 1
            stage = _standard_stage(one[here], last, one, language)
        pipeline.append(stage)
    session.flush()
    return sorted(pipeline, key=lambda stage: (stage.position, stage.id))


def _standard_stage(name, position, one, language) -> Stage:
    mail = one.get("mail")
    template = mail and shipped(mail, language)
    folded, status = one["status"] == "closed", "open" if one["status"] == "closed" else one["status"]
    stage = Stage(name=name, position=position, email_template=template, folded=folded, status=status)
    session.add(stage)
    return stage


@cache
def _names():
    query = select(Stage.id, Stage.name).join(team_stages).where(team_stages.c.team_id == bindparam("team"))
    return query.order_by(Stage.position, Stage.id)


def stage_names(team_id: int) -> list[tuple[int, str]]:
    """The stages of a team in their order, as a choice offers them."""
    return [tuple(row) for row in plain_rows(_names(), {"team": team_id})]


class Pipeline:
    """What a team knows of its stages."""

    @property
    def first_stage(self) -> Stage:
        return self.stages[0]

    @property
    def closing_stage(self) -> Stage:
        """Where *Close* leads: the first folded stage, or the last stage where none is folded (R-CLOSE-1)."""
        return next((stage for stage in self.stages if stage.folded), self.stages[-1])

    @property
    def reopening_stage(self) -> Stage | None:
        """Where a closed ticket goes on: the first *open* stage, else the first unfolded one; None without either."""
        return self.first_with_status("open") or next((stage for stage in self.stages if not stage.folded), None)

    def open_stage(self, id: int) -> Stage | None:
        """The unfolded stage of this number, for a ticket that begins further on."""
        return next((stage for stage in self.stages if stage.id == id and not stage.folded), None)

    def first_with_status(self, status: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.ticket_status == status), None)

    def set_stages(self, stages: list[Stage]):
        """Name the stages of the pipeline; StageHoldsTickets if one that goes still has tickets of this team."""
        if not stages:
            raise NotInPipeline
        for stage in [stage for stage in self.stages if stage not in stages]:
            self.remove_stage(stage)
        self.stages = sorted(stages, key=lambda stage: (stage.position, stage.id))

    def remove_stage(self, stage: Stage, takes: Stage | None = None, by=None):
        """Take a stage out of the pipeline, its tickets going to ``takes`` (R-STAGE-6); merged ones stay closed."""
        from .stage_tickets import hold_tickets, keep_merged_closed, move_all
        from .ticket import Ticket

        hold_tickets(Ticket.team_id == self.id, Ticket.stage_id == stage.id)
        self.hold_stage(stage, to_remove=True)
        if stage.ticket_count(self):
            if takes is None or takes is stage or takes not in self.stages:
                raise StageHoldsTickets
            self.hold_stage(takes)
            if stage.folded and not takes.folded:
                keep_merged_closed(stage, [self], by=by)
            move_all(self, stage, takes, by=by)
        self.stages.remove(stage)
        if self.auto_close_stage is stage:
            self.auto_close_stage = None
        if stage in self.auto_close_in:
            self.auto_close_in.remove(stage)
            # With none left the rule would watch every stage: nobody asked for that.
            self.auto_close = self.auto_close and bool(self.auto_close_in)

    def hold_first_stage(self) -> Stage:
        """Where a new ticket stands; whoever removes that stage waits for it, or was quicker."""
        try:
            return self.hold_stage(self.first_stage)
        except NotInPipeline:
            session.expire(self, ["stages"])
            return self.hold_stage(self.first_stage)

    def hold_stage(self, stage: Stage | None, to_remove=False) -> Stage:
        """Keep a stage in the pipeline, and as folded as it is, until the commit; NotInPipeline if it is not there.

        Who removes or folds it waits meanwhile, or was quicker: then this sees it. Tickets are held before stages.
        """
        session.flush()
        found = stage and session.scalar(
            select(Stage)
            .join(team_stages, team_stages.c.stage_id == Stage.id)
            .where(team_stages.c.team_id == self.id, Stage.id == stage.id)
            .with_for_update(read=not to_remove)
            .execution_options(populate_existing=True)
        )
        if found is None:
            raise NotInPipeline
        return found

    def hold_stages(self, skip_locked=False) -> list[Stage]:
        """Keep the whole pipeline as it is until the commit, as ``hold_stage`` does; returns the stages that are held,
        with ``skip_locked`` without those that somebody is changing just now."""
        session.flush()
        stages = select(Stage).join(team_stages).where(team_stages.c.team_id == self.id).order_by(Stage.id)
        stages = stages.with_for_update(read=True, skip_locked=skip_locked)
        return list(session.scalars(stages.execution_options(populate_existing=True)))


class Staged:
    """A ticket stands in one stage; ``move_to`` is the only writer of it."""

    @property
    def status(self) -> str:
        return self.stage.ticket_status

    def move_to(self, stage, by=None, why="", how=None, at: datetime | None = None, silent=False, announce=True):
        """Bring the ticket to a stage of its team; where it stands already, nothing happens.

        ``by`` is the contact who moves it, None for the system; ``silent`` sends no mail (R-STAGE-5),
        ``announce=False`` none to the followers, who are told by a message anyway.
        Raises NotInPipeline for a stage of other teams, and TicketClosed to whoever moves a closed ticket to another
        folded stage: only reopening leads out (R-CLOSE-8); of a merged one only an undo (R-MERGE-4).
        """
        self.lock()
        if stage is self.stage:
            return
        self.team.hold_stage(stage)
        if self.merged_into_id is not None or (by is not None and stage.folded):
            self.refuse_if_closed()
        at = at or now()
        before, self.stage = self.stage, stage
        self.stage_changed_at = at
        self.rank = at.timestamp()
        self.touch(at)
        event = self._record_move(before, stage, by, why, how, at)
        session.flush()
        if not silent:
            self.send_stage_templates(event)
        if announce and not silent:
            self.tell_followers_of_move(event)

    def _record_move(self, before, stage, by, why, how, at):
        if stage.folded and not before.folded:
            return self._closed(before, by, why, how, at)
        if before.folded and not stage.folded:
            return self._reopened(before, by, why, at)
        return self.record("stage", by=by, from_=before.name, to=stage.name, why=why, at=at)

    def follow_conversation(self, message):
        """Move along with what was said (R-STAGE-7), where the team has such a stage."""
        if message.internal or not self.team.follow_conversation:
            return
        answers = {"new": "answered", "open": "answered"}
        writes = {"answered": "open", "resolved": "open"}
        wanted = (writes if message.from_customer else answers).get(self.status)
        if wanted and (stage := self.team.first_with_status(wanted)):
            self.move_to(stage, by=message.author, at=message.at, announce=False)


class ColumnFold(Base):
    """A column folded by one user on the board: a view setting that closes nothing (R-STAGE-3)."""

    __tablename__ = "column_folds"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id", ondelete="CASCADE"), primary_key=True, index=True)
