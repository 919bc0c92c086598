"""My Account → Tickets: the list."""

from datetime import timedelta

import pytest

from models import Company, Contact, make_team, now, open_ticket, session
from models.sweep import close_due_batch


@pytest.fixture
def mine(sign_in, carlas_login):
    return sign_in(carlas_login)


def subjects(page) -> list[str]:
    text = page.text.replace("<mark>", "").replace("</mark>", "")
    return [line.split(">")[1].split("<")[0] for line in text.split('class="ticket-subject"')[1:]]


def test_my_leads_to_the_tickets(mine):
    assert mine.get("/my").location == "/my/tickets"


def test_the_list_has_what_i_asked_and_what_i_follow(mine, printer, team, agnes, carla):
    followed = open_ticket(team, agnes.contact, "Followed", "words")
    followed.add_follower(carla)
    open_ticket(team, agnes.contact, "Foreign", "words")
    session.commit()

    assert set(subjects(mine.get("/my/tickets"))) == {"The printer is on fire", "Followed"}


@pytest.mark.parametrize("visibility", ["private", "company"])
def test_teams_that_are_not_public_do_not_appear(mine, printer, team, visibility):
    team.change_visibility(visibility)
    session.commit()

    assert subjects(mine.get("/my/tickets")) == []
    assert subjects(mine.get("/my/tickets?q=printer")) == []


def test_open_and_closed_are_told_apart(mine, closed, team, carla):
    open_ticket(team, carla, "Still open", "words")
    session.commit()

    assert subjects(mine.get("/my/tickets?status=open")) == ["Still open"]
    assert subjects(mine.get("/my/tickets?status=closed")) == ["The printer is on fire"]
    assert len(subjects(mine.get("/my/tickets"))) == 2


def test_a_closed_ticket_says_who_closed_it_why_and_after_how_long(mine, closed, team, carla, agnes):
    """R-CLOSE-10, as far as a customer may know it: the team, not the agent."""
    team.closure_by_customers = team.auto_close = True
    open_ticket(team, carla, "Mine", "words").close_by_customer(carla, comment="Found it")
    at = now() - timedelta(days=20)
    open_ticket(team, carla, "Silent", "words", at=at).reply(agnes.contact, "Done?", at=at)
    session.commit()
    close_due_batch(now())
    session.commit()

    page = mine.get("/my/tickets?status=closed").text
    assert "by Support · after 1 minute · It burned down" in page and "Agnes" not in page
    assert "by you · after 1 minute · Found it" in page
    assert "automatically · after 3 weeks · No activity for 7 days." in page


def test_words_are_found_but_not_those_of_notes(mine, printer, agnes):
    printer.reply(agnes.contact, "The customer is impatient", internal=True)
    session.commit()

    assert subjects(mine.get("/my/tickets?q=smokes")) == ["The printer is on fire"]
    assert subjects(mine.get("/my/tickets?q=impatient")) == []


@pytest.mark.parametrize(("sort", "first"), [("subject", "A"), ("-subject", "B"), ("number", "B"), ("-number", "A")])
def test_the_list_is_sorted_as_asked(mine, team, carla, sort, first):
    for subject in ("B", "A"):
        open_ticket(team, carla, subject, "words")
    session.commit()

    assert subjects(mine.get(f"/my/tickets?sort={sort}"))[0] == first


ODD = """status=x sort=x page=0 page=-1 page=x page=99999999999999999999 page=² page=300 q=%00 q="%22%27%3A*()
status=open&status=closed"""


@pytest.mark.parametrize("query", ODD.split())
def test_nothing_in_the_address_breaks_the_page(mine, printer, query):
    assert mine.get(f"/my/tickets?{query}").status_code == 200


def test_pages_follow_each_other(mine, team, carla):
    for n in range(30):
        open_ticket(team, carla, f"Number {n}", "words")
    session.commit()

    first, second = mine.get("/my/tickets?sort=number"), mine.get("/my/tickets?sort=number&page=2")

    assert len(subjects(first)) == 25
    assert subjects(second) == [f"Number {n}" for n in range(25, 30)]
    assert "page=2" in first.text
    assert "The list ends before this page" in mine.get("/my/tickets?page=9").text


def test_the_list_costs_the_same_queries_whatever_its_length(mine, team, carla, queries):
    def cost():
        with queries() as seen:
            mine.get("/my/tickets?q=words&status=open")
        return len(seen)

    open_ticket(team, carla, "One", "words")
    session.commit()
    few = cost()
    for n in range(20):
        open_ticket(team, carla, f"Number {n}", "words")
    session.commit()

    assert cost() == few <= 12


def test_an_internal_user_finds_what_they_take_part_in(sign_in, printer, team, agnes, company):
    own = open_ticket(team, agnes.contact, "My chair", "words")
    elsewhere = make_team("Elsewhere", "elsewhere", Company(name="Other"), visibility="public")
    open_ticket(elsewhere, agnes.contact, "Of another company", "words")
    session.commit()
    client = sign_in(agnes)

    assert subjects(client.get("/my/tickets")) == ["My chair"]
    assert client.get(f"/my/tickets/{own.number}").status_code == 200
    assert client.get(f"/my/tickets/{printer.number}").status_code == 404


def test_the_empty_list_says_what_to_do(sign_in, person, team):
    assert "No tickets yet" in sign_in(person("Nina", role="portal")).get("/my/tickets").text


def test_a_contact_removed_from_a_ticket_no_longer_sees_it(mine, printer, carla):
    printer.remove_follower(carla)
    session.commit()

    assert subjects(mine.get("/my/tickets")) == []
    assert mine.get(f"/my/tickets/{printer.number}").status_code == 404
    assert Contact.by_email(carla.email) is carla


@pytest.mark.parametrize("follows_all", [False, True])
def test_a_search_marks_what_it_found_and_falls_back_to_beginnings(mine, printer, team, carla, agnes, follows_all):
    if follows_all:
        team.add_follower(carla)
    printer.reply(agnes.contact, "Is it the <toner>?")
    printer.reply(agnes.contact, "Toner, obviously", internal=True)
    open_ticket(team, carla, "Something else", "words")
    session.commit()
    page = mine.get("/my/tickets?q=PRINTERS+toner")
    beginnings = mine.get("/my/tickets?q=ton+pri")

    assert subjects(page) == subjects(beginnings) == ["The printer is on fire"]
    assert "The <mark>printer</mark> is on fire" in page.text and "Is it the &lt;<mark>toner</mark>&gt;?" in page.text
    assert "obviously" not in page.text
    assert "words that begin with them" in beginnings.text and "words that begin with them" not in page.text
    for nothing in ("obviously", "obv", "%22", "*", "x" * 3000, "toner&page=400"):
        assert subjects(mine.get(f"/my/tickets?q={nothing}")) == []


def test_a_follower_stops_following_and_the_customer_stays(printer, carlas_login, person, sign_in):
    nina = person("Nina", role="portal")
    printer.add_follower(nina.contact)
    session.commit()
    client, address = sign_in(nina), f"/my/tickets/{printer.number}"

    assert "Stop following" in client.get(address).text
    assert client.post(f"{address}/unfollowing").location == "/my/tickets"
    assert client.get(address).status_code == 404
    assert printer.subject not in client.get("/my/tickets").text

    carla = sign_in(carlas_login)
    assert "Stop following" not in carla.get(address).text
    assert carla.post(f"{address}/unfollowing").location == address
    assert carla.get(address).status_code == 200
