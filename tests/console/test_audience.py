"""Who sees what is said before and after a change, and the methods of assignment can be tried on paper."""

import re
from datetime import timedelta

import pytest

from models import TimeOff, session
from models.assignment import assign_due_batch
from models.base import now
from models.company import DAYS


def test_a_ticket_says_who_can_see_it(printer, agnes, ada, sign_in):
    page = sign_in(agnes).get(f"/console/tickets/{printer.number}/audience").text
    for words in ("Agnes", "Ada", "administrator of the company", "everybody of the company sees this team"):
        assert words in page


def test_before_a_team_is_hidden_the_losers_are_named(team, printer, carlas_login, arthur, send):
    address = f"/console/teams/{team.id}/settings"
    page = send(address, visibility="private")

    assert page.status_code == 200
    assert "Carla Conti" in page.text
    assert "Arthur" in page.text
    session.expire_all()
    assert team.visibility == "public"

    saved = send(address, visibility="private", confirmed="1")
    session.expire_all()
    assert (saved.status_code, team.visibility) == (303, "private")


def test_saving_says_what_changed_and_the_page_remembers(team, send, office):
    address = f"/console/teams/{team.id}/settings"
    send(address, reopen_days="21", closure_by_customers="y")
    page = office.get(address).text

    assert "Saved: Closure by customers, Reopening window." in page
    assert "21" in page
    assert "Ada" in page
    send(address)
    assert "Nothing was changed." in office.get(address).text


def test_the_history_of_the_settings_speaks_as_the_form_does(team, send, office, ada):
    address = f"/console/teams/{team.id}/settings"
    send(address, ask_rating="y", auto_assign="equal_open", visibility="company", confirmed="1")
    history = office.get(address).text.partition('id="history"')[2].replace("</svg>", "→")
    lines = (line.partition("plain-list-ways")[0] for line in history.split("<li>")[1:])
    told = {" ".join(re.sub(r"<[^>]*>|<.*$", "", line).split()) for line in lines}
    assert told == {
        "Ask for a rating no → yes",
        "Automatic assignment By hand → Equal number of open tickets",
        "Visibility Portal users too → All internal users",
    }
    ada.contact.language = "fr"
    session.commit()
    assert "→ Nombre égal de tickets ouverts" in office.get(address).text.replace("</svg> ", "→ ")


def test_the_assignment_page_shows_loads_and_both_methods(team, printer, agnes, arthur, sign_in):
    team.auto_assign = "equal_open"
    printer.assign_to(agnes, by=arthur.contact)
    arthur.time_off = [TimeOff(starts_at=now() - timedelta(days=1), ends_at=now() + timedelta(days=3))]
    session.commit()

    client, address = sign_in(agnes), f"/console/teams/{team.id}/assignment"
    page = client.get(address).text
    assert "Equal number of open tickets" in page
    assert page.count("Arthur") >= 2
    assert "time off" in page

    part = client.get(f"{address}/simulation", headers={"HX-Request": "true"}).text
    assert part.startswith('<div id="simulation">') and "Arthur" in part and "<html" not in part
    assert client.get(f"{address}/simulation").location == address


def test_outside_working_hours_nobody_is_here(team, company, agnes, sign_in):
    tomorrow = DAYS[(now() + timedelta(days=1)).weekday()]
    company.timezone, company.working_hours = "UTC", {tomorrow: [["00:00", "24:00"]]}
    session.commit()

    page = sign_in(agnes).get(f"/console/teams/{team.id}/assignment").text
    assert "outside working hours" in page and ">here<" not in page


def test_the_ticket_shows_the_reason_of_the_rule(team, company, printer, agnes, sign_in):
    team.auto_assign, company.working_hours = "equal_total", {day: [["00:00", "24:00"]] for day in DAYS}
    session.commit()
    assign_due_batch(now())
    session.commit()

    page = sign_in(agnes).get(f"/console/tickets/{printer.number}").text
    assert '<div class="fact-more">Fewest tickets in all: Agnes 0</div>' in page


def test_assigning_somebody_who_is_away_warns(printer, agnes, arthur, sign_in):
    arthur.time_off = [TimeOff(starts_at=now() - timedelta(days=1), ends_at=now() + timedelta(days=3))]
    session.commit()
    client = sign_in(agnes)
    client.post(f"/console/tickets/{printer.number}/assignment", data={"assignee": arthur.email})
    assert "who is away until" in client.get(f"/console/tickets/{printer.number}").text


@pytest.mark.parametrize(
    ("hours", "words"), [({}, "No member will be available"), (None, "Nobody of this team takes tickets")]
)
def test_the_board_says_why_tickets_wait(hours, words, team, company, printer, agnes, sign_in):
    team.auto_assign = "equal_open"
    if hours is None:
        agnes.takes_tickets = False
    else:
        company.working_hours = hours
    session.commit()
    page = sign_in(agnes).get(f"/console/teams/{team.id}").text
    assert "1 ticket waits for an assignee." in page
    assert words in page


def test_an_agent_follows_a_team_and_stops_again(team, printer, agnes, carla, sign_in):
    client, address = sign_in(agnes), f"/console/teams/{team.id}"
    following, unfollowing = f'action="{address}/following"', f'action="{address}/unfollowing"'
    assert following in client.get(address).text
    page = client.post(f"{address}/following", follow_redirects=True).text
    assert "You follow the team" in page and unfollowing in page and following not in page
    assert agnes.contact in printer.followers
    client.post(f"{address}/unfollowing")
    session.expire_all()
    assert agnes.contact not in printer.followers

    team.set_members([agnes])
    session.commit()
    page = client.post(f"{address}/unfollowing", follow_redirects=True).text
    assert "members follow it" in page and following not in page and unfollowing not in page
    team.set_members([])
    team.change_visibility("private")
    session.commit()
    assert "no longer see it" in client.post(f"{address}/unfollowing", follow_redirects=True).text
    assert client.get(address).status_code == client.post(f"{address}/following").status_code == 404


def test_one_follows_and_stops_following_by_a_button(printer, agnes, sign_in):
    client, address = sign_in(agnes), f"/console/tickets/{printer.number}"
    assert "Follow this ticket" in client.get(address).text
    client.post(f"{address}/followers", data={"email": agnes.email})
    assert "Stop following" in client.get(address).text
    client.post(f"{address}/followers/{agnes.contact_id}/removal")
    session.expire_all()
    assert agnes.contact not in printer.followers
    printer.close(by=agnes.contact)
    session.commit()
    page = client.get(address).text.partition("<main")[2].partition("</main>")[0]
    assert "Follow this ticket" not in page and "Add a follower" not in page and "/removal" not in page
    assert "Who can see this" in page
