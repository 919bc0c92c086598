"""R-CLOSE against an oracle in plain Python: a machine of random steps; ``--full`` plays 150 longer lives."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from models import Company, Contact, Delivery, Event, Ticket, User, make_team, open_ticket, session
from models.base import db
from models.batch import batches_of
from models.closing import ClosureNotOffered, TicketClosed
from models.closing_rule import NEVER, UNREMINDED, WAITING
from models.sweep import close_due_batch, remind_due_batch

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 3, 20, 9, tzinfo=UTC)  # both clock changes and a leap day are walked over below
STAGES = ["New", "In progress", "Customer feedback", "Resolved", "Closed"]
STATUS = dict(zip(STAGES, ["new", "open", "answered", "resolved", "open"], strict=True))


@dataclass
class Paper:
    """A ticket as the text of R-CLOSE has it."""

    stage: str = "New"
    active: datetime = START
    waiting: bool = True
    never: bool = False
    reminded: bool = False
    bounced: bool = False
    closed_at: datetime | None = None
    how: str | None = None  # closed by agent, customer or the rule
    told: int = 0  # closing mails that wait
    touched: bool = True  # since the last run

    def touch(self, at):
        self.active, self.reminded, self.bounced, self.touched = at, False, False, True

    def go(self, stage, at, folded, how="agent"):
        if stage != self.stage:
            if (stage in folded) != (self.stage in folded):
                self.closed_at, self.how, self.told = (at, how, 1) if stage in folded else (None, None, 0)
            self.stage = stage
            self.touch(at)


@dataclass
class Oracle:
    """The rules, without a database."""

    folded: set = field(default_factory=lambda: {"Closed"})
    on: bool = True
    days: int = 7
    spare: bool = True
    remind: int | None = None
    watched: set = field(default_factory=set)
    offered: bool = False
    reopen_days: int = 7
    tickets: list = field(default_factory=list)
    run: dict = field(default_factory=dict)  # place in tickets: the ticket as it was before the last run

    def status(self, paper):
        return "closed" if paper.stage in self.folded else STATUS[paper.stage]

    @property
    def target(self):
        return next(stage for stage in STAGES if stage in self.folded)

    def open_stage(self):
        return next((stage for stage in STAGES if stage not in self.folded and STATUS[stage] == "open"), None)

    def first_with(self, status):
        return next((stage for stage in STAGES if stage not in self.folded and STATUS[stage] == status), None)

    def verdict(self, paper, at):
        """close, the reason to spare it, or None where the rule does not look or it is too early."""
        watched = self.watched or set(STAGES)
        if paper.stage in self.folded or paper.stage not in watched or at - paper.active < self.days * 24 * HOUR:
            return None
        if paper.never:
            return NEVER
        if self.spare and paper.waiting:
            return WAITING
        return UNREMINDED if paper.reminded and paper.bounced else "close"

    def closes_at(self, paper):
        """The day that the customer's page names: the rule closes then if nobody does anything."""
        due = paper.active + self.days * 24 * HOUR
        return due if self.on and self.verdict(paper, due) == "close" else None

    def to_close(self, at):
        return [place for place, paper in enumerate(self.tickets) if self.verdict(paper, at) == "close"]

    def to_remind(self, at):
        if not self.remind or self.remind >= self.days:
            return []
        soon = self.to_close(at + self.remind * 24 * HOUR)
        late = [place for place, paper in enumerate(self.tickets) if self.verdict(paper, at) is not None]
        return [place for place in soon if not self.tickets[place].reminded and place not in late]

    def says(self, place, at, thanks=False, insists=False):
        """The customer writes; the place of the ticket that it stands on afterwards."""
        paper = self.tickets[place]
        status = self.status(paper)
        if thanks and not insists and status in ("resolved", "closed"):
            paper.touch(at)
            return place
        if status == "closed":
            if at > paper.closed_at + self.reopen_days * DAY:
                self.tickets.append(Paper(active=at))
                return len(self.tickets) - 1
            paper.go(self.open_stage(), at, self.folded)
        paper.touch(at)
        paper.waiting = True
        if self.status(paper) in ("answered", "resolved") and self.first_with("open"):
            paper.go(self.first_with("open"), at, self.folded)
        return place


places = st.integers(0, 5)


class Machine(RuleBasedStateMachine):
    """Every step is taken by the models and by the oracle; then both are held against each other."""

    @initialize(count=st.integers(2, 4))
    def begin(self, count):
        self.savepoint = db.engine.begin_nested()
        self.at = START
        self.travel()
        company = Company(name="Acme", timezone="Europe/Paris")
        self.team = make_team("Support", "support", company, auto_close=True)
        self.agnes = Contact(email="agnes@acme.example", name="Agnes")
        session.add(User(contact=self.agnes, role="agent", companies=[company]))
        self.carla = Contact(email="carla@client.example", name="Carla")
        session.add(self.carla)
        self.oracle = Oracle()
        self.numbers = []
        for _ in range(count):
            self.numbers.append(open_ticket(self.team, self.carla, "Help", "It burns.").id)
            self.oracle.tickets.append(Paper(active=self.at))
        session.commit()

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()
        if hasattr(self, "savepoint"):
            session.remove()
            self.savepoint.rollback()

    def travel(self):
        if hasattr(self, "clock"):
            self.clock.stop()
        self.clock = time_machine.travel(self.at, tick=False)
        self.clock.start()

    def ticket(self, place):
        place %= len(self.numbers)
        return place, self.oracle.tickets[place], session.get(Ticket, self.numbers[place])

    @rule(hours=st.sampled_from([1, 11, 24, 47, 24 * 6, 24 * 7, 24 * 7 + 1, 24 * 15]), less=st.booleans())
    def wait(self, hours, less):
        self.at += hours * HOUR - timedelta(seconds=less)
        self.travel()

    @rule(place=places, words=st.sampled_from(["It still burns.", "Thanks!", "Thanks?"]), insists=st.booleans())
    def customer_writes(self, place, words, insists):
        place, _, ticket = self.ticket(place)
        thanks = words == "Thanks!"
        after = self.oracle.says(place, self.at, thanks, insists)
        message = ticket.reply(self.carla, words, insists=insists)
        if after == len(self.numbers):
            self.numbers.append(message.ticket.id)
            assert message.ticket.follow_up_of_id == ticket.id
        assert message.ticket.id == self.numbers[after]

    @rule(place=places, internal=st.booleans())
    def agent_writes(self, place, internal):
        place, paper, ticket = self.ticket(place)
        if self.oracle.status(paper) == "closed":
            with pytest.raises(TicketClosed):
                ticket.reply(self.agnes, "Done?", internal=internal)
            return
        ticket.reply(self.agnes, "Done?", internal=internal)
        paper.touch(self.at)
        if not internal:
            paper.waiting = False
            if self.oracle.status(paper) in ("new", "open") and self.oracle.first_with("answered"):
                paper.go(self.oracle.first_with("answered"), self.at, self.oracle.folded)

    @rule(place=places, stage=st.sampled_from(STAGES))
    def move(self, place, stage):
        place, paper, ticket = self.ticket(place)
        target = next(one for one in self.team.stages if one.name == stage)
        if stage != paper.stage and paper.stage in self.oracle.folded and stage in self.oracle.folded:
            with pytest.raises(TicketClosed):
                ticket.move_to(target, by=self.agnes)
            return
        ticket.move_to(target, by=self.agnes)
        paper.go(stage, self.at, self.oracle.folded)

    @rule(place=places)
    def close(self, place):
        place, paper, ticket = self.ticket(place)
        ticket.close(by=self.agnes, why="Enough")
        if self.oracle.status(paper) != "closed":
            paper.go(self.oracle.target, self.at, self.oracle.folded)

    @rule(place=places)
    def reopen(self, place):
        place, paper, ticket = self.ticket(place)
        ticket.reopen(by=self.agnes)
        if self.oracle.status(paper) == "closed":
            paper.go(self.oracle.open_stage(), self.at, self.oracle.folded)

    @rule(place=places)
    def customer_closes(self, place):
        place, paper, ticket = self.ticket(place)
        status = self.oracle.status(paper)
        if status != "closed" and not (self.oracle.offered or status == "resolved"):
            with pytest.raises(ClosureNotOffered):
                ticket.close_by_customer(self.carla)
            return
        ticket.close_by_customer(self.carla)
        if status != "closed":
            paper.go(self.oracle.target, self.at, self.oracle.folded, how="customer")

    @rule(place=places)
    def note_attempt(self, place):
        _, paper, ticket = self.ticket(place)
        ticket.note_attempt(self.agnes, "call", "no_answer")
        paper.touch(self.at)

    @rule(place=places, never=st.booleans())
    def spare(self, place, never):
        _, paper, ticket = self.ticket(place)
        if self.oracle.status(paper) == "closed":
            with pytest.raises(TicketClosed):
                ticket.edit(self.agnes, never_auto_close=never)
            return
        ticket.edit(self.agnes, never_auto_close=never)
        if never != paper.never:
            paper.never = never
            paper.touch(self.at)

    @rule()
    def fold_or_unfold_resolved(self):
        stage = next(one for one in self.team.stages if one.name == "Resolved")
        fold = "Resolved" not in self.oracle.folded
        stage.fold(fold, by=self.agnes)
        (self.oracle.folded.add if fold else self.oracle.folded.remove)("Resolved")
        for paper in self.oracle.tickets:
            if paper.stage == "Resolved":
                paper.closed_at, paper.touched = (self.at if fold else None), True
                paper.how, paper.told = ("agent" if fold else None), 0
                if not fold:
                    paper.touch(self.at)  # open again: a new spell begins

    @rule(
        on=st.booleans(), days=st.sampled_from([1, 7, 8]), spare=st.booleans(), offered=st.booleans(),
        remind=st.sampled_from([None, 1, 2, 7]), watched=st.sets(st.sampled_from(STAGES[:4]), max_size=2),
    )  # fmt: skip
    def settings(self, on, days, spare, offered, remind, watched):
        told = self.oracle
        told.on, told.days, told.spare, told.offered, told.remind, told.watched = (
            on,
            days,
            spare,
            offered,
            remind,
            watched,
        )
        team = self.team
        team.auto_close, team.auto_close_days, team.spare_waiting = on, days, spare
        team.closure_by_customers, team.remind_days_before = offered, remind
        team.auto_close_in = [stage for stage in team.stages if stage.name in watched]

    @rule()
    def sweep(self):
        expected = self.oracle.to_close(self.at) if self.oracle.on else []
        listed = [one.ticket.id for one in self.team.verdicts(self.at) if one.action == "close"]
        assert not self.oracle.on or sorted(listed) == sorted(self.numbers[place] for place in expected)
        done = 0
        while count := close_due_batch(self.at, limit=2):
            session.commit()
            done += count
        assert done == len(expected)
        if expected:
            going_on = bool(self.oracle.run) and self.oracle.run_at == (self.at, self.oracle.target)
            before = self.oracle.run if going_on else {}
            self.oracle.run_at = (self.at, self.oracle.target)
            self.oracle.run = before | {place: replace(self.oracle.tickets[place]) for place in expected}
        for place in expected:
            paper, reminded = self.oracle.tickets[place], self.oracle.tickets[place].reminded
            paper.stage, paper.active, paper.closed_at, paper.touched = self.oracle.target, self.at, self.at, False
            paper.reminded, paper.how, paper.told = reminded, "automatic", 1

    @rule()
    def undo(self):
        """The last run, if it is not undone: what nobody touched comes back as it was."""
        latest = batches_of(self.team, limit=1)
        if not latest or latest[0].undone_at or not self.oracle.run:
            return
        back = [
            place for place, was in self.oracle.run.items()
            if not self.oracle.tickets[place].touched and self.oracle.tickets[place].stage == self.oracle.run_at[1]
        ]  # fmt: skip
        assert latest[0].restorable() == len(back)
        assert latest[0].undo(by=self.agnes) == len(back)
        for place in back:
            was = self.oracle.run[place]
            if was.stage in self.oracle.folded:
                was.stage = self.oracle.open_stage()
            self.oracle.tickets[place] = was
        self.oracle.on, self.oracle.run = False, {}

    @rule()
    def remind(self):
        expected = self.oracle.to_remind(self.at) if self.oracle.on else []
        assert sum(iter(lambda: remind_due_batch(self.at, limit=2), 0)) == len(expected)
        for place in expected:
            self.oracle.tickets[place].reminded, self.oracle.tickets[place].bounced = True, False

    @rule(place=places)
    def bounce(self, place):
        """The last reminder of the ticket comes back."""
        _, paper, ticket = self.ticket(place)
        last = select(Delivery).where(Delivery.ticket_id == ticket.id, Delivery.kind == "reminder")
        if (mail := session.scalars(last.order_by(Delivery.id.desc())).first()) is not None:
            mail.state = "failed"
            paper.bounced = paper.reminded

    @invariant()
    def both_say_the_same(self):
        if not hasattr(self, "numbers"):
            return
        session.commit()
        session.expire_all()
        for number, paper in zip(self.numbers, self.oracle.tickets, strict=True):
            ticket = session.get(Ticket, number)
            real = (
                ticket.stage.name,
                ticket.last_activity_at,
                ticket.waiting_since is not None,
                ticket.never_auto_close,
            )
            assert real == (paper.stage, paper.active, paper.waiting, paper.never), number
            assert (ticket.reminded_at is not None) == paper.reminded
            assert (ticket.closing is not None) == ticket.closed == (paper.stage in self.oracle.folded)
            closing = (ticket.closing.at, ticket.closing.how) if ticket.closed else (None, None)
            assert closing == (paper.closed_at, paper.how)
            assert ticket.closes_at == self.oracle.closes_at(paper)
        self.no_mail_contradicts_the_state()
        for at in (self.at, self.at + 8 * DAY):
            said = {one.ticket.id: one.why if one.action == "spare" else "close" for one in self.team.verdicts(at)}
            expected = {
                n: v
                for n, p in zip(self.numbers, self.oracle.tickets, strict=True)
                if (v := self.oracle.verdict(p, at))
            }
            assert said == expected

    def no_mail_contradicts_the_state(self):
        """Nothing waits that says of an open ticket that it is closed; a run told each customer once (R-CLOSE-5)."""
        closed = select(Delivery.ticket_id, Delivery.event_id).join(Event, Event.id == Delivery.event_id)
        closed = closed.where(Event.kind == "closed", Delivery.kind == "stage", Delivery.state == "queued")
        waiting = session.execute(closed).all()
        assert len(waiting) == len(set(waiting))
        for number, paper in zip(self.numbers, self.oracle.tickets, strict=True):
            told = sum(ticket_id == number for ticket_id, _ in waiting)
            assert told == paper.told, number


def test_random_lives_of_tickets_follow_the_oracle(app, request):
    full = request.config.getoption("--full")
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=150 if full else 8, stateful_step_count=40 if full else 25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
