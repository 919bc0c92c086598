"""The settings page shows what a rule would do before it is saved; runs are listed and undone (R-CLOSE-4, 4b)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Delivery, Stage, make_team, now, open_ticket, session
from models.sweep import close_due_batch

DAY = timedelta(days=1)


@pytest.fixture
def old(team, carla, agnes):
    """A ticket answered nine days ago, and one that waits for us as long."""
    tickets = []
    for subject in ("Answered", "Waiting"):
        ticket = open_ticket(team, carla, subject, "Please", at=now() - 9 * DAY)
        if subject == "Answered":
            ticket.reply(agnes.contact, "Done?", at=now() - 9 * DAY)
        tickets.append(ticket)
    session.query(Delivery).delete()
    session.commit()
    return tickets


@pytest.fixture
def settings(team):
    return f"/console/teams/{team.id}/settings"


@pytest.fixture
def preview(team):
    return f"/console/teams/{team.id}/closing/preview"


def test_the_preview_is_of_what_is_typed_and_saves_nothing(send, settings, preview, team, old):
    page = send(settings, to=preview, auto_close="y", after_days="5")

    assert page.status_code == 200
    assert "1 ticket closes right now" in page.text
    assert "closes now: no activity for 5 days" in page.text.replace("</svg>", "")
    assert "1 waiting for our answer" in page.text
    session.refresh(team)
    assert (team.auto_close, team.auto_close_days) == (False, 7)


def test_the_preview_says_where_the_rule_closes_nothing(send, settings, preview, team, old):
    """R-CLOSE-2: its stage may be one that is not folded."""
    words = "is not folded: tickets move there and stay open"
    resolved = team.first_with_status("resolved")

    page = send(settings, to=preview, auto_close="y", after_days="5", to_stage=str(resolved.id))
    assert f"The stage {resolved.name} {words}" in page.text
    assert words not in send(settings, to=preview, auto_close="y", after_days="5").text


def test_htmx_gets_the_forecast_alone(office, send, settings, preview, old):
    from tests.console.conftest import Forms

    form = next(one for one in Forms(office.get(settings).text).forms if "name" in one)
    form.setlist("auto_close", ["y"])
    part = office.post(preview, data=form, headers={"HX-Request": "true"})

    assert part.text.lstrip().startswith('<section class="forecast" id="forecast"')


def test_fields_that_make_no_sense_are_said_and_nothing_is_forecast(send, settings, preview, old):
    page = send(settings, to=preview, auto_close="y", after_days="0")

    assert 'id="after_days-error"' in page.text
    assert "First mend the fields above." in page.text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("after_days", "0"),
        ("after_days", "-1"),
        ("after_days", "10000"),
        ("after_days", "soon"),
        ("to_stage", "2000000000"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(send, settings, team, old, field, typed):
    page = send(settings, auto_close="y", **{field: typed})

    assert page.status_code == 422
    session.refresh(team)
    assert not team.auto_close


def test_saving_a_rule_that_closes_at_once_asks_first(send, settings, team, old):
    page = send(settings, auto_close="y")

    assert page.status_code == 200
    assert "Close 1 ticket at once?" in page.text
    session.refresh(team)
    assert not team.auto_close


@pytest.mark.parametrize(("backlog", "mails"), [("mail", 1), ("quiet", 0)])
def test_the_backlog_is_closed_with_or_without_mail(send, settings, team, old, backlog, mails):
    assert send(settings, auto_close="y", backlog=backlog).status_code == 303
    assert close_due_batch(now()) == 1
    session.commit()

    assert session.query(Delivery).count() == mails
    assert [ticket.closed for ticket in old] == [True, False]


def test_saving_again_what_is_saved_asks_nothing(send, settings, team, old):
    send(settings, auto_close="y", backlog="quiet")
    session.refresh(team)
    quiet = team.quiet_until

    assert send(settings, description="Other words").status_code == 303
    session.refresh(team)
    assert team.quiet_until == quiet is not None


def test_a_run_is_listed_shown_and_undone(office, send, settings, team, old, agnes):
    send(settings, auto_close="y", backlog="mail")
    second = open_ticket(team, old[0].customer, "Second", "Please", at=now() - 8 * DAY)
    second.reply(agnes.contact, "Done?", at=now() - 8 * DAY)
    session.commit()
    close_due_batch(now())
    session.commit()
    second.reopen(by=agnes.contact)
    session.commit()
    listed = office.get(f"/console/teams/{team.id}/closings")
    assert "2 tickets" in listed.text
    address = "/console/closings/" + listed.text.partition("/console/closings/")[2].partition('"')[0]
    page = office.get(address)
    assert "Undo puts 1 ticket back" in page.text
    assert "1 was touched by somebody since" in page.text

    done = office.post(f"{address}/undoing", follow_redirects=True)

    assert "1 ticket is back. 1 stays as it is: somebody touched it since." in done.text
    assert "Automatic closing of the team is switched off." in done.text
    session.expire_all()
    assert (old[0].closed, team.auto_close) == (False, False)
    assert "This run was undone before." in office.post(f"{address}/undoing", follow_redirects=True).text


def test_a_run_of_another_company_is_not_there(office, person, company, sign_in, team, old):
    from models import Batch, Company

    frida = person("Frida", role="administrator", companies=[Company(name="Globex")])
    batch = Batch(team_id=team.id, at=now(), ended_at=now(), size=1, stage_id=team.closing_stage.id)
    session.add(batch)
    session.commit()

    for address in (
        f"/console/closings/{batch.id}",
        f"/console/teams/{team.id}/closings",
        "/console/closings/2147483648",
    ):
        assert sign_in(frida).get(address).status_code == 404


def test_who_waits_longer_than_the_rules_days_is_forgotten(office, sign_in, agnes, team, old):
    board = sign_in(agnes).get(f"/console/teams/{team.id}")
    assert "1 ticket waits for our answer for 7 days or longer." in board.text

    page = sign_in(agnes).get(f"/console/teams/{team.id}/forgotten")
    assert "Waiting" in page.text and "Answered" not in page.text


def test_a_target_of_another_team_is_refused(send, settings, company, team):
    other = make_team("Billing", "billing", company)
    foreign = Stage(name="Archive", folded=True, position=9, teams=[other])
    session.add(foreign)
    session.commit()

    assert send(settings, auto_close="y", to_stage=foreign.id).status_code == 422
    assert session.scalar(select(Stage.id).where(Stage.name == "Archive")) == foreign.id
