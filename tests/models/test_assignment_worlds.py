"""R-ASSIGN against an oracle in plain Python, on random weeks of a team; ``--full`` plays 1,000 on each database."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Company, Contact, TimeOff, User, make_team, open_ticket, session
from models.assignment import assign_due_batch
from models.base import db

PARIS = ZoneInfo("Europe/Paris")
HALF_HOUR = timedelta(minutes=30)
PEOPLE = 4
# Mondays of ordinary weeks, and of those in which the clocks change.
MONDAYS = [date(2026, 3, 23), date(2026, 6, 1), date(2026, 10, 19), date(2026, 12, 21)]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = [
    {day: [["09:00", "17:00"]] for day in DAYS[:5]},
    {day: [["08:00", "12:00"], ["13:30", "18:00"]] for day in DAYS[:4]},
    {day: [["00:00", "24:00"]] for day in DAYS},
    {"sun": [["01:00", "04:00"]]},
]

half_hours = st.integers(0, 48 * 9)
person = st.integers(0, PEOPLE - 1)
step = st.one_of(
    st.tuples(st.just("arrive"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.integers(1, 60)),
    st.tuples(st.just("assign"), st.none()),
    st.tuples(st.just("assign"), st.none()),
    st.tuples(st.just("close"), st.integers(0, 30)),
    st.tuples(st.just("by hand"), st.tuples(st.integers(0, 30), person)),
    st.tuples(st.just("members"), st.sets(person, max_size=PEOPLE)),
    st.tuples(st.just("method"), st.sampled_from(["equal_total", "equal_open"])),
    st.tuples(st.just("takes"), st.tuples(person, st.booleans())),
    st.tuples(st.just("takes"), st.tuples(person, st.just(True))),
)
week = st.fixed_dictionaries(
    {
        "monday": st.sampled_from(MONDAYS),
        "start": st.integers(0, 48 * 6),
        "hours": st.sampled_from(HOURS),
        "holidays": st.sets(st.integers(0, 8), max_size=2),
        "absences": st.lists(st.tuples(person, half_hours, st.integers(1, 48 * 4)), max_size=4),
        "method": st.sampled_from(["equal_total", "equal_open"]),
        # tickets that somebody was given before: to whom, how many half hours ago, and whether they are open still
        "late": st.sets(person, max_size=2),  # who takes no tickets at first
        "past": st.lists(st.tuples(person, st.integers(1, 99), st.booleans()), max_size=8),
        "steps": st.lists(step, min_size=3, max_size=14),
    }
)


@dataclass
class Oracle:
    """The text of R-ASSIGN, in half hours and lists."""

    hours: dict
    holidays: set
    absences: list  # (person, from, to)
    method: str
    taking: set
    members: dict = field(default_factory=dict)  # person: head start
    known: dict = field(default_factory=dict)  # the same of those who share a team without members, once it was shared
    tickets: list = field(default_factory=list)  # [person or None, open, given at]

    def works(self, at) -> bool:
        local = at.astimezone(PARIS)
        if local.date() in self.holidays:
            return False
        clock = local.strftime("%H:%M")
        return any(start <= clock < end for start, end in self.hours.get(DAYS[local.weekday()], []))

    def free_from(self, who, at):
        for _ in range(48 * 30):
            away = any(start <= at < end for one, start, end in self.absences if one == who)
            if not away and self.works(at):
                return at
            at += HALF_HOUR
        raise AssertionError("every week of these worlds has working hours")

    def count(self, who, method=None):
        mine = [ticket for ticket in self.tickets if ticket[0] == who]
        if (method or self.method) == "equal_open":
            return sum(ticket[1] for ticket in mine)
        return len(mine) + (self.members or self.known).get(who, 0)

    def last(self, who):
        return max((ticket[2] for ticket in self.tickets if ticket[0] == who), default=datetime.min.replace(tzinfo=UTC))

    def join(self, people):
        """R-ASSIGN-2: whoever is new starts at the lowest count of the others, be they named or not (R-ASSIGN-5)."""
        before = self.members or self.known
        lowest = min((self.count(one, "equal_total") for one in before if one in people), default=0)
        given = {who: sum(ticket[0] == who for ticket in self.tickets) for who in people}
        return {who: before[who] if who in before else max(0, lowest - given[who]) for who in people}

    def name(self, people):
        if people:
            self.members = self.join(people)
        elif self.members:
            self.known, self.members = self.members, {}

    def assign(self, at):
        waiting = [ticket for ticket in self.tickets if ticket[0] is None and ticket[1]]
        if waiting and not self.members:
            self.known = self.join(self.taking)
        for ticket in waiting:
            if people := set(self.members or range(PEOPLE)) & self.taking:
                free = {who: self.free_from(who, at) for who in people}
                soonest = [who for who in people if free[who] == min(free.values())]
                ticket[0] = min(soonest, key=lambda who: (self.count(who), self.last(who), who))
                ticket[2] = at


class Week:
    def __init__(self, plan):
        monday = plan["monday"]
        midnight = datetime.combine(monday, datetime.min.time(), UTC)
        self.now = midnight + plan["start"] * HALF_HOUR
        holidays = {monday + timedelta(days=day) for day in plan["holidays"]}
        absences = [
            (who, midnight + start * HALF_HOUR, midnight + (start + long) * HALF_HOUR)
            for who, start, long in plan["absences"]
        ]
        days = sorted(day.isoformat() for day in holidays)
        company = Company(name="Acme", timezone="Europe/Paris", working_hours=plan["hours"], holidays=days)
        self.people = [
            User(contact=Contact(email=f"p{n}@x.example"), companies=[company], role="agent") for n in range(PEOPLE)
        ]
        for user in self.people:  # one after the other: the oracle's order is that of the ids
            session.add(user)
            session.flush()
        for who, start, end in absences:
            self.people[who].time_off.append(TimeOff(starts_at=start, ends_at=end))
        self.team = make_team("Support", "support", company, auto_assign=plan["method"])
        self.customer = Contact(email="carla@x.example")
        self.tickets = []
        self.oracle = Oracle(plan["hours"], holidays, absences, plan["method"], set(range(PEOPLE)))
        self.remember(plan["past"])
        for who in plan["late"]:
            self.takes((who, False))

    def remember(self, past):
        present = self.now
        for who, ago, still_open in past:
            self.now = present - ago * HALF_HOUR
            self.arrive(1)
            place = len(self.tickets) - 1
            by = self.people[who - 1].contact
            self.tickets[place].assign_to(self.people[who], by=by, at=self.now)
            self.oracle.tickets[place] = [who, True, self.now]
            if not still_open:
                self.close(place)
        self.now = present

    def take(self, kind, value):
        getattr(self, kind.replace(" ", "_"))(value)
        session.flush()

    def arrive(self, number):
        for _ in range(number):
            self.tickets.append(open_ticket(self.team, self.customer, "Help", "…", at=self.now))
            self.oracle.tickets.append([None, True, None])

    def wait(self, number):
        self.now += number * HALF_HOUR

    def assign(self, _):
        while assign_due_batch(self.now):
            session.flush()
        self.oracle.assign(self.now)
        given = [ticket.assignee and self.people.index(ticket.assignee) for ticket in self.tickets]
        assert given == [ticket[0] for ticket in self.oracle.tickets]

    def close(self, place):
        if place < len(self.tickets) and self.oracle.tickets[place][1]:
            self.tickets[place].close(at=self.now)
            self.oracle.tickets[place][1] = False

    def by_hand(self, value):
        place, who = value
        possible = place < len(self.tickets) and who in self.oracle.taking
        if possible and self.oracle.tickets[place][1] and self.oracle.tickets[place][0] != who:
            self.tickets[place].assign_to(self.people[who], by=self.people[0].contact, at=self.now)
            self.oracle.tickets[place][0] = who
            self.oracle.tickets[place][2] = self.now

    def members(self, people):
        able = people & self.oracle.taking
        self.team.set_members([self.people[who] for who in able])
        self.oracle.name(able)

    def takes(self, value):
        who, takes = value
        self.people[who].takes_tickets = takes
        (self.oracle.taking.add if takes else self.oracle.taking.discard)(who)

    def method(self, method):
        self.team.auto_assign = self.oracle.method = method


@pytest.fixture
def weeks(app, request):
    @settings(
        max_examples=1000 if request.config.getoption("--full") else 60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(week)
    def run(plan):
        with db.engine.begin_nested() as savepoint:
            played = Week(plan)
            for one in [*plan["steps"], ("assign", None)]:
                played.take(*one)
            session.remove()
            savepoint.rollback()

    return run


def test_every_ticket_goes_to_whom_the_rules_name(weeks):
    weeks()
