"""R-CLOSE-2 to 5: the rule of a team, what it leaves alone, and its forecast."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import Delivery, Event, Stage, Ticket, make_team, now, open_ticket, session
from models.closing_rule import NEVER, UNREMINDED, WAITING, ClosingRule, Forecast
from models.sweep import close_due_batch, remind_due_batch
from models.templates_shipped import RATING_REQUEST, shipped

DAY = timedelta(days=1)


@pytest.fixture
def rule(team):
    team.auto_close = True
    session.commit()
    return team


@pytest.fixture
def answered(printer, agnes):
    printer.reply(agnes.contact, "Take the extinguisher.")
    session.commit()
    return printer


def test_the_defaults_are_the_first_folded_stage_seven_days_and_every_unfolded_stage(team):
    rule = team.closing_rule

    assert (rule.target.name, rule.days, rule.spare_waiting) == ("Closed", 7, True)
    assert [stage.name for stage in rule.watched] == ["New", "In progress", "Customer feedback", "Resolved"]


def test_without_a_folded_stage_the_last_one_is_the_target_and_not_watched(team):
    team.closing_stage.folded = False

    assert team.closing_rule.target.name == "Closed"
    assert "Closed" not in [stage.name for stage in team.closing_rule.watched]


def test_a_target_that_is_no_longer_of_the_team_gives_way_to_the_default(rule, team):
    gone = Stage(name="Archive", folded=True, position=9)
    team.stages.append(gone)
    team.auto_close_stage = gone
    session.commit()
    assert team.closing_rule.target is gone

    gone.delete()
    session.commit()
    assert (team.auto_close, team.closing_rule.target.name) == (True, "Closed")


def test_a_rule_whose_only_watched_stage_goes_is_switched_off_instead_of_watching_all(rule, team, answered):
    waiting = team.first_with_status("answered")
    team.auto_close_in = [waiting]
    session.commit()

    waiting.delete(takes=team.first_stage)
    session.commit()

    assert (team.auto_close, team.auto_close_in) == (False, [])
    assert close_due_batch(now() + 100 * DAY) == 0


def test_a_rule_that_watches_only_folded_stages_closes_nothing(rule, team, answered):
    team.auto_close_in = [answered.stage]
    answered.stage.folded = True
    session.commit()

    assert close_due_batch(now() + 100 * DAY) == 0


def test_another_team_of_the_same_stages_is_left_alone(rule, company, carla, agnes):
    other = make_team("Billing", "billing", company)
    ticket = open_ticket(other, carla, "Refund", "Please")
    ticket.reply(agnes.contact, "Done")
    session.commit()

    assert close_due_batch(now() + 100 * DAY) == 0


def test_days_count_24_hours_across_the_change_of_clocks(rule, carla, agnes):
    before = datetime(2026, 3, 28, 10, 30, tzinfo=UTC)  # the night after, Paris loses an hour
    ticket = open_ticket(rule, carla, "Spring", "Please", at=before)
    ticket.reply(agnes.contact, "Done", at=before)
    session.commit()

    assert close_due_batch(before + 7 * DAY - timedelta(seconds=1)) == 0
    assert close_due_batch(before + 7 * DAY) == 1


@pytest.fixture
def reminded(rule, answered):
    """Carla was told two days before that her ticket will close."""
    rule.remind_days_before = 2
    session.commit()
    assert remind_due_batch(answered.last_activity_at + 5 * DAY) == 1
    session.commit()
    return answered


def reminder(ticket) -> Delivery:
    return session.scalars(select(Delivery).where(Delivery.kind == "reminder").order_by(Delivery.id.desc())).first()


def test_a_reminder_is_mailed_once_in_a_spell(reminded):
    assert remind_due_batch(reminded.last_activity_at + 6 * DAY) == 0
    assert (reminder(reminded).contact, reminder(reminded).state) == (reminded.customer, "queued")
    assert [event.kind for event in reminded.events].count("reminded") == 1


def test_a_new_spell_is_reminded_of_anew(reminded, agnes):
    later = reminded.last_activity_at + 6 * DAY
    reminded.reply(agnes.contact, "Any news?", at=later)
    session.commit()

    assert remind_due_batch(later + 5 * DAY) == 1


@pytest.mark.parametrize("how", [{"state": "failed"}, {"state": "sent", "bounced_at": now()}])
def test_a_reminder_that_bounced_prevents_the_closing_and_says_so(reminded, rule, how):
    """Refused at once by the mail server, or taken and sent back later."""
    for name, value in how.items():
        setattr(reminder(reminded), name, value)
    session.commit()
    at = reminded.last_activity_at + 8 * DAY

    assert close_due_batch(at) == 0
    assert [(verdict.action, verdict.why) for verdict in rule.verdicts(at)] == [("spare", UNREMINDED)]
    assert (reminded.reminder_failed, reminded.closes_at) == (True, None)


def test_a_reminder_that_bounced_in_an_earlier_spell_prevents_nothing(reminded, agnes):
    reminder(reminded).state = "failed"
    later = reminded.last_activity_at + 6 * DAY
    reminded.reply(agnes.contact, "Any news?", at=later)
    session.commit()
    remind_due_batch(later + 5 * DAY)
    session.commit()

    assert close_due_batch(later + 7 * DAY) == 1


def test_nobody_is_told_that_a_ticket_closes_which_only_moves_to_an_unfolded_stage(rule, answered):
    rule.closing_stage.folded, rule.remind_days_before = False, 2
    session.commit()

    assert remind_due_batch(answered.last_activity_at + 6 * DAY) == 0
    assert close_due_batch(answered.last_activity_at + 7 * DAY) == 1


def test_a_reminder_as_long_before_as_the_rule_has_days_is_none(rule, answered):
    rule.auto_close_days, rule.remind_days_before = 3, 3
    session.commit()

    assert remind_due_batch(answered.last_activity_at + DAY) == 0


def test_nobody_is_asked_for_a_rating_after_an_automatic_closing(rule, answered):
    """R-RATE-1: the closing mail says that nobody wrote, and asks nothing."""
    rule.closing_stage.email_template = shipped(RATING_REQUEST)
    session.commit()
    close_due_batch(now() + 8 * DAY)
    session.commit()

    mails = session.scalars(select(Delivery).where(Delivery.kind == "stage").order_by(Delivery.id)).all()
    assert mails[-1].template.name == "Closed for inactivity"


def test_the_sms_of_the_target_stage_goes_to_who_has_a_phone(rule, answered):
    from models import Template

    rule.closing_stage.sms_template = Template(name="Closed SMS", channel="sms", body={"en": "Closed."})
    answered.customer.phone = "+33612345678"
    session.commit()
    close_due_batch(now() + 8 * DAY)
    session.commit()

    sms = session.scalars(select(Delivery).where(Delivery.channel == "sms")).one()
    assert (sms.address, sms.kind) == ("+33612345678", "stage")


def test_the_backlog_can_be_closed_without_mail_and_later_closings_are_mailed(rule, answered, team, carla, agnes):
    at = answered.last_activity_at + 8 * DAY
    rule.quiet_until = at
    fresh = open_ticket(team, carla, "Later", "Please", at=at - 7 * DAY + timedelta(minutes=1))
    fresh.reply(agnes.contact, "Done", at=at - 7 * DAY + timedelta(minutes=1))
    session.query(Delivery).delete()
    session.commit()

    assert close_due_batch(at + timedelta(minutes=2)) == 2
    session.commit()
    assert session.scalars(select(Delivery.ticket_id)).all() == [fresh.id]
    assert (answered.closed, fresh.closed) == (True, True)


def test_closes_at_is_what_the_rule_does(rule, answered, agnes):
    assert answered.closes_at == answered.last_activity_at + 7 * DAY

    answered.edit(agnes.contact, never_auto_close=True)
    assert answered.closes_at is None


def test_what_a_person_does_is_an_activity_and_what_the_system_does_is_none(rule, answered, agnes):
    """R-CLOSE-3: adding a follower is a change made by a person; a delivery or an event of a rule is not."""
    later = now() + DAY
    answered.record("reminded", at=later)
    assert answered.last_activity_at < later

    answered.record("followed", by=agnes.contact, to="x@client.example", at=later)
    assert answered.last_activity_at == later


def test_forgotten_are_those_who_wait_for_us_longer_than_the_days_of_the_rule(rule, printer, team):
    since = printer.waiting_since

    def forgotten(at):
        return session.scalars(select(Ticket).where(team.forgotten(at))).all()

    assert forgotten(since + 7 * DAY - timedelta(seconds=1)) == []
    assert forgotten(since + 7 * DAY) == [printer]
    printer.close(why="No")
    assert forgotten(since + 7 * DAY) == []


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def desk(rule, carla, agnes):
    """Tickets whose last activity was so many hours before NOON, less the seven days: due then."""

    def at(hours, asks=False, **changes):
        moment = NOON - 7 * DAY + timedelta(hours=hours)
        ticket = open_ticket(rule, carla, f"Due in {hours} h", "Please", at=moment)
        if not asks:
            ticket.reply(agnes.contact, "Done?", at=moment)
        for name, value in changes.items():
            setattr(ticket, name, value)
        session.commit()
        return ticket

    return at


def test_the_forecast_counts_now_and_each_day_of_the_companys_zone(rule, desk):
    desk(-30), desk(0), desk(5), desk(12), desk(24), desk(14 * 24), desk(15 * 24)

    told = Forecast.made(rule.closing_rule, NOON, "Europe/Paris")

    assert told.now == 2
    assert [day.closes for day in told.days[:3]] == [1, 2, 0]  # in Paris it is 13:00: 12 h later is tomorrow
    assert (str(told.days[0].day), str(told.days[14].day), told.days[14].closes) == ("2026-11-20", "2026-12-04", 1)
    assert told.soon == 4


def test_the_forecast_says_what_it_leaves_out_and_why(rule, desk):
    desk(-2, asks=True), desk(-3, never_auto_close=True), desk(-4, asks=True, never_auto_close=True), desk(-1)

    told = Forecast.made(rule.closing_rule, NOON, "Europe/Paris")

    assert (told.now, told.spared) == (1, {NEVER: 2, WAITING: 1})
    assert [(one.action, one.why) for one in told.listed] == [
        ("close", "inactive for 7 days"), ("spare", NEVER), ("spare", NEVER), ("spare", WAITING),
    ]  # fmt: skip


def test_what_closes_is_listed_however_much_is_older_and_left_alone(rule, desk, monkeypatch):
    monkeypatch.setattr("models.closing_rule.MOST_LISTED", 2)
    desk(-5, asks=True), desk(-4, asks=True), desk(-3, asks=True)
    closes, later = desk(-2), desk(30)

    told = Forecast.made(rule.closing_rule, NOON, "UTC")

    assert [one.action for one in told.listed] == ["close", "close", "spare", "spare"]
    assert [one.ticket for one in told.listed[:2]] == [closes, later]


def test_a_rule_that_is_only_typed_is_forecast_without_being_saved(rule, desk):
    ticket = desk(-1, asks=True)
    typed = ClosingRule.of(rule, days=3, spare_waiting=False, in_stages=[rule.first_stage])

    assert [one.ticket for one in typed.verdicts(NOON)] == [ticket]
    assert Forecast.made(rule.closing_rule, NOON, "UTC").now == 0
    assert session.query(Event).where(Event.kind == "closed").count() == 0
