"""The dashboard: a card per team that the reader may see."""

import re

from models import make_team, open_ticket, session
from models.base import now
from models.workload import workloads


def test_a_card_tells_what_lies_on_the_table(team, carla, agnes, arthur, sign_in):
    tickets = [open_ticket(team, carla, f"Ticket {number}", "Text") for number in range(5)]
    tickets[0].assign_to(agnes)
    tickets[1].assign_to(arthur)
    tickets[1].reply(arthur.contact, "Hello")
    tickets[4].close(by=agnes.contact)
    session.commit()

    (load,) = workloads(agnes, now())
    assert (load.open, load.unassigned, load.waiting, load.mine, load.closed_recently) == (4, 2, 3, 1, 1)

    page = sign_in(agnes).get("/console/").text
    assert "Support" in page and re.search(r"<b>4</b>\s*open tickets", page)


def test_teams_that_the_reader_may_not_see_have_no_card(team, agnes, ada, sign_in):
    make_team("Directors", "directors", team.company, visibility="private")
    make_team("Former team", "former", team.company, active=False)
    session.commit()

    assert [load.team.name for load in workloads(agnes, now())] == ["Support"]
    assert "Directors" in sign_in(ada).get("/console/").text


def test_the_dashboard_costs_the_same_with_one_and_with_ten_teams(team, ada, sign_in, queries):
    client = sign_in(ada)

    def cost():
        session.commit()
        with queries() as seen:
            client.get("/console/")
        return len(seen)

    one = cost()
    company = team.company
    for number in range(9):
        make_team(f"Team {number}", f"team-{number}", company)

    assert cost() == one <= 12


def test_without_a_team_the_page_says_so(agnes, sign_in):
    assert "No teams yet" in sign_in(agnes).get("/console/").text
