"""Saved views: own and shared; they show their reader nothing that the reader may not see (R-VIS-8)."""

import re

import pytest

from models import Company, SavedView, make_team, open_ticket, session
from models.filters import Filters


def save(client, name="Urgent", words="priority=3", company=0):
    return client.post("/console/views", data={"name": name, "words": words, "company": company})


def tabs(client, address="/console/tickets") -> list[str]:
    return re.findall(r'class="tab"[^>]*>(?:<svg.*?</svg>)?([^<]+)</a>', client.get(address).text)


def subjects(client, address) -> list[str]:
    return re.findall(r'class="ticket-subject"[^>]*>The (\w+) is gone', client.get(address).text)


def test_a_view_is_saved_and_opened_by_its_tab(desk, shelf):
    answer = save(desk)
    page = desk.get(answer.location).text

    assert subjects(desk, answer.location) == ["toner"]
    assert tabs(desk) == ["All", "Mine", "Closed", "Urgent"]
    assert "<h1" in page and 'aria-current="page"' in page and "Edit the view" in page


def test_a_view_of_my_tickets_is_a_view_of_whoever_opens_it(desk, shelf, arthur, company, sign_in):
    words = re.search(r'name="words" value="([^"]*)"', desk.get("/console/tickets/mine").text)[1].replace("&amp;", "&")
    answer = save(desk, "On my desk", words, company.id)

    assert subjects(desk, answer.location) == ["paper"]
    assert subjects(sign_in(arthur), answer.location) == ["light"]


def test_a_view_of_ones_own_is_nobody_elses(desk, arthur, ada, sign_in):
    number = save(desk).location.rpartition("view=")[2]

    for user in (arthur, ada):
        other = sign_in(user)
        assert "Urgent" not in tabs(other)
        assert other.get(f"/console/views/{number}").status_code == 404
        assert other.post(f"/console/views/{number}/removal").status_code == 404
    assert desk.get("/console/views/99999999999999999999").status_code == 404


def test_a_shared_view_is_seen_in_its_company_and_changed_by_its_owner_and_administrators(
    desk, arthur, ada, company, person, sign_in
):
    globex = Company(name="Globex")
    session.add(globex)
    session.commit()
    number = save(desk, company=company.id).location.rpartition("view=")[2]
    frida = sign_in(person("Frida", role="administrator", companies=[globex]))

    assert "Urgent" in tabs(sign_in(arthur)) and "Urgent" not in tabs(frida)
    assert frida.get(f"/console/views/{number}").status_code == 404
    assert sign_in(arthur).get(f"/console/views/{number}").status_code == 403
    changed = sign_in(ada).post(f"/console/views/{number}", data={"name": "Hot", "company": company.id})
    assert changed.status_code == 303 and "Hot" in tabs(sign_in(arthur))
    assert sign_in(ada).post(f"/console/views/{number}/removal").status_code == 303
    assert "Hot" not in tabs(desk)


def test_nobody_shares_with_a_company_of_others(desk):
    globex = Company(name="Globex")
    session.add(globex)
    session.commit()

    assert save(desk, company=globex.id).status_code == 422
    assert session.query(SavedView).count() == 0


def test_a_shared_view_shows_no_more_than_its_reader_may_see(ada, desk, team, carla, company, sign_in):
    secret = make_team("Direction", "direction", company, visibility="private")
    open_ticket(secret, carla, "The boss is gone", "Text")
    session.commit()
    answer = save(sign_in(ada), "The board", f"team={secret.id}", company.id)

    assert subjects(sign_in(ada), answer.location) == ["boss"]
    assert subjects(desk, answer.location) == [] and "Direction</" not in desk.get(answer.location).text


def test_a_view_keeps_what_it_is_told_to_show(desk, shelf):
    number = save(desk).location.rpartition("view=")[2]
    page = desk.get(f"/console/tickets?view={number}&priority=3&assignee=me").text
    assert "Save the view" in page
    desk.post(f"/console/views/{number}", data={"words": "priority=3&assignee=me&view=7&page=9&after=1~1"})

    assert session.get(SavedView, int(number)).words == {"priority": "3", "assignee": "me"}


@pytest.mark.parametrize("name", ["", "   ", "\x00", "x" * 61])
def test_a_view_needs_a_name(desk, name):
    assert save(desk, name).status_code == 422


def test_odd_words_are_left_out(desk, agnes):
    answer = save(desk, "<b>Odd</b>", "status=odd&q=%00%F0%9F%94%A5&x=y&team=" + "9" * 5000)

    assert "<b>Odd" not in desk.get(answer.location).text
    assert session.query(SavedView).one().words == {"q": "🔥"}


def test_one_person_keeps_at_most_fifty(desk, agnes):
    for number in range(50):
        SavedView.save(agnes, f"View {number}", Filters())
    session.commit()
    page = desk.post("/console/views", data={"name": "One more", "words": "", "company": 0}, follow_redirects=True)

    assert "delete one first" in page.text and session.query(SavedView).count() == 50


def test_columns_are_remembered_for_their_reader_alone(desk, arthur, shelf, sign_in):
    def heads(client):
        return re.findall(r"<th[^>]*>(?:<a[^>]*>)?([A-Z][\w. ]+)", client.get("/console/tickets").text)

    usual = ["No.", "Subject", "Stage", "Priority", "Assignee", "Last activity"]
    assert heads(desk) == usual
    desk.post("/console/tickets/columns", data={"columns": ["created", "customer", "odd"]})
    session.expire_all()

    assert heads(desk) == ["Subject", "Customer", "Opened"] and heads(sign_in(arthur)) == usual
    desk.post("/console/tickets/columns", data={})
    assert heads(desk) == ["Subject"]
    desk.post("/console/tickets/columns", data={"usual": "1", "columns": ["created"]})
    assert heads(desk) == usual
