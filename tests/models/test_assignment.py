"""R-ASSIGN: one assignee, fair, deterministic, with its reason."""

from datetime import UTC, datetime, timedelta

import pytest

from models import TimeOff, open_ticket, session
from models.assignment import CannotBeAssigned, assign_due_batch
from models.company import OFFICE_HOURS

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def rule(team, agnes, arthur):
    team.auto_assign = "equal_open"
    session.commit()
    return team


@pytest.fixture
def arrive(team, carla):
    def arrivals(number, at=MONDAY_NOON):
        tickets = [
            open_ticket(team, carla, f"Request {place}", "…", at=at + timedelta(seconds=place))
            for place in range(number)
        ]
        session.commit()
        return tickets

    return arrivals


def assign(at=MONDAY_NOON + timedelta(hours=1)):
    while assign_due_batch(at):
        session.commit()


def names(tickets):
    return [str(ticket.assignee) for ticket in tickets]


def test_tickets_are_spread_evenly_oldest_first(rule, arrive):
    tickets = arrive(5)
    assign()

    assert names(tickets) == ["Agnes", "Arthur", "Agnes", "Arthur", "Agnes"]


def test_equal_open_counts_only_open_tickets(rule, arrive, agnes):
    first = arrive(2)
    assign()
    first[0].close(by=agnes.contact)
    session.commit()

    [third] = arrive(1)
    assign()

    assert third.assignee is agnes


def test_equal_total_counts_closed_tickets_too(rule, arrive, agnes, arthur):
    rule.auto_assign = "equal_total"
    for ticket in arrive(2):
        ticket.assign_to(agnes, by=arthur.contact, at=MONDAY_NOON)
        ticket.close(by=agnes.contact)
    session.commit()

    tickets = arrive(2)
    assign()

    assert names(tickets) == ["Arthur", "Arthur"]


def test_a_later_member_starts_at_the_lowest_count_of_the_others(rule, arrive, agnes, arthur, person):
    rule.auto_assign = "equal_total"
    rule.set_members([agnes, arthur])
    arrive(6)
    assign()

    rule.set_members([agnes, arthur, person("Nadia")])
    session.commit()
    tickets = arrive(3, at=MONDAY_NOON + timedelta(hours=2))
    assign(MONDAY_NOON + timedelta(hours=3))

    assert sorted(names(tickets)) == ["Agnes", "Arthur", "Nadia"]


def test_where_nobody_is_named_a_newcomer_starts_at_the_lowest_count_of_the_others_too(
    rule, arrive, agnes, arthur, person
):
    """R-ASSIGN-2 with R-ASSIGN-5; naming members and taking the names back changes nothing of it."""
    rule.auto_assign, hour = "equal_total", timedelta(hours=1)
    arrive(6)
    assign()
    everybody = ["Agnes", "Arthur", "Nadia"]
    nadia = person("Nadia")
    late = arrive(3)
    assert sorted(str(one.user) for one in rule.decide(MONDAY_NOON + hour)) == everybody  # before it is done
    assign()
    assert sorted(names(late)) == everybody
    for later, members in enumerate(([agnes, arthur, nadia], []), start=2):
        rule.set_members(members)
        late = arrive(3)
        assign(MONDAY_NOON + later * hour)
        assert sorted(names(late)) == everybody


def test_a_tie_goes_to_whoever_was_given_a_ticket_longest_ago(rule, arrive, agnes, arthur):
    late, early = arrive(2)
    late.assign_to(agnes, by=arthur.contact, at=MONDAY_NOON)
    early.assign_to(arthur, by=agnes.contact, at=MONDAY_NOON - timedelta(days=1))
    session.commit()

    [ticket] = arrive(1)
    assign()

    assert ticket.assignee is arthur


def test_who_is_away_is_passed_over_and_the_history_says_so(rule, arrive, agnes, arthur):
    agnes.time_off = [TimeOff(starts_at=MONDAY_NOON - timedelta(days=1), ends_at=MONDAY_NOON + timedelta(days=7))]
    tickets = arrive(3)
    assign()

    assert names(tickets) == ["Arthur"] * 3
    assert tickets[0].events[-1].why == (
        "equal_open: arthur@acme.example 0; away: agnes@acme.example until 2026-11-30T12:00:00Z"
    )


def test_with_nobody_there_it_looks_ahead_to_who_is_back_first(rule, arrive, agnes, arthur):
    friday_night = datetime(2026, 11, 27, 20, tzinfo=UTC)
    agnes.time_off = [TimeOff(starts_at=friday_night, ends_at=friday_night + timedelta(days=4))]
    tickets = arrive(2, at=friday_night)
    assign(friday_night + timedelta(hours=1))

    assert names(tickets) == ["Arthur", "Arthur"]
    assert "nobody now, first back at 2026-11-30T08:00:00Z" in tickets[0].events[-1].why


def test_without_anybody_ever_the_ticket_waits(rule, arrive, company):
    company.working_hours = {}
    tickets = arrive(1)
    assign()

    assert names(tickets) == ["None"]
    assert [decision.why for decision in rule.decide(MONDAY_NOON)] == ["no member will be available"]

    company.working_hours = dict(OFFICE_HOURS)
    session.commit()
    assign()
    assert names(tickets) == ["Agnes"]


def test_a_persons_choice_is_left_alone(rule, arrive, agnes, arthur):
    given, taken = arrive(2)
    given.assign_to(arthur, by=agnes.contact)
    taken.assign_to(agnes, by=agnes.contact)
    taken.assign_to(None, by=arthur.contact)
    session.commit()
    assign()

    assert names([given, taken]) == ["Arthur", "None"]


def test_only_who_takes_tickets_and_may_see_the_team_can_be_assigned(printer, team, agnes, arthur, carlas_login):
    arthur.takes_tickets = False
    team.visibility = "private"
    session.commit()

    for user in (agnes, arthur, carlas_login):
        with pytest.raises(CannotBeAssigned):
            printer.assign_to(user, by=agnes.contact)

    team.add_follower(agnes.contact)
    printer.assign_to(agnes, by=agnes.contact)
    assert printer.assignee is agnes


def test_the_assignee_follows_the_ticket(printer, agnes):
    printer.assign_to(agnes, by=agnes.contact)
    assert agnes.contact in printer.followers


@pytest.mark.parametrize(
    ("arrives", "chosen", "back"),
    [
        # Paris puts its clocks forward on 2026-03-29: Monday's 9 o'clock is 7:00 UTC, no longer 8:00.
        ("2026-03-28T10:00", "Agnes", "2026-03-30T07:00:00Z"),
        ("2026-03-30T06:59", "Agnes", "2026-03-30T07:00:00Z"),
        ("2026-03-30T07:00", "Agnes", None),
        # … and back on 2026-10-25: Monday's 9 o'clock is 8:00 UTC.
        ("2026-10-24T10:00", "Agnes", "2026-10-26T08:00:00Z"),
        ("2026-10-26T07:59", "Agnes", "2026-10-26T08:00:00Z"),
        # 14 July 2026, a Tuesday, is a holiday; Agnes takes the Wednesday too, so that Arthur is back first.
        ("2026-07-13T16:00", "Arthur", "2026-07-15T07:00:00Z"),
        ("2026-07-14T09:00", "Arthur", "2026-07-15T07:00:00Z"),
        # Over the weekend of 2026-11-28: both are back on Monday, and the rule decides between them.
        ("2026-11-27T16:00", "Agnes", "2026-11-30T08:00:00Z"),
        ("2026-11-29T23:00", "Agnes", "2026-11-30T08:00:00Z"),
    ],
)
def test_looking_ahead_follows_the_clocks_and_holidays_of_paris(rule, arrive, agnes, company, arrives, chosen, back):
    company.holidays = ["2026-07-14"]
    wednesday = datetime(2026, 7, 14, 22, tzinfo=UTC)
    agnes.time_off = [TimeOff(starts_at=wednesday, ends_at=wednesday + timedelta(days=1))]
    at = datetime.fromisoformat(arrives).replace(tzinfo=UTC)
    [ticket] = arrive(1, at=at)
    assign(at)

    assert names([ticket]) == [chosen]
    why = ticket.events[-1].why
    assert (f"nobody now, first back at {back}" in why) if back else ("nobody now" not in why)


def test_the_ticket_says_why_this_person_until_a_person_decides(rule, arrive, agnes, arthur):
    [ticket] = arrive(1)
    assign()
    assert ticket.why_assigned == "Fewest open tickets: agnes@acme.example 0, arthur@acme.example 0"

    ticket.assign_to(arthur, by=agnes.contact, at=MONDAY_NOON + timedelta(hours=2))
    session.expire_all()
    assert ticket.why_assigned == ""


def test_working_hours_hold_over_a_clock_change(company):
    """In Paris the clocks went back on 2026-10-25: the office opened at 7:00 UTC before, at 8:00 after."""
    assert company.next_working_moment(datetime(2026, 10, 23, 0, tzinfo=UTC)).hour == 7
    assert company.next_working_moment(datetime(2026, 10, 24, 0, tzinfo=UTC)) == datetime(2026, 10, 26, 8, tzinfo=UTC)


def test_a_holiday_is_no_working_day(company):
    company.holidays = ["2026-12-25"]
    assert company.next_working_moment(datetime(2026, 12, 25, 9, tzinfo=UTC)) == datetime(2026, 12, 28, 8, tzinfo=UTC)
    week = company.working_time(datetime(2026, 12, 21, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC))
    assert week == timedelta(hours=32)
