"""The pages on stages: order, words, folding, and where tickets go (R-STAGE-1, 2, 4, 6)."""

import pytest
from sqlalchemy import select

from models import Company, Stage, Template, make_team, open_ticket, session


@pytest.fixture
def new(team):
    return team.stages[0]


def names():
    return [stage.name for stage in Stage.all()]


def test_the_list_stands_in_the_order_of_the_pipeline(team, office):
    page = office.get("/console/stages").text
    places = [page.index(f'data-name="{name}"') for name in names()]

    assert places == sorted(places)


def test_a_stage_moves_up_and_down(team, office):
    office.post(f"/console/stages/{team.stages[1].id}/place", data={"direction": "up"})
    assert names()[:2] == ["In progress", "New"]

    office.post(f"/console/stages/{Stage.all()[0].id}/place", data={"direction": "up"})
    assert names()[:2] == ["In progress", "New"]


def test_every_field_of_a_stage_is_kept(team, new, send):
    sms = Template(name="Short", channel="sms", body={"en": "Hello"})
    session.add(sms)
    session.commit()
    answer = send(
        f"/console/stages/{new.id}",
        name="Arrived",
        description="Just came in",
        status="open",
        email_template=0,
        sms_template=sms.id,
    )

    assert answer.status_code == 303
    session.refresh(new)
    assert (new.name, new.description, new.status, new.email_template, new.sms_template) == (
        "Arrived",
        "Just came in",
        "open",
        None,
        sms,
    )
    assert new.teams == [team]


@pytest.mark.parametrize(
    ("field", "typed"), [("name", ""), ("name", "Closed"), ("status", "closed"), ("email_template", 2_000_000_000)]
)
def test_what_cannot_be_is_refused_at_its_field(new, send, field, typed):
    page = send(f"/console/stages/{new.id}", **{"description": "typed before", field: typed})

    assert page.status_code == 422 and f'id="{field}-error"' in page.text and "typed before" in page.text


def test_folding_asks_first_and_says_how_many(new, send, printer):
    page = send(f"/console/stages/{new.id}", folded="y")
    assert page.status_code == 200 and "1 ticket stands in this stage" in page.text
    session.refresh(printer)
    assert not printer.closed

    assert send(f"/console/stages/{new.id}", folded="y", confirmed="1").status_code == 303
    session.expire_all()
    assert printer.closed and printer.closing.how == "agent"

    page = send(f"/console/stages/{new.id}", folded=None)
    assert "reopened" in page.text
    assert send(f"/console/stages/{new.id}", folded=None, confirmed="1").status_code == 303
    session.expire_all()
    assert not printer.closed and printer.closing is None


def test_unfolding_and_giving_up_a_stage_leaves_merged_tickets_closed(team, agnes, carla, printer, send, office):
    again = open_ticket(team, carla, "Printer", "Still!")
    again.merge_into(printer, agnes.contact)
    session.commit()
    closed, opened = again.stage, team.stages[1]
    address, words = f"/console/stages/{closed.id}", "Merged tickets stand in this stage and stay closed"

    page = send(address, folded=None)
    assert "0 tickets stand in this stage and will be reopened" in page.text
    assert "1 merged ticket stays closed" in page.text
    for page in (
        send(address, folded=None, confirmed="1"),
        send(address, teams=[], takes=opened.id),
        office.post(f"{address}/deletion", data={"takes": opened.id}),
        send(f"/console/teams/{team.id}/settings", stages=[one.id for one in team.stages[:4]], takes=opened.id),
    ):
        assert page.status_code == 422 and words in page.text
        session.expire_all()
        assert (again.stage, again.closed, closed in team.stages) == (closed, True, True)

    team.stages.append(Stage(name="Done", folded=True, position=9))
    session.commit()
    assert send(address, folded=None, confirmed="1").status_code == 303
    session.expire_all()
    assert (again.stage.name, again.closed, closed.folded) == ("Done", True, False)


def test_folding_says_of_which_teams_the_tickets_are(team, new, send, printer):
    billing = make_team("Billing", "billing", team.company)
    open_ticket(billing, printer.customer, "Invoice", "Where is it?")
    session.commit()
    page = send(f"/console/stages/{new.id}", folded="y").text

    assert "2 tickets stand in this stage and will be closed." in page
    assert f"<li>{team.name}: 1 ticket</li>" in page and "<li>Billing: 1 ticket</li>" in page


def test_no_template_is_said_in_the_gender_of_the_word(ada, new, office):
    ada.contact.language = "fr"
    session.commit()

    assert ">Aucun</option>" in office.get(f"/console/stages/{new.id}").text


def test_folding_an_empty_stage_needs_no_question(team, send):
    assert send(f"/console/stages/{team.stages[1].id}", folded="y").status_code == 303


def test_a_team_gives_up_a_stage_only_when_another_one_takes_its_tickets(team, new, send, printer):
    make_team("Billing", "billing", team.company)
    session.commit()
    others = [one.id for one in new.teams if one is not team]

    page = send(f"/console/stages/{new.id}", teams=others)
    assert page.status_code == 422 and 'id="takes-error"' in page.text and "1 ticket of Support" in page.text

    answer = send(f"/console/stages/{new.id}", teams=others, takes=team.stages[1].id)
    assert answer.status_code == 303
    session.refresh(printer)
    session.refresh(team)
    assert printer.stage.name == "In progress" and new not in team.stages


def test_a_new_stage_stands_last(team, office):
    data = {
        "name": "Waiting for parts",
        "teams": team.id,
        "status": "answered",
        "email_template": 0,
        "sms_template": 0,
        "takes": 0,
    }
    assert office.post("/console/stages/new", data=data).status_code == 303

    stage = session.scalar(select(Stage).where(Stage.name == "Waiting for parts"))
    assert names()[-1] == "Waiting for parts" and stage.teams == [team]
    assert office.post("/console/stages/new", data=data | {"name": "Other", "teams": []}).status_code == 422


def test_deleting_names_the_stage_that_takes_the_tickets(team, new, office, printer):
    address = f"/console/stages/{new.id}/deletion"
    assert "1 ticket of Support" in office.get(address).text
    assert office.post(address).status_code == 422
    assert office.post(address, data={"takes": new.id}).status_code == 422

    assert office.post(address, data={"takes": team.stages[1].id}).status_code == 303
    session.refresh(printer)
    assert printer.stage.name == "In progress" and "New" not in names()


def test_the_only_stage_of_a_team_stays(team, new, office, send):
    team.set_stages([new])
    session.commit()

    assert "the only stage" in office.get(f"/console/stages/{new.id}/deletion").text
    assert office.post(f"/console/stages/{new.id}/deletion").status_code == 422
    page = send(f"/console/stages/{new.id}", teams=[])
    assert page.status_code == 422 and 'id="teams-error"' in page.text


def test_tickets_of_a_hidden_company_are_never_closed_from_here(team, new, send, office, carla):
    theirs = make_team("Theirs", "theirs", Company(name="Other"))
    ticket = open_ticket(theirs, carla, "Elsewhere", "…")
    session.commit()

    assert "Theirs" not in office.get("/console/stages").text + office.get(f"/console/stages/{new.id}").text
    page = send(f"/console/stages/{new.id}", folded="y", confirmed="1")
    assert page.status_code == 422 and 'id="folded-error"' in page.text
    assert office.post(f"/console/stages/{new.id}/deletion", data={"takes": team.stages[1].id}).status_code == 422
    assert send(f"/console/stages/{new.id}", teams=[]).status_code == 303
    session.refresh(ticket)
    session.refresh(new)
    assert not ticket.closed and new.teams == [theirs]


def test_a_stage_of_a_hidden_company_is_not_there(office, company):
    theirs = make_team("Theirs", "theirs", Company(name="Other"))
    session.commit()
    hidden = Stage(name="Their secret", position=9, teams=[theirs])
    session.add(hidden)
    session.commit()

    assert "Their secret" not in office.get("/console/stages").text
    assert office.get(f"/console/stages/{hidden.id}").status_code == 404


def test_the_list_costs_as_much_with_more_stages(team, office, queries):
    with queries() as few:
        office.get("/console/stages")
    session.add_all(Stage(name=f"Stage {number}", position=20 + number, teams=[team]) for number in range(10))
    session.commit()
    with queries() as many:
        office.get("/console/stages")

    assert len(many) == len(few) <= 12


HTMX = {"HX-Request": "true"}
FIELDS = {"status": "open", "email_template": 0, "sms_template": 0, "takes": 0}


def test_the_board_edits_a_stage_in_a_window(team, new, office):
    board = f"/console/teams/{team.id}"
    address = f"/console/stages/{new.id}?next={board}"
    assert address in office.get(board).text

    form = office.get(address, headers=HTMX).text
    assert "<!doctype" not in form and f'hx-post="{address}"' in form and 'id="popup-title"' in form
    refused = office.post(address, data=FIELDS | {"name": "", "teams": team.id}, headers=HTMX)
    assert refused.status_code == 422 and 'id="name-error"' in refused.text and "<!doctype" not in refused.text

    saved = office.post(address, data=FIELDS | {"name": "Arrived", "teams": team.id}, headers=HTMX)
    assert saved.headers["HX-Redirect"] == board
    session.refresh(new)
    assert new.name == "Arrived"


def test_the_window_asks_before_it_folds_as_the_page_does(team, new, office, printer):
    address = f"/console/stages/{new.id}?next=/console/teams/{team.id}"
    typed = FIELDS | {"name": "New", "teams": team.id, "folded": "y"}

    asked = office.post(address, data=typed, headers=HTMX)
    assert asked.status_code == 200 and "1 ticket stands in this stage" in asked.text
    assert f'hx-post="{address}"' in asked.text and "<!doctype" not in asked.text
    assert office.post(address, data=typed | {"confirmed": "1"}, headers=HTMX).headers["HX-Redirect"]
    session.expire_all()
    assert printer.closed


def test_a_stage_added_on_the_board_stands_right_behind_the_one_it_was_asked_for(team, office):
    board = f"/console/teams/{team.id}"
    address = f"/console/stages/new?team={team.id}&after={team.stages[1].id}&next={board}"
    assert address.replace("&", "&amp;") in office.get(board).text
    assert "checked" in office.get(address, headers=HTMX).text.partition('id="teams"')[2].partition("</fieldset>")[0]

    answer = office.post(address, data=FIELDS | {"name": "Waiting for parts", "teams": team.id}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == board
    assert names()[:4] == ["New", "In progress", "Waiting for parts", "Customer feedback"]


def test_agents_edit_no_stages_from_the_board(team, agnes, sign_in):
    page = sign_in(agnes).get(f"/console/teams/{team.id}").text
    assert "Edit the stage" not in page and "Add a stage" not in page and 'id="popup"' not in page


def test_a_stage_into_which_a_ticket_just_moved_is_not_deleted_without_a_word(team, new, office, carla):
    other = Stage(name="Waiting for parts", position=9, teams=[team])
    session.add(other)
    open_ticket(team, carla, "Lamp", "Broken", stage=other)
    session.commit()

    assert office.post(f"/console/stages/{other.id}/deletion").status_code == 422
    assert "Choose the stage that takes the tickets" in office.post(f"/console/stages/{other.id}/deletion").text
