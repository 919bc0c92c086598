"""Automatic closing: the rule of a team, what it says of each ticket, and what it will do in the days to come.

The preview of the settings page, the run of the worker and the customer's page ask the same conditions (R-CLOSE-4).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, exists, false, func, literal_column, or_, select, true
from sqlalchemy.orm import joinedload

from .base import session
from .outbox import Delivery, never_arrived
from .stage import Stage
from .templates_shipped import INACTIVITY, asks_rating, shipped

if TYPE_CHECKING:
    from .ticket import Ticket

NEVER, WAITING, UNREMINDED = "never close automatically", "waits for our answer", "the reminder could not be delivered"
SPARED = (NEVER, WAITING, UNREMINDED)  # the first reason that holds is the one that is told
DAYS_AHEAD = 14
MOST_LISTED = 50


@dataclass
class Verdict:
    """What the rule says of one inactive ticket: ``close`` it, or ``spare`` it and why."""

    ticket: "Ticket"
    action: str
    to: str
    why: str
    due_at: datetime | None = None


@dataclass(frozen=True)
class ClosingRule:
    """A rule of R-CLOSE-2, kept by a team or only typed so far. ``watched`` are the stages it looks at, target not."""

    team_id: int
    target: Stage
    watched: tuple[Stage, ...]
    days: int
    spare_waiting: bool
    remind_days_before: int | None = None
    quiet_until: datetime | None = None

    @classmethod
    def of(cls, team, stages=None, to_stage=None, in_stages=(), **more) -> "ClosingRule":
        """With the defaults of R-CLOSE-2: the first folded stage, else the last one; every unfolded stage."""
        stages = list(stages or team.stages)
        folded = next((stage for stage in stages if stage.folded), stages[-1])
        target = to_stage if to_stage in stages else folded
        watched = (stage for stage in in_stages or stages if not stage.folded and stage is not target)
        return cls(team.id, target, tuple(watched), **more)

    @property
    def reason(self) -> str:
        return f"inactive for {self.days} days"

    def letters(self) -> list:
        """What the target stage says; nobody is asked for a rating after an automatic closing (R-RATE-1)."""
        said = filter(None, (self.target.email_template, self.target.sms_template))
        return [shipped(INACTIVITY) if asks_rating(template) else template for template in said]

    def inactive(self, at: datetime):
        """A condition on Ticket: watched by the rule and without activity for its days, closed ones left out."""
        from .ticket import Ticket

        return and_(
            Ticket.team_id == self.team_id,
            Ticket.stage_id.in_([stage.id for stage in self.watched]),
            Ticket.last_activity_at <= self._active_at(at),
        )

    def _active_at(self, due_at: datetime) -> datetime:
        """Who was active last at this moment is due at that one."""
        from .ticket import days

        return due_at.astimezone(UTC) - days(self.days)  # in another zone Python would count by the clocks on the wall

    def due_at(self, ticket) -> datetime:
        from .ticket import days

        return ticket.last_activity_at.astimezone(UTC) + days(self.days)

    def spared(self):
        """A condition on Ticket: inactive or not, the rule leaves it alone (R-CLOSE-3b, R-CLOSE-5)."""
        return or_(*self._reasons().values())

    def _reasons(self) -> dict:
        from .ticket import Ticket

        waiting = {WAITING: Ticket.waiting_since.is_not(None)} if self.spare_waiting else {}
        return {NEVER: Ticket.never_auto_close, **waiting, UNREMINDED: reminder_failed()}

    def due(self, at: datetime):
        """A condition on Ticket: what a run at this clock closes."""
        return and_(self.inactive(at), ~self.spared())

    def to_remind(self, at: datetime):
        """A condition on Ticket: closes soon, and nobody told the customer in this spell of inactivity (R-CLOSE-5)."""
        from .ticket import Ticket, days

        if not self.reminds:
            return false()
        soon = self.due(at.astimezone(UTC) + days(self.remind_days_before))
        return and_(soon, Ticket.reminded_at.is_(None), ~self.inactive(at))

    @property
    def reminds(self) -> bool:
        """Whether customers are told before: a move to a stage that is not folded closes nothing."""
        return bool(self.remind_days_before) and self.remind_days_before < self.days and self.target.folded

    def told(self):
        """A condition on Ticket: a closing of it is mailed. The backlog may be closed without (R-CLOSE-4)."""
        from .ticket import Ticket

        return Ticket.last_activity_at > self._active_at(self.quiet_until) if self.quiet_until else true()

    def verdicts(self, at: datetime, *where, limit=None):
        """What a run at this clock would do, oldest activity first; changes nothing. ``where`` narrows it."""
        from .ticket import Ticket

        query = select(Ticket, self._reason_told()).where(self.inactive(at), *where)
        query = query.options(joinedload(Ticket.stage))
        query = query.order_by(Ticket.last_activity_at, Ticket.id).limit(limit)
        for ticket, spared in session.execute(query):
            action, to, why = ("spare", ticket.stage, spared) if spared else ("close", self.target, self.reason)
            yield Verdict(ticket, action, to.name, why, self.due_at(ticket))

    def _reason_told(self):
        return case(*((condition, why) for why, condition in self._reasons().items()), else_=None)

    def closes_at(self, ticket) -> datetime | None:
        """When it closes this ticket, or row of a list, if nobody does anything; None if it does not (R-CLOSE-5)."""
        watches = self.target.folded and any(stage.id == ticket.stage_id for stage in self.watched)
        return self.due_at(ticket) if watches and not self.spares(ticket) else None

    def spares(self, ticket) -> str | None:
        """The same asked of one ticket: why it is left alone, or None."""
        if ticket.never_auto_close:
            return NEVER
        if self.spare_waiting and ticket.waiting_since:
            return WAITING
        return UNREMINDED if ticket.reminder_failed else None


def reminder_failed():
    """A condition on Ticket: the reminder of this spell of inactivity never arrived (R-CLOSE-5)."""
    from .ticket import Ticket

    this_spell = and_(Delivery.ticket_id == Ticket.id, Delivery.created_at >= Ticket.reminded_at)
    failed = exists().where(this_spell, Delivery.kind == "reminder", never_arrived())
    return and_(Ticket.reminded_at.is_not(None), failed.correlate(Ticket))


def reminder_outdated():
    """A condition on Delivery: a reminder of a spell of inactivity that is over, or of a rule (R-CLOSE-5)."""
    from .team import Team
    from .ticket import Ticket

    this_spell = and_(Ticket.id == Delivery.ticket_id, Ticket.reminded_at <= Delivery.created_at, ~Ticket.closed)
    this_spell = and_(this_spell, Ticket.team_id.in_(select(Team.id).where(Team.auto_close)))
    return and_(Delivery.kind == "reminder", ~exists().where(this_spell).correlate(Delivery))


class ClosedByRule:
    """What a ticket knows of its team's rule."""

    @property
    def reminder_failed(self) -> bool:
        from .ticket import Ticket

        if self.reminded_at is None:
            return False
        return session.scalar(select(exists().where(Ticket.id == self.id, reminder_failed())))

    @property
    def closes_at(self) -> datetime | None:
        """When the rule closes this ticket if nobody does anything; None if it does not (R-CLOSE-5)."""
        return self.team.closing_rule.closes_at(self) if self.team.auto_close else None


class AutomaticClosing:
    """A team closes what nobody touched for some days (R-CLOSE-2, 3)."""

    @property
    def closing_rule(self) -> ClosingRule:
        return ClosingRule.of(
            self,
            to_stage=self.auto_close_stage,
            in_stages=self.auto_close_in,
            days=self.auto_close_days,
            spare_waiting=self.spare_waiting,
            remind_days_before=self.remind_days_before,
            quiet_until=self.quiet_until,
        )

    def verdicts(self, at: datetime):
        return self.closing_rule.verdicts(at)

    def forgotten(self, at: datetime):
        """A condition on Ticket: open, and waits for our answer longer than the rule's days (R-CLOSE-3b)."""
        return forgotten_since(self.id, self.too_late(at))

    def too_late(self, at: datetime) -> datetime:
        """What waits since then or longer is forgotten."""
        from .ticket import days

        return at - days(self.auto_close_days)


def forgotten_since(team_id, since):
    """The same of any team and moment."""
    from .ticket import Ticket

    open_stages = select(Stage.id).where(~Stage.folded)
    return and_(Ticket.team_id == team_id, Ticket.waiting_since <= since, Ticket.stage_id.in_(open_stages))


def closing_teams() -> list:
    """The teams with a rule, those without any stage left out."""
    from .team import Team

    teams = session.scalars(select(Team).where(Team.auto_close).order_by(Team.id))
    return [team for team in teams if team.stages]


@dataclass
class Day:
    """One day of the forecast; ``share`` is its part of the fullest one, in percent."""

    day: date
    closes: int = 0
    share: int = 0


@dataclass
class Forecast:
    """What a rule would close right now and on each of the next days, and what it leaves out and why (R-CLOSE-4)."""

    rule: ClosingRule
    at: datetime
    now: int = 0
    days: list[Day] = field(default_factory=list)
    spared: dict[str, int] = field(default_factory=dict)
    listed: list[Verdict] = field(default_factory=list)

    @classmethod
    def made(cls, rule: ClosingRule, at: datetime, zone: str) -> "Forecast":
        """Days are those of the company's time zone; nobody is taken to do anything in them. Three queries.

        Listed are those that close, soonest first, then those that are spared: MOST_LISTED of each.
        """
        local = at.astimezone(ZoneInfo(zone))
        ends = [_end_of(local.date() + timedelta(days=n), ZoneInfo(zone)) for n in range(DAYS_AHEAD + 1)]
        told = cls(rule, at, days=[Day(local.date() + timedelta(days=n)) for n in range(DAYS_AHEAD + 1)])
        spared = Counter()
        for bucket, reason, count in session.execute(_counts(rule, [at, *ends])):
            if reason:
                spared[reason] += count
            elif bucket == 0:
                told.now = count
            else:
                told.days[bucket - 1].closes = count
        fullest = max(max(day.closes for day in told.days), 1)
        for day in told.days:
            day.share = -(-100 * day.closes // fullest)
        told.spared = {reason: spared[reason] for reason in SPARED if spared[reason]}
        for where in (~rule.spared(), rule.spared()):
            told.listed += rule.verdicts(ends[-1], where, limit=MOST_LISTED)
        return told

    @property
    def soon(self) -> int:
        return sum(day.closes for day in self.days)

    @property
    def total(self) -> int:
        """Everything the forecast counts, closed or spared."""
        return self.now + self.soon + sum(self.spared.values())


def _end_of(day: date, zone) -> datetime:
    """The first moment of the next day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _counts(rule, ends):
    """How many tickets are due in each stretch that ends there, by the reason to spare them."""
    from .ticket import Ticket

    steps = [(Ticket.last_activity_at <= rule._active_at(end), n) for n, end in enumerate(ends[:-1])]
    bucket = case(*steps, else_=len(steps)).label("bucket")
    reason = rule._reason_told().label("reason")
    counted = select(bucket, reason).where(rule.inactive(ends[-1])).subquery()
    columns = counted.c.bucket, counted.c.reason
    return select(*columns, func.count(literal_column("*"))).group_by(*columns)
