"""Team settings: what can be typed, what is refused, and what leaving *public* takes away."""

import pytest
from sqlalchemy import select

from models import Company, Contact, Stage, Team, TeamAddress, make_team, session


@pytest.fixture
def settings(team):
    return f"/console/teams/{team.id}/settings"


def stage(name):
    return session.scalar(select(Stage).where(Stage.name == name))


def test_every_setting_is_kept(team, settings, send, agnes):
    closing, waiting = stage("Closed"), stage("Customer feedback")
    words = {"name": "First line", "slug": "first-line", "description": "Ask us.", "address": "Help@Acme.example"}
    access = {"visibility": "company", "confirmed": "1", "auto_assign": "equal_open", "members": [agnes.id]}
    rule = {"auto_close": "y", "to_stage": closing.id, "after_days": "14", "in_stages": [waiting.id]}
    rule |= {"spare_waiting": None, "remind_days_before": "3", "follow_conversation": None}
    customers = {"closure_by_customers": "y", "reopen_days": "30", "ask_rating": "y", "publish_ratings": "y"}
    answer = send(settings, **words, **access, **rule, **customers)

    assert answer.status_code == 303
    session.refresh(team)
    assert (team.name, team.slug, team.description, team.address) == (
        "First line",
        "first-line",
        "Ask us.",
        "help@acme.example",
    )
    assert (team.visibility, team.auto_assign, team.members) == ("company", "equal_open", [agnes])
    assert not team.follow_conversation and not team.spare_waiting
    assert (team.auto_close, team.auto_close_stage, team.auto_close_days) == (True, closing, 14)
    assert (team.auto_close_in, team.remind_days_before, team.reopen_days) == ([waiting], 3, 30)
    assert team.closure_by_customers and team.ask_rating and team.publish_ratings
    assert agnes.contact in team.followers


def test_saving_without_a_change_changes_nothing(team, settings, send):
    before = {column.key: getattr(team, column.key) for column in Team.__table__.columns}

    assert send(settings).status_code == 303
    session.refresh(team)
    assert {column.key: getattr(team, column.key) for column in Team.__table__.columns} == before
    assert len(team.stages) == 5


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""), ("slug", "Über uns"), ("slug", "billing"),
        ("address", "billing@desk.example"), ("address", "not an address"),
        ("after_days", "0"), ("after_days", "2.5"), ("after_days", "soon"), ("after_days", "3651"), ("after_days", ""),
        ("reopen_days", "-1"), ("remind_days_before", "7"), ("remind_days_before", "0"), ("visibility", "secret"),
        ("auto_assign", "random"), ("company", "2000000000"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(team, settings, send, company, field, typed):
    make_team("Billing", "billing", company)
    session.commit()
    page = send(settings, **{field: typed, "description": "typed before"})

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text and "typed before" in page.text
    session.refresh(team)
    assert (team.slug, team.auto_close_days, team.description) == ("support", 7, "We help.")


def test_the_target_is_a_stage_of_this_team_and_not_among_the_watched(team, settings, send):
    foreign = Stage(name="Elsewhere", position=9)
    session.add(foreign)
    session.commit()
    closed, resolved = stage("Closed"), stage("Resolved")

    for to, watched in ((foreign.id, []), (resolved.id, [resolved.id])):
        page = send(settings, auto_close="y", to_stage=to, in_stages=watched)
        assert page.status_code == 422 and 'id="to_stage-error"' in page.text
    page = send(settings, in_stages=[closed.id])
    assert page.status_code == 422 and 'id="in_stages-error"' in page.text


def test_the_default_target_is_named(settings, office):
    assert "Closed (the default" in office.get(settings).text


def test_leaving_public_asks_first_and_says_how_many(team, settings, send, office, printer, carlas_login):
    team.add_follower(carlas_login.contact)
    session.commit()
    assert "1 portal user" in office.get(settings).text

    page = send(settings, visibility="private", name="Hidden team")
    assert page.status_code == 200 and "1 portal user" in page.text and 'name="confirmed"' in page.text
    session.refresh(team)
    assert (team.visibility, team.name) == ("public", "Support")

    answer = send(settings, visibility="private", name="Hidden team", confirmed="1")
    assert answer.status_code == 303
    session.refresh(team)
    assert (team.visibility, team.name) == ("private", "Hidden team")
    assert carlas_login.contact not in team.followers


def test_a_stage_with_tickets_goes_only_when_another_one_takes_them(team, settings, send, printer):
    new, progress = stage("New"), stage("In progress")
    rest = [one.id for one in team.stages if one is not new]

    page = send(settings, stages=rest)
    assert page.status_code == 422 and 'id="takes-error"' in page.text and "1 ticket stands in New" in page.text
    page = send(settings, stages=rest, takes=new.id)
    assert page.status_code == 422

    assert send(settings, stages=rest, takes=progress.id).status_code == 303
    session.refresh(team)
    session.refresh(printer)
    assert new not in team.stages and printer.stage is progress


def test_a_team_keeps_a_stage(settings, send):
    page = send(settings, stages=[])

    assert page.status_code == 422 and 'id="stages-error"' in page.text


def test_a_member_works_for_the_company_of_the_team(team, settings, send, ada, person):
    other = Company(name="Other")
    ada.companies.append(other)
    outsider = person("Oscar", companies=[other])
    page = send(settings, members=[outsider.id])

    assert page.status_code == 422 and "oscar@acme.example" in page.text
    session.refresh(team)
    assert team.members == []


def test_followers_come_and_go(team, office):
    office.post(f"/console/teams/{team.id}/followers", data={"email": "Paula@Partner.example"})
    paula = Contact.by_email("paula@partner.example")
    assert team.followers == [paula]

    office.post(f"/console/teams/{team.id}/followers/{paula.id}/removal")
    assert team.followers == []


def test_a_wrong_address_is_said_where_it_was_typed(team, office):
    page = office.post(f"/console/teams/{team.id}/followers", data={"email": "paula"})

    assert page.status_code == 422 and 'id="follower-error"' in page.text and 'value="paula"' in page.text


def test_who_may_never_see_a_team_cannot_follow_it(team, office, carlas_login, person):
    person("Oscar", companies=[Company(name="Other")])
    team.visibility = "company"
    session.commit()

    for email in ("oscar@acme.example", carlas_login.email):
        assert office.post(f"/console/teams/{team.id}/followers", data={"email": email}).status_code == 422
    assert team.followers == []


def test_a_member_stays_a_follower(team, office, agnes):
    team.set_members([agnes])
    session.commit()
    page = office.post(f"/console/teams/{team.id}/followers/{agnes.contact_id}/removal", follow_redirects=True)

    assert "is a member of the team" in page.text
    assert agnes.contact in team.followers


def test_a_new_team_brings_its_pipeline_and_address(office, company):
    session.commit()
    answer = office.post(
        "/console/teams/new", data={"name": "Billing & Co", "slug": "", "company": company.id, "visibility": "private"}
    )
    team = session.scalar(select(Team).where(Team.slug == "billing-co"))

    assert answer.location == f"/console/teams/{team.id}/settings"
    assert (team.visibility, team.address, len(team.stages)) == ("private", "billing-co@desk.example", 5)


def test_a_new_team_takes_no_address_that_another_one_has(office, team, company):
    """R-MAIL-2: as its own, or as a further one."""
    session.add(TeamAddress(address="billing@desk.example", team=team))
    session.commit()
    for name, slug, visibility in (("Billing", "billing", "company"), ("Sales", "sales", "company")):
        data = {"name": name, "slug": slug, "company": company.id, "visibility": visibility}
        assert office.post("/console/teams/new", data=data).status_code == 303

    addresses = dict(session.execute(select(Team.slug, Team.address)).all())
    assert (addresses["billing"], addresses["sales"]) == (None, "sales@desk.example")


def test_a_team_goes_to_another_company_when_the_losers_were_named(team, settings, send, ada, arthur, printer):
    globex = Company(name="Globex")
    ada.companies.append(globex)
    session.commit()
    page = send(settings, company=globex.id)
    words = page.text.partition("<main")[2].partition("</main>")[0]
    assert page.status_code == 200 and "The team goes to Globex" in words
    assert "Arthur" in words and "Ada" not in words and "My tickets" not in words
    session.refresh(team)
    assert team.company.name == "Acme"

    assert send(settings, company=globex.id, confirmed="1").status_code == 303
    session.refresh(team)
    assert team.company is globex and not arthur.sees(team) and not arthur.sees(printer) and ada.sees(printer)


def test_a_taken_short_name_is_refused(office, team):
    page = office.post(
        "/console/teams/new",
        data={"name": "Support", "slug": "support", "company": team.company_id, "visibility": "company"},
    )

    assert page.status_code == 422 and 'id="slug-error"' in page.text


def test_a_team_with_tickets_stays(team, office, printer):
    assert "Make it inactive" in office.get(f"/console/teams/{team.id}/deletion").text
    assert office.post(f"/console/teams/{team.id}/deletion").status_code == 422
    assert session.get(Team, team.id) is team


def test_a_team_without_tickets_goes(team, office):
    id = team.id
    assert office.post(f"/console/teams/{id}/deletion").status_code == 303
    assert session.scalar(select(Team).where(Team.id == id)) is None


def test_the_page_costs_as_much_with_many_followers(team, settings, office, queries):
    with queries() as few:
        office.get(settings)
    for number in range(30):
        team.add_follower(Contact.get_or_create(f"follower{number}@client.example"))
    session.commit()
    with queries() as many:
        office.get(settings)

    assert len(many) <= len(few) <= 12
