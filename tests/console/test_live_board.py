"""What others change on a board: a look at an unchanged one is answered 304, every change with the board."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from models import ColumnFold, Company, Stage, Tag, Team, Ticket, make_team, open_ticket, session
from models.base import now
from models.board import fold_column
from models.board_mark import board_mark
from models.stage import order_stages

HTMX = {"HX-Request": "true"}


@pytest.fixture
def arthurs(arthur, sign_in):
    return sign_in(arthur)


@pytest.fixture
def look(arthurs, team, monkeypatch):
    """A function: Arthur looks at the board; the status of the answer. The first look learns the mark."""
    monkeypatch.setattr("models.board_mark.STALE_SECONDS", 10**12)  # the test may run at any minute of the hour
    known = {}

    def looked(address=f"/console/teams/{team.id}", known_only=False):
        answer = arthurs.get(address, headers=HTMX | known.get(address, {}))
        if not known_only:
            known[address] = {"If-None-Match": answer.headers["ETag"]}
        session.rollback()
        return answer.status_code

    looked()
    return looked


def test_an_unchanged_board_is_answered_with_nothing(look, printer, queries):
    look()
    with queries() as seen:
        assert look() == 304

    assert len([statement for statement in seen if not statement.startswith("BEGIN")]) == 1


def _ninety_days_pass(user, monkeypatch):
    monkeypatch.setattr("web.ABSOLUTE_END", timedelta(seconds=-1))


LOGINS_END = {
    "a new password": lambda user, monkeypatch: user.set_password("another horse battery"),
    "no access any more": lambda user, monkeypatch: user.deactivate(),
    "another role": lambda user, monkeypatch: user.change_role("portal"),
    "time": _ninety_days_pass,
}


@pytest.mark.parametrize("what", LOGINS_END)
def test_a_login_that_ended_watches_nothing(what, look, arthur, monkeypatch):
    assert look() == 304
    LOGINS_END[what](arthur, monkeypatch)
    session.commit()

    assert look(known_only=True) == 401


def test_a_login_that_ends_while_the_board_is_made_sees_none(arthurs, team, monkeypatch):
    monkeypatch.setattr("console.board.board_mark", lambda *asked: None)
    address = f"/console/teams/{team.id}"

    assert [arthurs.get(address, headers=headers).status_code for headers in ({}, HTMX)] == [404, 404]


def test_a_customer_watches_nothing(look, team, arthur):
    assert look() == 304
    arthur.role = "portal"  # and the login goes on
    session.commit()

    assert look(known_only=True) == 404
    assert board_mark(arthur.get_id()) is board_mark(arthur.get_id(), team.id) is None


def test_who_is_no_longer_active_watches_nothing(team, arthur):
    arthur.active = False  # and the login goes on
    session.commit()

    assert board_mark(arthur.get_id()) is board_mark(arthur.get_id(), team.id) is None


def test_a_team_that_one_no_longer_sees_is_not_watched(look, team, arthur):
    assert look() == 304
    team.change_visibility("private")
    session.commit()

    assert look(known_only=True) == 404
    assert board_mark(arthur.get_id(), team.id) is None
    assert board_mark(arthur.get_id())


@pytest.mark.parametrize("login", ["", "x", "1", "0.x", "99999999999.x", "-1.x", "1.\0"])
def test_an_odd_login_watches_nothing(team, login):
    assert board_mark(login) is board_mark(login, team.id) is None


@pytest.mark.parametrize("number", [0, 2**31, 10**30])
def test_a_number_that_no_team_can_have_is_watched_by_nobody(arthur, number):
    assert board_mark(arthur.get_id(), number) is None


def test_only_a_look_at_the_whole_board_is_answered_with_nothing(arthurs, team):
    address = f"/console/teams/{team.id}"
    known = HTMX | {"If-None-Match": arthurs.get(address, headers=HTMX).headers["ETag"]}

    assert arthurs.get(address, headers=known).status_code == 304
    assert arthurs.get(f"{address}?column=1&after=0.1.1", headers=known).status_code == 200
    assert arthurs.get(address, headers={"If-None-Match": known["If-None-Match"]}).status_code == 200
    assert arthurs.get(address, headers=HTMX | {"If-None-Match": "*"}).status_code == 200
    assert arthurs.options(address, headers=known).headers["Allow"]


def test_the_mark_is_asked_before_anything_that_it_stands_for(arthurs, team, queries):
    address = f"/console/teams/{team.id}"
    with queries() as seen:
        arthurs.get(address)

    asked = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert "AS near" in asked[0] and not any("AS near" in statement for statement in asked[1:])


def test_the_mark_of_somebody_else_is_another(look, team, sign_in, agnes, arthur):
    address = f"/console/teams/{team.id}"
    marks = [sign_in(one).get(address, headers=HTMX).headers["ETag"] for one in (agnes, arthur)]

    assert marks[0] != marks[1]
    assert sign_in(agnes).get(address, headers=HTMX | {"If-None-Match": marks[1]}).status_code == 200


def test_the_company_that_was_chosen_is_watched_alone(look, arthurs, team, carla, arthur):
    globex = Company(name="Globex")
    arthur.companies.append(globex)
    elsewhere = make_team("Billing", "billing", globex)
    session.commit()
    arthurs.post("/console/focus", data={"company": team.company_id})
    address = "/console/tickets/board"
    look(address)
    open_ticket(elsewhere, carla, "Not here", "Text")
    session.commit()
    assert look(address) == 304
    open_ticket(team, carla, "Here", "Text")
    session.commit()
    assert look(address) == 200

    arthur.companies.remove(team.company)  # the choice no longer counts
    session.commit()
    assert (look(address), look(address)) == (200, 304)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_postgresql_has_one_plan_for_everybody_who_watches(team, arthur, ada):
    """A plan for each of them, each time, would take three times as long as the rest: also where one has more
    companies than another, and the plans would differ."""
    companies = [Company(name=f"Company {n}") for n in range(100)]
    ada.companies = companies
    session.add_all(Team(name=one.name, slug=one.name[8:], company=one, visibility="company") for one in companies)
    session.flush()
    session.execute(text("ANALYZE"))
    for _ in range(16):
        assert board_mark(arthur.get_id())

    plans = text("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%AS near%'")
    assert session.scalar(plans) >= 5
    assert session.scalar(text("SHOW jit")) == "off"  # it would compile this one for 100 ms, each time


def _reply(ticket, agnes):
    ticket.reply(ticket.customer, "It still burns.")


def _swap(ticket, agnes):
    order_stages(ticket.team.stages[1::-1])


CHANGES = {
    "a move": lambda ticket, agnes: ticket.move_to(ticket.team.stages[1], by=agnes.contact),
    "closing": lambda ticket, agnes: ticket.close(by=agnes.contact),
    "an assignee": lambda ticket, agnes: ticket.assign_to(agnes, by=agnes.contact),
    "a subject": lambda ticket, agnes: ticket.edit(agnes.contact, subject="Smoke"),
    "a priority": lambda ticket, agnes: ticket.edit(agnes.contact, priority=3),
    "a tag": lambda ticket, agnes: ticket.edit(agnes.contact, tags=["fire"]),
    "an answer": _reply,
    "a place": lambda ticket, agnes: setattr(ticket, "rank", ticket.rank + 1),
    "a new ticket": lambda ticket, agnes: open_ticket(ticket.team, ticket.customer, "Another", "Text"),
    "a statement for many": lambda ticket, agnes: session.execute(update(Ticket).values(stage_id=ticket.stage_id)),
    "a stage's name": lambda ticket, agnes: setattr(ticket.stage, "name", "Fresh"),
    "the order of stages": _swap,
    "a stage": lambda ticket, agnes: ticket.team.stages.append(Stage(name="Waiting", position=9)),
    "a setting": lambda ticket, agnes: setattr(ticket.team, "auto_close_days", 3),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_seen_at_the_next_look(what, look, printer, agnes):
    look()
    CHANGES[what](printer, agnes)
    session.commit()

    assert look() == 200
    assert look() == 304


def test_a_ticket_that_leaves_for_another_team_is_seen_however_old_it_is(look, printer, team, carla, company):
    other = make_team("Billing", "billing", company)
    for number in range(25):
        open_ticket(team, carla, f"Ticket {number}", "Text")
    session.commit()
    look()
    printer.edit(None, team=other)
    session.commit()

    assert look() == 200


def test_what_committed_late_is_seen_although_others_changed_later(look, team, printer, carla):
    late = now()
    open_ticket(team, carla, "Later", "Text")
    session.commit()
    look()
    session.execute(update(Ticket).where(Ticket.id == printer.id).values(subject="Late", changed_at=late))
    session.commit()

    assert look() == 200


READERS_CHANGE = {
    "their language": lambda user: setattr(user.contact, "language", "fr"),
    "their role": lambda user: setattr(user, "role", "administrator"),
}


@pytest.mark.parametrize("what", READERS_CHANGE)
def test_a_change_of_the_reader_is_another_board(what, look, arthur):
    look()
    READERS_CHANGE[what](arthur)
    session.commit()

    assert look() == 200


def test_a_company_without_teams_is_another_board_than_all(look, arthurs, team, printer, arthur):
    globex = Company(name="Globex")
    arthur.companies.append(globex)
    session.commit()
    address = "/console/tickets/board"
    look(address)
    arthurs.post("/console/focus", data={"company": globex.id})
    assert look(address) == 200
    printer.edit(None, subject="Of no interest here")
    session.commit()
    assert look(address) == 304
    arthurs.post("/console/focus", data={"company": ""})
    assert look(address) == 200


def test_another_team_and_the_folds_of_others_change_nothing(look, team, printer, carla, company, agnes):
    other = make_team("Billing", "billing", company)
    session.commit()
    look()
    open_ticket(other, carla, "Elsewhere", "Text")
    fold_column(agnes, team.first_stage.id, True)
    session.commit()

    assert look() == 304 and session.query(ColumnFold).count() == 1


def test_my_own_fold_is_seen_in_my_other_window(look, team, arthur):
    look()
    fold_column(arthur, team.first_stage.id, True)
    session.commit()

    assert look() == 200


@pytest.mark.parametrize("address", ["/console/tickets/board", "/console/tickets/mine/board"])
def test_the_boards_over_all_teams_are_watched_as_well(address, look, team, printer, arthur):
    look(address)
    assert look(address) == 304
    printer.assign_to(arthur, by=arthur.contact)
    session.commit()

    assert look(address) == 200


def test_who_may_not_see_a_ticket_hears_nothing_of_its_changes(look, company, carla, arthur, agnes):
    secret = make_team("Board of directors", "directors", company, visibility="private")
    ticket = open_ticket(secret, carla, "Take-over", "Hush.")
    session.commit()
    address = "/console/tickets/board"
    look(address)
    ticket.edit(agnes.contact, priority=2)
    session.commit()
    assert look(address) == 304

    ticket.add_follower(arthur.contact)
    ticket.edit(agnes.contact, priority=3)
    session.commit()
    assert look(address) == 200


def test_a_team_that_one_follows_no_longer_is_another_board(look, company, carla, arthur):
    secret = make_team("Board of directors", "directors", company, visibility="private")
    secret.add_follower(arthur.contact)
    open_ticket(secret, carla, "Take-over", "Hush.").add_follower(arthur.contact)
    session.commit()
    look("/console/tickets/board")
    secret.remove_follower(arthur.contact)
    session.commit()

    assert look("/console/tickets/board") == 200


def test_the_mark_goes_along_with_the_page_and_after_a_move(look, printer, team, sign_in, arthur):
    page = sign_in(arthur).get(f"/console/teams/{team.id}").text
    mark = page.partition('data-mark="')[2].partition('"')[0]
    answer = sign_in(arthur).get(f"/console/teams/{team.id}", headers=HTMX | {"If-None-Match": f'W/"{mark}"'})
    assert answer.status_code == 304

    moved = sign_in(arthur).post(
        f"/console/tickets/{printer.id}/moves", data={"stage": team.stages[1].id, "before": ""}, headers=HTMX
    )
    fresh = moved.text.partition('data-mark="')[2].partition('"')[0]
    answer = sign_in(arthur).get(f"/console/teams/{team.id}", headers=HTMX | {"If-None-Match": f'W/"{fresh}"'})
    assert fresh != mark and answer.status_code == 304


def test_tags_of_a_ticket_stand_on_its_card(look, printer, agnes, team, sign_in, arthur):
    printer.edit(agnes.contact, tags=["fire"])
    session.commit()

    assert session.scalar(select(Tag.name)) == "fire"
    assert '<span class="ticket-tag">fire</span>' in sign_in(arthur).get(f"/console/teams/{team.id}").text


def test_ages_do_not_stand_still_on_a_board_where_nothing_happens(look, monkeypatch):
    assert look() == 304
    monkeypatch.setattr("models.board_mark.STALE_SECONDS", 1e-6)

    assert look() == 200


def test_a_desk_may_have_more_teams_than_sqlite_joins(look, team, company, arthur):
    values = {"company_id": company.id, "visibility": "company", "description": ""}
    session.add_all(Team(name=f"Team {n}", slug=f"team-{n}", **values) for n in range(501))
    session.commit()
    assert look("/console/tickets/board") == 200
    assert look("/console/tickets/board") == 304
