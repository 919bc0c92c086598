"""The board: columns, cards, moving them, and the two kinds of folding."""

import re
from datetime import timedelta

import pytest

from models import ColumnFold, Stage, Ticket, TimeOff, make_team, open_ticket, session
from models.base import now


@pytest.fixture
def board(agnes, sign_in, team):
    """Agnes before the board; ``board.cards("New")`` are the numbers in that column from the top."""
    client = sign_in(agnes)

    class Board:
        def get(self):
            return client.get(f"/console/teams/{team.id}").text

        def move(self, ticket, htmx=False, **fields):
            headers = {"HX-Request": "true"} if htmx else {}
            answer = client.post(f"/console/tickets/{ticket.id}/moves", data=fields, headers=headers)
            session.expire_all()
            return answer

        def cards(self, stage):
            columns = re.split(r'data-stage-name="', self.get())
            column = next(text for text in columns if text.startswith(f'{stage}"'))
            return [int(number) for number in re.findall(r'data-ticket="(\d+)"', column)]

    found = Board()
    found.client = client
    return found


@pytest.fixture
def three(team, carla):
    """Three tickets in *New*, the newest on top."""
    tickets = [open_ticket(team, carla, f"Ticket {word}", "Text") for word in ("one", "two", "three")]
    session.commit()
    return tickets


def stage(name):
    return session.query(Stage).filter_by(name=name).one()


def test_the_board_shows_columns_with_counts_and_cards(board, printer):
    page = board.get()

    for words in ("In progress", "Customer feedback", "Resolved", "Closed", "The printer is on fire", "Carla Conti"):
        assert words in page
    assert board.cards("New") == [printer.id]


def test_a_column_without_cards_says_so(board, printer):
    """Its words are those of the style sheet for a list that is empty: not even an end of line stands in it."""
    assert len(re.findall(r'<ol class="board-cards"[^>]* data-empty="No tickets"></ol>', board.get())) == 4


def test_a_card_dropped_into_a_column_moves_the_ticket(board, printer):
    answer = board.move(printer, stage=stage("In progress").id, before="")

    assert answer.status_code == 303 and answer.location.endswith(f"/console/teams/{printer.team_id}")
    assert printer.stage.name == "In progress" and board.cards("In progress") == [printer.id]


def test_htmx_gets_the_board_itself(board, printer):
    answer = board.move(printer, htmx=True, stage=stage("Resolved").id, before="")

    assert answer.status_code == 200 and answer.text.lstrip().startswith('<div class="board" id="board"')
    assert f'data-ticket="{printer.id}"' in answer.text


def test_a_card_lands_right_above_the_one_it_was_dropped_on(board, three):
    one, two, three = three
    assert board.cards("New") == [three.id, two.id, one.id]

    board.move(one, stage=stage("New").id, before=three.id)
    assert board.cards("New") == [one.id, three.id, two.id]

    board.move(one, stage=stage("New").id, before=two.id)
    assert board.cards("New") == [three.id, one.id, two.id]

    board.move(three, stage=stage("New").id, before="")
    assert board.cards("New") == [one.id, two.id, three.id]


@pytest.mark.parametrize(
    ("place", "order"), [("up", (1, 2, 0)), ("down", (2, 0, 1)), ("first", (1, 2, 0)), ("last", (2, 0, 1))]
)
def test_a_card_moves_by_its_menu(place, order, board, three):
    board.move(three[1], stage=stage("New").id, place=place)

    assert board.cards("New") == [three[number].id for number in order]


@pytest.mark.parametrize(("number", "place"), [(2, "up"), (0, "down")])
def test_at_the_end_of_the_column_a_step_changes_nothing(number, place, board, three):
    board.move(three[number], stage=stage("New").id, place=place)

    assert board.cards("New") == [ticket.id for ticket in three[::-1]]


def test_a_card_moved_to_a_folded_stage_is_closed(board, printer):
    board.move(printer, stage=stage("Closed").id, before="", why="Spam")

    assert printer.closed and printer.closing.how == "agent"


@pytest.mark.parametrize("wanted", ["", "2000000000", "x"])
def test_a_stage_that_is_none_of_the_team_is_refused(wanted, board, printer):
    assert board.move(printer, stage=wanted, before="").status_code == 422
    assert printer.stage.name == "New"


def test_a_neighbour_that_does_not_stand_there_means_the_end(board, three):
    board.move(three[2], stage=stage("New").id, before="2000000000")

    assert board.cards("New")[-1] == three[2].id


def test_the_window_behind_the_menu_is_also_a_page(board, printer):
    page = board.client.get(f"/console/tickets/{printer.id}/moves")

    assert page.status_code == 200 and "One up" in page.text and "Assign to me" in page.text


def test_the_page_of_a_closed_ticket_offers_the_stages_that_reopen_it(board, printer, agnes):
    printer.close(by=agnes.contact, why="Done")
    session.commit()
    page = board.client.get(f"/console/tickets/{printer.id}/moves").text

    assert "Moving it to one of these stages reopens it." in page and ">In progress</option>" in page
    assert ">Closed</option>" not in page


def test_a_merged_ticket_is_moved_by_nobody_until_the_merge_is_undone(board, three, agnes):
    one, two, _three = three
    one.merge_into(two, agnes.contact)
    session.commit()

    answer = board.move(one, htmx=True, stage=stage("In progress").id, before="")
    assert answer.status_code == 422 and "undo the merge" in answer.text
    page = board.client.get(f"/console/tickets/{one.id}/moves").text
    assert "undo the merge" in page and 'name="stage"' not in page
    board.client.post("/console/tickets/bulk", data={"action": "move", "ticket": one.id, "stage": stage("New").id})
    session.expire_all()
    assert one.closed and one.merged_into is two


def test_a_column_folds_for_one_user_alone(board, printer, arthur, sign_in):
    address = f"/console/stages/{stage('New').id}/fold"
    assert board.client.post(address, data={"folded": "1"}).status_code == 303

    assert board.cards("New") == [] and session.query(ColumnFold).count() == 1 and not printer.closed
    assert f'data-ticket="{printer.id}"' in sign_in(arthur).get(f"/console/teams/{printer.team_id}").text

    board.client.post(address, data={"folded": "0"})
    assert board.cards("New") == [printer.id]


def test_a_stage_of_teams_that_are_not_seen_cannot_be_folded(board, printer):
    other = Stage(name="Elsewhere", position=9)
    session.add(other)
    session.commit()

    assert board.client.post(f"/console/stages/{other.id}/fold", data={"folded": "1"}).status_code == 404


def test_an_administrator_puts_the_columns_in_order(printer, ada, sign_in):
    names = [one.name for one in printer.team.stages]
    first, second = printer.team.stages[:2]
    client = sign_in(ada)

    client.post("/console/stages/order", data={"stages": [second.id, first.id]})
    session.expire_all()
    assert [one.name for one in printer.team.stages] == [names[1], names[0], *names[2:]]

    assert client.post("/console/stages/order", data={"stages": [2000000000]}).status_code == 422
    assert client.post("/console/stages/order").status_code == 422


def test_a_board_costs_the_same_with_five_and_with_fifty_cards(board, team, carla, agnes, queries):
    def cost(number):
        for place in range(number):
            ticket = open_ticket(team, carla, f"Ticket {place}", "Text")
            ticket.assign_to(agnes)
            ticket.edit(agnes.contact, tags=[f"tag {place}"])
        session.commit()
        address = f"/console/teams/{team.id}"  # asked here, not counted
        with queries() as seen:
            board.client.get(address)
        return len(seen)

    assert cost(5) == cost(45) <= 12


@pytest.mark.parametrize("method", ["equal_open", "equal_total"])
def test_that_nobody_is_there_is_said_within_twelve_queries(method, board, team, printer, agnes, arthur, queries):
    team.auto_assign = method
    session.commit()
    assert "waits for an assignee" not in board.get()
    for user in (agnes, arthur):
        user.time_off.append(TimeOff(starts_at=now() - timedelta(days=1), ends_at=now() + timedelta(days=1000)))
    session.commit()
    address = f"/console/teams/{team.id}"  # asked here, not counted
    with queries() as seen:
        page = board.client.get(address).text

    assert "1 ticket waits for an assignee." in page and "look at their time off" in page
    assert len(seen) <= 12


def test_a_card_that_nobody_answered_is_closed_only_with_a_reason(board, printer):
    closed = stage("Closed").id

    asked = board.move(printer, htmx=True, stage=closed, before="")
    assert asked.status_code == 422 and 'id="why-dialog"' in asked.text and not printer.closed

    assert board.move(printer, htmx=True, stage=closed, before="", why="Spam").status_code == 200
    assert printer.closed and printer.closing.why == "Spam"


def test_without_script_the_page_for_moving_asks_for_the_reason(board, printer):
    asked = board.move(printer, stage=stage("Closed").id, place="first")

    assert asked.status_code == 422 and 'name="why"' in asked.text
    assert f'value="{stage("Closed").id}" selected' in asked.text and not printer.closed


def test_an_answered_card_is_closed_without_a_question(board, printer, agnes):
    printer.reply(agnes.contact, "It is out.")
    session.commit()

    assert board.move(printer, htmx=True, stage=stage("Closed").id, before="").status_code == 200
    assert printer.closed


def test_only_administrators_drag_columns(board, sign_in, ada, team):
    address = f"/console/stages/order?board={team.id}"

    assert address not in board.get()
    assert address in sign_in(ada).get(f"/console/teams/{team.id}").text


def test_a_ticket_is_written_into_its_column(board, team, carla):
    address = f"/console/teams/{team.id}/tickets?board={team.id}"
    data = {"stage": stage("In progress").id, "subject": "Lamp broken", "email": carla.email, "key": "k1"}

    for _ in range(2):  # pressed twice, written once
        assert board.client.post(address, data=data, headers={"HX-Request": "true"}).status_code == 200
    [ticket] = session.query(Ticket).all()
    assert (ticket.stage.name, ticket.subject, ticket.customer) == ("In progress", "Lamp broken", carla)
    assert [event.kind for event in ticket.events] == ["created"] and board.cards("In progress") == [ticket.id]


@pytest.mark.parametrize(("which", "assignee"), [("all", None), ("mine", "Agnes")])
def test_a_ticket_is_written_into_a_column_of_a_board_of_several_teams(which, assignee, board, team, carla, company):
    make_team("Billing", "billing", company)
    secret = make_team("Secret", "secret", company, visibility="private")
    session.commit()
    address = {"all": "/console/tickets/board", "mine": "/console/tickets/mine/board"}[which]
    page = board.client.get(address).text
    [form] = re.findall(r'<template id="new-card">.*?</template>', page, re.S)
    offered = [url.replace("&amp;", "&") for url in re.findall(r'<option value="([^"]+)"', form)]
    assert len(offered) == 2 and f"/console/teams/{secret.id}/tickets" not in form
    assert "data-new-card=" in page

    data = {"stage": stage("In progress").id, "subject": "Lamp broken", "email": carla.email, "key": "k1"}
    [mine] = [url for url in offered if f"/teams/{team.id}/" in url]
    answer = board.client.post(mine, data=data, headers={"HX-Request": "true"})
    [ticket] = session.query(Ticket).all()
    assert f'data-ticket="{ticket.id}"' in answer.text and "Billing" not in answer.text
    assert ticket.team is team and (ticket.assignee and ticket.assignee.contact.name) == assignee


def test_who_takes_no_tickets_writes_none_on_their_own_board(board, team, agnes):
    agnes.takes_tickets = False
    session.commit()

    assert "data-new-card" not in board.client.get("/console/tickets/mine/board").text
    assert "data-new-card" in board.client.get("/console/tickets/board").text


@pytest.mark.parametrize(
    ("name", "typed"), [("subject", ""), ("email", "nobody"), ("stage", "2000000000"), ("stage", "Closed")]
)
def test_what_makes_no_ticket_is_refused_in_words(name, typed, board, team, carla):
    typed = stage(typed).id if typed == "Closed" else typed
    data = {"stage": team.stages[1].id, "subject": "Lamp broken", "email": carla.email} | {name: typed}
    answer = board.client.post(f"/console/teams/{team.id}/tickets", data=data, headers={"HX-Request": "true"})

    assert answer.status_code == 422 and 'class="notice"' in answer.text and not session.query(Ticket).count()
    plain = board.client.post(f"/console/teams/{team.id}/tickets", data=data)
    assert plain.status_code == 303 and "/console/tickets/new" in plain.location


def test_without_script_the_plus_of_a_column_leads_to_the_form_and_into_the_column(board, team, carla):
    address = f"/console/tickets/new?team={team.id}&stage={team.stages[2].id}"
    assert address.replace("&", "&amp;") in board.get()
    data = {"team": team.id, "subject": "Lamp", "description": "Broken.", "email": carla.email, "priority": 0}
    assert board.client.post(address, data=data).status_code == 303

    assert session.query(Ticket).one().stage is team.stages[2]


def test_a_stage_that_is_gone_is_said_with_the_stage_that_the_ticket_keeps(board, printer):
    answer = board.move(printer, htmx=True, stage="2000000000", before="")

    assert answer.status_code == 422 and "Team Support does not have this stage" in answer.text
    assert "The ticket stays in New." in answer.text


def test_cards_say_who_waits_and_when_they_close(board, printer, team, agnes):
    team.auto_close = True
    session.commit()
    assert "Waiting for our answer" in board.get() and "Closes by itself" not in re.sub(r"<title>.*", "", board.get())

    printer.reply(agnes.contact, "It is out.")
    session.commit()
    [card] = re.findall(r'<li class="ticket-card".*?</li>', board.get(), re.DOTALL)
    assert "Waiting for the customer" in card and "Closes by itself" in card
    assert re.search(r'class="ticket-card-closes".*<time', card)
    printer.edit(agnes.contact, never_auto_close=True)
    session.commit()
    [card] = re.findall(r'<li class="ticket-card".*?</li>', board.get(), re.DOTALL)
    assert "Closes by itself" not in card
