"""My tickets, all tickets, closed tickets: filters, order, pages, and deeds with several at once."""

import re

import pytest

from models import Ticket, make_team, open_ticket, session
from models.filters import Filters
from models.listing import PER_PAGE, page_of


def found(client, address):
    """The words of the tickets on a page, in their order."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.findall(r'class="ticket-subject"[^>]*>The (\w+) is gone', re.sub("</?mark>", "", answer.text))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "door light paper toner"),
        ("?sort=activity", "toner paper light door"),
        ("?sort=-created", "door light paper toner"),
        ("?sort=created", "toner paper light door"),
        ("?status=active", "light paper toner"),
        ("?status=closed", "door"),
        ("?status=answered", "light"),
        ("?status=new", "paper toner"),
        ("?assignee=me", "paper"),
        ("?assignee=none", "door toner"),
        ("?priority=3", "toner"),
        ("?tag=supplies", "toner"),
        ("?tag=nothing", ""),
        ("?customer=carla@client.example", "door light paper toner"),
        ("?customer=carla conti", "door light paper toner"),
        ("?customer=nobody@client.example", ""),
        ("?q=toner", "toner"),
        ("?q=minute", "light"),
        ("?q=minute&status=closed", ""),
        ("?team=2000000000", ""),
        ("?stage=2000000000", ""),
        ("?page=7", ""),
        ("?page=99999999", ""),
        ("?q=%00&tag=%00&customer=%00", "door light paper toner"),
        ("?team=x&stage=-1&status=odd&assignee=odd&priority=9&sort=odd&page=odd", "door light paper toner"),
        ("?assignee=99999999999999999999&page=0", "door light paper toner"),
        ("?q=%22%27%3B--%20*", ""),
    ],
)
def test_a_list_shows_what_is_asked_for(query, names, desk, shelf):
    assert found(desk, f"/console/tickets{query}") == names.split()


def test_the_most_urgent_come_first(desk, shelf):
    assert found(desk, "/console/tickets?sort=-priority")[0] == "toner"
    assert found(desk, "/console/tickets?sort=priority")[-1] == "toner"


def test_a_number_finds_its_ticket(desk, shelf):
    assert found(desk, f"/console/tickets?q=%23{shelf['paper'].id}") == ["paper"]
    assert "paper" in found(desk, f"/console/tickets?q={shelf['paper'].id}")


def test_my_tickets_are_the_open_ones_assigned_to_me(desk, shelf, agnes):
    shelf["door"].reopen()
    shelf["door"].assign_to(agnes)
    shelf["door"].close()
    session.commit()

    assert found(desk, "/console/tickets/mine") == ["paper"]
    assert found(desk, "/console/tickets/mine?status=closed") == ["door"]
    assert found(desk, "/console/tickets/closed") == ["door"]


def test_filters_in_force_stand_there_to_be_taken_away(desk, shelf):
    page = desk.get("/console/tickets?priority=3&tag=supplies").text

    assert "Priority: Urgent" in page and 'href="/console/tickets?tag=supplies"' in page


def test_a_list_has_pages_and_an_end(desk, team, carla, agnes):
    for number in range(PER_PAGE + 1):
        open_ticket(team, carla, f"The {number} is gone", "Text")
    session.commit()
    first, second = (found(desk, f"/console/tickets?page={page}") for page in (1, 2))

    assert len(first) == PER_PAGE and second == ["0"] and not set(first) & set(second)
    assert (
        'rel="next"' in desk.get("/console/tickets").text
        and 'rel="next"' not in desk.get("/console/tickets?page=2").text
    )


@pytest.mark.parametrize("sort", ["-activity", "activity", "-created", "created", "-priority", "priority"])
def test_both_ways_through_the_tickets_find_the_same(sort, shelf, agnes, team, monkeypatch):
    make_team("Sales", "sales", team.company)
    merged = [row.number for row in page_of(agnes, Filters(sort=sort)).rows]
    monkeypatch.setattr("models.candidates.MOST_COLUMNS", 0)
    walked = [row.number for row in page_of(agnes, Filters(sort=sort)).rows]

    assert len(walked) == 4
    if "priority" not in sort:  # among equals the merged list keeps the order of the board
        assert merged == walked


def test_a_list_costs_the_same_with_five_and_with_fifty_rows(desk, team, carla, agnes, queries):
    addresses = ("/console/tickets", "/console/tickets/mine", "/console/tickets?q=text", "/console/tickets?q=tex+tic")

    def costs(number) -> list[int]:
        for place in range(number):
            ticket = open_ticket(team, carla, f"Ticket {place}", "Text")
            ticket.assign_to(agnes)
            ticket.edit(agnes.contact, tags=[f"tag {place}"])
        session.commit()
        return [len(asked(address)) for address in addresses]

    def asked(address):
        with queries() as seen:
            assert desk.get(address).status_code == 200
        return seen

    few = costs(5)
    assert few == costs(45) and max(few) <= 12


@pytest.mark.parametrize("waiting", ["us", "customer"])
def test_a_list_shows_who_waits_for_whom(waiting, desk, shelf):
    names = {"us": ["paper", "toner"], "customer": ["light"]}

    assert found(desk, f"/console/tickets?waiting={waiting}") == names[waiting]
    assert found(desk, f"/console/tickets?waiting={waiting}&q=please") == names[waiting]
    assert found(desk, f"/console/tickets?waiting={waiting}&status=closed") == []


def links(page) -> dict:
    """The ways to the neighbours of a page."""
    return {rel: url.replace("&amp;", "&") for rel, url in re.findall(r'rel="(prev|next)" href="([^"]+)"', page)}


@pytest.mark.parametrize("query", ["", "sort=activity", "sort=created", "sort=-priority", "sort=priority", "q=please"])
def test_pages_lead_through_the_whole_list_and_back(query, desk, team, carla, agnes, monkeypatch):
    """Also while tickets arrive and move: no ticket is skipped, none is shown twice."""
    monkeypatch.setattr("console.lists.PER_PAGE", 3)
    for number in range(8):
        open_ticket(team, carla, f"The {number} is gone", "Please help").edit(agnes.contact, priority=number % 3)
    session.commit()
    whole = [str(row.number) for row in page_of(agnes, Filters.read({"q": "please", "sort": query[5:]}), 50).rows]
    numbers = {str(ticket.id): ticket.subject.split()[1] for ticket in session.query(Ticket)}
    whole = [numbers[number] for number in whole]

    seen, address, addresses = [], f"/console/tickets?{query}", []
    while address:
        addresses.append(address)
        seen += found(desk, address)
        address = links(desk.get(address).text).get("next")
        if len(seen) == 3 and "sort" not in query:
            open_ticket(team, carla, "The new one is gone", "Please help")
            session.commit()
    back = links(desk.get(addresses[-1]).text)["prev"]

    assert seen == whole and len(addresses) == 3
    assert found(desk, back) == whole[3:6]
    assert found(desk, links(desk.get(back).text)["prev"])[-1] in (whole[2], whole[1])


@pytest.mark.parametrize(
    "address", ["?page=41", "?page=999999", "?after=1~1", "?after=1~1&priority=3", "?page=99&q=please"]
)
def test_beyond_the_end_there_is_a_way_back(address, desk, shelf):
    page = desk.get(f"/console/tickets{address}").text

    assert "The list ends before this page" in page and "First page" in page


@pytest.mark.parametrize(
    "place", ["x", "~", "1~2~3", "nan~1", "9" * 30 + "~1", "-" * 70, "1e9~1~1", "1~inf~1", "\x00", "%F0%9F%94%A5~1"]
)
def test_a_place_that_is_none_is_left_out(place, desk, shelf):
    for sort in ("-activity", "created", "-priority"):
        for way in ("after", "before"):
            assert desk.get(f"/console/tickets?sort={sort}&{way}={place}").status_code == 200


def test_words_that_were_found_are_marked(desk, shelf, carla, agnes):
    shelf["paper"].reply(carla, 'It is <b onclick="x">paper</b> number <4> & nothing else')
    shelf["toner"].reply(agnes.contact, "They have no paper either", internal=True)
    session.commit()
    page = desk.get("/console/tickets?q=papers").text

    assert "The <mark>paper</mark> is gone" in page
    assert "It is &lt;b onclick=&#34;x&#34;&gt;<mark>paper</mark>&lt;/b&gt; number &lt;4&gt; &amp; nothing else" in page
    assert "They have no <mark>paper</mark> either" in page


def test_nothing_found_as_it_is_looks_for_beginnings(desk, shelf):
    page = desk.get("/console/tickets?q=ton+hel").text

    assert "The <mark>toner</mark> is gone" in page and "words that begin with them" in page
    assert "words that begin with them" not in desk.get("/console/tickets?q=toner").text
    assert found(desk, "/console/tickets?q=%22ton%22") == []


def test_a_search_reads_the_list_where_its_words_stand_in_most_tickets(desk, shelf, monkeypatch, agnes, team):
    """Both ways find the same (design section 6)."""
    from models.search import Search

    asked = [Filters(q=q, sort=sort, status=status) for q in ("please", "gone the", "toner", "nowhere")
             for sort in ("-activity", "created", "-priority") for status in ("", "active")]  # fmt: skip
    by_index = [[row.number for row in page_of(agnes, one).rows] for one in asked]
    monkeypatch.setattr(Search, "to_read_for", lambda search, count, found, every: count + 1)
    by_list = [[row.number for row in page_of(agnes, one).rows] for one in asked]

    assert by_index == by_list and len(by_index[0]) == 4


@pytest.mark.parametrize("q", ["x" * 10_000, "word " * 2000, " ".join(f"w{n}" for n in range(30))])
def test_a_search_that_is_too_long_is_cut_and_says_so(agnes, sign_in, printer, q):
    page = sign_in(agnes).get("/console/tickets", query_string={"q": q})

    assert page.status_code == 200 and "only its beginning is searched for" in page.text
    assert "only its beginning" not in sign_in(agnes).get("/console/tickets?q=printer").text
