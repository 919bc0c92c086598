"""Reading on in a column, narrowing a board, and the boards over all teams."""

import re

import pytest

from models import Company, make_team, open_ticket, session
from models.board import CARDS

HTMX = {"HX-Request": "true"}


def numbers(page):
    return [int(number) for number in re.findall(r'data-ticket="(\d+)"', page)]


def link(page):
    found = re.search(r'class="board-more"><a href="([^"]+)"', page)
    return found and found[1].replace("&amp;", "&")


@pytest.fixture
def seventy(team, carla):
    """Seventy tickets in *New*, of four priorities."""
    tickets = [open_ticket(team, carla, f"Ticket {number}", "Text") for number in range(70)]
    for number, ticket in enumerate(tickets):
        ticket.priority = number % 4
    session.commit()
    return sorted(tickets, key=lambda ticket: (ticket.priority, ticket.rank), reverse=True)


@pytest.fixture
def page(agnes, sign_in):
    client = sign_in(agnes)
    return lambda address, **headers: client.get(address, headers=headers).text


def test_one_reads_on_to_the_last_card_and_meets_each_once(page, team, seventy):
    text, seen = page(f"/console/teams/{team.id}"), []
    for _ in range(3):
        seen += numbers(text)
        address = link(text)
        text = page(address, **HTMX) if address else ""

    assert seen == [ticket.id for ticket in seventy] and address is None


def test_without_script_the_link_shows_the_board_with_that_column_further_down(page, team, seventy, agnes):
    seventy[0].move_to(team.stages[1], by=agnes.contact)
    session.commit()

    text = page(link(page(f"/console/teams/{team.id}")))
    assert numbers(text) == [*(ticket.id for ticket in seventy[CARDS + 1 : 2 * CARDS + 1]), seventy[0].id]
    assert "<!doctype html>" in text


def test_a_look_brings_as_many_cards_as_one_has_open(page, team, seventy):
    text = page(f"/console/teams/{team.id}?shown={team.first_stage.id}.60&shown=x.y&shown=7", **HTMX)

    assert len(numbers(text)) == 60 and link(text)


def test_a_place_that_is_none_begins_at_the_top(page, team, printer):
    assert numbers(page(f"/console/teams/{team.id}?column={team.first_stage.id}&after=x")) == [printer.id]
    assert numbers(page(f"/console/teams/{team.id}?column=4711&after=0~1.5~1")) == [printer.id]


def test_a_board_is_narrowed_as_a_list_is(page, team, seventy, agnes, carla):
    seventy[5].assign_to(agnes, by=agnes.contact)
    seventy[6].edit(agnes.contact, tags=["fire"])
    seventy[7].edit(agnes.contact, subject="The toaster rebels")
    session.commit()
    board = f"/console/teams/{team.id}"

    for asked, found in (("assignee=me", 5), ("tag=fire", 6), ("q=toaster", 7), (f"assignee={agnes.id}", 5)):
        text = page(f"{board}?{asked}")
        assert numbers(text) == [seventy[found].id], asked
        assert '<span class="board-column-count" title="1 ticket">1</span>' in text
    assert len(numbers(page(f"{board}?priority=3", **HTMX))) == 17
    assert len(numbers(page(f"{board}?customer={carla.email}", **HTMX))) == CARDS
    assert numbers(page(f"{board}?customer=nobody@client.example", **HTMX)) == []


def test_what_is_narrowed_stays_so_when_a_card_moves(page, team, seventy, agnes, sign_in):
    text = page(f"/console/teams/{team.id}?priority=3")
    address = re.search(r'href="([^"]+/moves[^"]*)"', text)[1].replace("&amp;", "&")
    answer = sign_in(agnes).post(address, data={"stage": team.stages[1].id, "before": ""}, headers=HTMX)

    assert f"board={team.id}" in address and "priority=3" in address
    assert len(numbers(answer.text)) == 17


def test_a_card_dropped_below_another_one_lies_there_though_more_follow(team, seventy, agnes, sign_in, page):
    last = seventy[-1]
    sign_in(agnes).post(
        f"/console/tickets/{last.id}/moves", data={"stage": team.first_stage.id, "after": seventy[-4].id}, headers=HTMX
    )

    text = page(f"/console/teams/{team.id}?shown={team.first_stage.id}.90", **HTMX)
    assert numbers(text)[-4:] == [seventy[-4].id, last.id, seventy[-3].id, seventy[-2].id]


def test_all_tickets_are_a_board_of_every_team_that_one_sees(page, team, printer, company, carla, agnes):
    billing = make_team("Billing", "billing", company)
    secret = make_team("Directors", "directors", company, visibility="private")
    foreign = make_team("Foreign", "foreign", Company(name="Globex"), visibility="public")
    bill, _hidden, known, _far = (
        open_ticket(of, carla, "Subject", "Text") for of in (billing, secret, secret, foreign)
    )
    known.add_follower(agnes.contact)
    session.commit()

    text = page("/console/tickets/board")
    assert sorted(numbers(text)) == [printer.id, bill.id, known.id]
    assert re.findall(r'class="board-column-count" title="([^"]+)"', text)[0] == "3 tickets"


def test_my_tickets_are_a_board_of_what_is_assigned_to_me(page, printer, team, carla, agnes, arthur):
    theirs = open_ticket(team, carla, "Another", "Text")
    printer.assign_to(agnes)
    theirs.assign_to(arthur)
    session.commit()

    assert numbers(page("/console/tickets/mine/board")) == [printer.id]
    assert numbers(page("/console/tickets/mine/board?assignee=none")) == [printer.id]


@pytest.mark.parametrize("address", ["/console/tickets/board", "/console/tickets/mine/board"])
def test_a_move_on_these_boards_is_answered_with_them(address, page, printer, team, agnes, sign_in):
    printer.assign_to(agnes)
    session.commit()
    move = re.search(r'href="([^"]+/moves[^"]*)"', page(address))[1].replace("&amp;", "&")

    answer = sign_in(agnes).post(move, data={"stage": team.stages[1].id, "before": ""}, headers=HTMX)
    assert answer.status_code == 200 and f'data-address="{address}"' in answer.text


@pytest.mark.parametrize("address", ["/console/tickets/board", "/console/tickets/mine/board"])
def test_these_boards_cost_the_same_with_few_and_with_many_cards(address, page, team, company, carla, agnes, queries):
    def cost(number):
        for place in range(number):
            of = team if place % 2 else make_team(f"Team {place} {number}", f"team-{place}-{number}", company)
            ticket = open_ticket(of, carla, f"Ticket {place}", "Text")
            ticket.assign_to(agnes)
            ticket.edit(agnes.contact, tags=[f"tag {place}"])
        session.commit()
        with queries() as seen:
            page(address)
        return len(seen)

    assert cost(4) == cost(30) <= 12


def test_lists_and_boards_lead_to_each_other(page, team):
    assert 'href="/console/tickets/board?priority=2"' in page("/console/tickets?priority=2")
    assert 'href="/console/tickets/mine/board"' in page("/console/tickets/mine")
    assert 'href="/console/tickets/mine"' in page("/console/tickets/mine/board")
    assert f'href="/console/tickets?team={team.id}&amp;priority=2"' in page(f"/console/teams/{team.id}?priority=2")


def test_a_board_is_narrowed_by_words_tag_and_customer_at_once(page, team, printer, carla, paul, agnes):
    printer.edit(agnes.contact, tags=["red"])
    other, third = (open_ticket(team, who, "The printer is on fire", "It smokes.") for who in (carla, paul))
    third.edit(agnes.contact, tags=["red"])
    session.commit()

    assert numbers(page("/console/tickets/board?q=smokes&tag=red&customer=carla@client.example")) == [printer.id]
    assert numbers(page(f"/console/teams/{team.id}?q=smokes&tag=red&customer=Paul+Petit")) == [third.id]
    assert sorted(numbers(page(f"/console/teams/{team.id}?q=smokes&customer={carla.id}"))) == [printer.id, other.id]
