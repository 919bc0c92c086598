"""The same done with several tickets: with those that are ticked, and with all that a list shows."""

import re

import pytest

from models import BulkAction, Delivery, Ticket, make_team, open_ticket, session
from models.base import now
from models.bulk import DEEDS, carry_out_batch
from models.ticket import NotAllowed
from worker import bulk as job


@pytest.fixture
def bulk(desk, shelf):
    def post(action, *names, **fields):
        numbers = [shelf[name].id for name in names]
        answer = desk.post(
            "/console/tickets/bulk", data={"action": action, "ticket": numbers, **fields}, follow_redirects=True
        )
        session.expire_all()
        return answer.text

    return post


def test_several_tickets_are_assigned_at_once(bulk, shelf, arthur):
    page = bulk("assign", "toner", "paper", assignee=arthur.id)

    assert "2 tickets changed." in page
    assert shelf["toner"].assignee == shelf["paper"].assignee == arthur


def test_several_tickets_are_moved_at_once(bulk, shelf, team):
    bulk("move", "toner", "paper", stage=team.stages[1].id)

    assert shelf["toner"].stage is shelf["paper"].stage is team.stages[1]


def test_closing_several_leaves_those_that_need_a_reason(bulk, shelf):
    page = bulk("close", "toner", "light")

    assert "1 ticket changed." in page and "1 ticket was left as it is." in page and "needs a reason" in page
    assert shelf["light"].closed and not shelf["toner"].closed

    bulk("close", "toner", why="Doubles")
    assert shelf["toner"].closing.why == "Doubles"


@pytest.mark.parametrize(("ticked", "mails"), [({}, 1), ({"silent": "1"}, 0)])
def test_closing_several_can_be_silent(bulk, shelf, ticked, mails):
    before = session.query(Delivery).filter_by(kind="stage").count()
    bulk("close", "light", **ticked)

    assert shelf["light"].closed
    assert session.query(Delivery).filter_by(kind="stage").count() - before == mails


def test_tags_are_added_to_those_that_are_there(bulk, shelf):
    page = bulk("tag", "toner", "paper", "door", tags="office, urgent")

    assert [str(tag) for tag in shelf["toner"].tags] == ["office", "supplies", "urgent"]
    assert [str(tag) for tag in shelf["paper"].tags] == ["office", "urgent"]
    assert "Closed tickets are locked." in page and shelf["door"].tags == []


@pytest.mark.parametrize(("action", "names"), [("assign", ()), ("explode", ("toner",)), ("", ("toner",))])
def test_without_tickets_or_deed_nothing_happens(action, names, bulk):
    assert "Tick the tickets first" in bulk(action, *names)


def test_hidden_tickets_are_left_alone(desk, team, carla, agnes):
    hidden = open_ticket(make_team("Board", "board", team.company, visibility="private"), carla, "Secret", "Text")
    session.commit()
    desk.post("/console/tickets/bulk", data={"action": "close", "ticket": hidden.id, "why": "x"})
    session.expire_all()

    assert not session.get(Ticket, hidden.id).closed


def test_the_way_back_is_a_page_of_ours(desk):
    answer = desk.post("/console/tickets/bulk", data={"next": "https://evil.example/"})

    assert answer.location == "/console/tickets"


def test_following_several(bulk, shelf, agnes):
    page = bulk("follow", "toner", "light", "door")

    assert [name for name in shelf if agnes.contact in shelf[name].followers] == ["toner", "paper", "light"]
    assert "Closed tickets are locked." in page


def test_each_ticket_gets_one_line_in_its_history(bulk, shelf, team):
    bulk("move", "toner", "paper", stage=team.stages[1].id)

    assert [event.kind for event in shelf["toner"].events].count("stage") == 1


def test_merging_leads_to_the_page_that_asks_how(desk, shelf):
    numbers = [shelf["toner"].id, shelf["paper"].id]
    answer = desk.post("/console/tickets/bulk", data={"action": "merge", "ticket": numbers})

    assert answer.location == f"/console/merge?ticket={numbers[0]}&ticket={numbers[1]}"
    alone = desk.post("/console/tickets/bulk", data={"action": "merge", "ticket": numbers[:1]}, follow_redirects=True)
    assert "at least two" in alone.text


def test_exporting_leads_to_the_file(desk, shelf):
    ticked = desk.post("/console/tickets/bulk", data={"action": "export", "ticket": [7, 8]})
    shown = desk.post("/console/tickets/bulk", data={"action": "export", "all": "1", "words": "q=a+b&status=active"})

    assert ticked.location == "/console/tickets/export?ticket=7&ticket=8"
    assert shown.location == "/console/tickets/export?q=a+b&status=active"


def everything(desk, action, words="", **fields):
    return desk.post("/console/tickets/bulk", data={"action": action, "all": "1", "words": words, **fields})


def test_all_that_a_list_shows_is_asked_about_first(desk, shelf):
    page = everything(desk, "tag", "status=active", tags="spring")

    assert page.status_code == 200 and "Do this with 3 tickets?" in page.text
    assert session.query(BulkAction).count() == 0
    assert 'name="tags" value="spring"' in page.text and 'name="words" value="status=active"' in page.text


def test_all_that_a_list_shows_is_done_by_the_worker(desk, shelf, rings):
    answer = everything(desk, "tag", "status=active", tags="spring", confirmed="1")
    assert rings == ["bulk"]
    before = desk.get(answer.location).text

    job()
    session.expire_all()
    after = desk.get(answer.location, headers={"HX-Request": "true"}).text

    assert "0 of 3 tickets" in before and "hx-get" in before
    assert "Finished: 3 tickets." in after and "hx-get" not in after and "<html" not in after
    tagged = {name for name, ticket in shelf.items() if "spring" in map(str, ticket.tags)}
    assert tagged == {"toner", "paper", "light"}


def test_what_was_refused_is_listed_with_its_reason(desk, shelf):
    answer = everything(desk, "close", confirmed="1")
    job()
    page = desk.get(answer.location).text

    assert "2 tickets changed." in page and "2 tickets were left as they are." in page
    assert page.count("needs a reason") == 2 and f"#{shelf['toner'].id}" in page


def test_a_long_action_can_be_stopped(desk, shelf):
    answer = everything(desk, "tag", tags="spring", confirmed="1")
    carry_out_batch(now(), limit=1)
    session.commit()
    stopped = desk.post(f"{answer.location}/cancellation", follow_redirects=True)
    job()
    session.expire_all()

    assert "Stopped: 1 of 4 tickets were reached." in stopped.text
    assert sum("spring" in map(str, ticket.tags) for ticket in shelf.values()) <= 1


def test_somebody_elses_action_does_not_exist(desk, shelf, arthur, sign_in):
    answer = everything(desk, "tag", tags="x", confirmed="1")
    other = sign_in(arthur)

    assert other.get(answer.location).status_code == 404
    assert other.post(f"{answer.location}/cancellation").status_code == 404
    assert desk.get("/console/bulk/99999999999999999999").status_code == 404


def test_an_action_changes_nothing_that_its_owner_sees_no_more(desk, shelf, agnes, team):
    """Rights are asked when it is done, not when it was begun (threat model, rule 5)."""
    everything(desk, "tag", tags="x", confirmed="1")
    team.visibility = "private"
    session.commit()
    job()
    (action,) = session.query(BulkAction)

    seen = agnes.sees(shelf["paper"])
    assert seen and {item.why for item in action.left()} == {"gone"}
    assert action.counts == {"waits": 0, "done": 1, "left": 3}


def test_an_action_ends_with_the_access_of_its_owner(desk, shelf, agnes):
    everything(desk, "tag", tags="x", confirmed="1")
    agnes.active = False
    session.commit()
    job()
    (action,) = session.query(BulkAction)

    assert action.cancelled and action.counts["done"] == 0


def test_a_ticket_that_fails_stops_no_other(desk, shelf, monkeypatch):
    """Threat model, rule 67."""
    tag = DEEDS["tag"]

    def sometimes(ticket, by, values):
        tag(ticket, by, values)
        if ticket is shelf["paper"]:
            raise ZeroDivisionError
        if ticket is shelf["light"]:
            raise NotAllowed

    monkeypatch.setitem(DEEDS, "tag", sometimes)
    answer = everything(desk, "tag", "status=active", tags="spring", confirmed="1")
    job()
    session.expire_all()
    page = desk.get(answer.location).text

    assert "Finished: 3 tickets." in page and "Something went wrong" in page and "did not allow it" in page
    assert [name for name in shelf if "spring" in map(str, shelf[name].tags)] == ["toner"]


def test_an_action_never_reaches_hidden_tickets(desk, team, carla, shelf):
    """R-VIS-8."""
    hidden = open_ticket(make_team("Board", "board", team.company, visibility="private"), carla, "Secret", "Text")
    session.commit()
    page = everything(desk, "tag", tags="x")
    everything(desk, "tag", tags="x", confirmed="1")
    job()
    session.expire_all()

    assert "Do this with 4 tickets?" in page.text and session.get(Ticket, hidden.id).tags == []


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "assign", "assignee": "99999999999999999999"}, {"action": "assign", "assignee": "x"},
        {"action": "move"}, {"action": "move", "stage": "99999999999999999999"}, {"action": "tag"},
        {"action": "tag", "tags": "\0" * 9 + "," * 500}, {"action": "close", "why": "x" * 5000},
        {"action": "follow", "ticket": ["0", "-1", "99999999999999999999", "x"]},
    ],
)  # fmt: skip
def test_odd_values_are_answered(desk, shelf, fields):
    for data in ({"ticket": [shelf["toner"].id]} | fields, {"all": "1", "confirmed": "1"} | fields):
        assert desk.post("/console/tickets/bulk", data=data).status_code in (200, 303)
    job()


def test_the_page_of_an_action_costs_the_same_for_many_tickets(desk, shelf, team, carla, queries):
    def cost():
        answer = everything(desk, "close", confirmed="1")
        job()
        with queries() as seen:
            desk.get(answer.location)
        return len(seen)

    few = cost()
    for number in range(60):
        open_ticket(team, carla, f"Ticket {number}", "Text")
    session.commit()
    assert cost() == few <= 12


def test_ticking_all_offers_the_whole_list(desk, shelf):
    page = desk.get("/console/tickets?q=please&status=active").text

    assert re.search(r'name="all" value="1"', page) and 'name="words" value="q=please&amp;status=active"' in page
