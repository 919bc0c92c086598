"""The page of a ticket, behind the link and behind My Account alike."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models import Contact, Delivery, Event, Link, Message, Rating, Ticket, now, session

from .conftest import file, key_in, messages, tickets


@pytest.fixture(params=["link", "signed in"])
def door(request, client, sign_in, printer):
    """(client, address) of the ticket about the printer, by each of the two ways."""
    if request.param == "link":
        return client, request.getfixturevalue("link")
    return sign_in(request.getfixturevalue("carlas_login")), f"/my/tickets/{printer.number}"


def post(door, what, follow=False, **form):
    client, address = door
    answer = client.post(f"{address}/{what}", data=form, follow_redirects=follow)
    session.expire_all()
    return answer


def test_the_page_shows_the_public_conversation(door, agent_says):
    agent_says("Pull the **plug**.")
    agent_says("A difficult customer.", internal=True)

    page = door[0].get(door[1])

    assert page.status_code == 200
    assert "The printer is on fire" in page.text
    assert "<strong>plug</strong>" in page.text
    assert "difficult" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_who_speaks_for_the_team_is_told_from_who_only_has_the_name(door, agent_says, printer):
    agent_says("From the team.")
    page = door[0].get(door[1]).text
    assert page.count("message-team") == 1
    namesake = Contact(email="eve@evil.example", name="Agnes")
    session.add(namesake)
    printer.reply(namesake, "From a stranger who has the reply address.")
    session.commit()
    page = door[0].get(door[1]).text

    assert "From a stranger" in page
    assert page.count("message-team") == 1


def test_quoted_text_is_folded(door, agent_says):
    agent_says("Pull the plug.\n\nOn 1 May 2026, Carla <c@client.example> wrote:\n> Fire!\n")
    page = door[0].get(door[1]).text
    folded = page[page.index('<details class="folded">') :].partition("</details>")[0]
    assert "Fire!" in folded and "Pull the plug." in page.partition(folded)[0]


def test_opening_changes_nothing(door, agent_says):
    agent_says()
    tables = (Ticket, Message, Event, Delivery, Link, Contact)
    before = [session.query(table).count() for table in tables]
    state = (tickets()[0].last_activity_at, tickets()[0].stage.name)

    for method in ("get", "head"):
        for _ in range(2):
            getattr(door[0], method)(door[1])
    session.expire_all()

    assert [session.query(table).count() for table in tables] == before
    assert (tickets()[0].last_activity_at, tickets()[0].stage.name) == state
    assert [link.last_used_at for link in session.query(Link)] in ([], [None])


def test_a_page_costs_the_same_queries_whatever_its_length(door, agent_says, printer, carla, queries):
    def cost():
        with queries() as seen:
            door[0].get(door[1])
        return len(seen)

    agent_says()
    few = cost()
    for n in range(15):
        printer.reply(carla, f"Still burning {n}.", key=f"k{n}")
    session.commit()

    assert cost() == few <= 12


def test_a_reply_reaches_the_ticket_with_its_files(door, printer):
    answer = post(door, "replies", body="Help!", attachments=[file("fire.jpg", b"jpg", "image/jpeg")], key="k")

    assert answer.status_code == 303
    assert answer.location == door[1]
    assert messages(printer)[-1].body == "Help!"
    assert messages(printer)[-1].attachments[0].name == "fire.jpg"
    assert messages(printer)[-1].author.email == "carla@client.example"


def test_a_reply_sent_twice_is_one_message(door, printer):
    key = key_in(door[0].get(door[1]))
    for _ in range(2):
        assert post(door, "replies", body="Help!", key=key).status_code == 303

    assert [message.body for message in messages(printer)][1:] == ["Help!"]


def test_another_text_with_the_same_key_is_another_message(door, printer):
    post(door, "replies", body="Help!", key="k")
    post(door, "replies", body="Please!", key="k")

    assert len(messages(printer)) == 3


def test_a_file_alone_is_a_message(door, printer):
    assert post(door, "replies", body="", attachments=[file()], key="k").status_code == 303
    assert len(messages(printer)) == 2


def test_an_empty_reply_is_refused_at_the_field(door, printer):
    answer = post(door, "replies", body="   ", key="k")

    assert answer.status_code == 422
    assert "Write something, or add a file." in answer.text
    assert len(messages(printer)) == 1


def test_a_reply_with_a_file_too_large_is_refused_and_kept(app, door, printer):
    app.config["MAX_ATTACHMENT_BYTES"] = 1000

    answer = post(door, "replies", body="Look at this", attachments=[file("big.bin", b"x" * 2000)], key="k")

    assert answer.status_code == 422
    assert "is larger than 1 kB" in answer.text
    assert "Look at this" in answer.text


def test_a_reply_far_too_long_is_refused_and_kept(door, printer):
    answer = post(door, "replies", body="x" * 100_001, key="k")

    assert answer.status_code == 422
    assert "x" * 100_001 in answer.text


def test_the_page_says_who_waits_for_whom(door, printer, agent_says):
    assert "It is our turn" in door[0].get(door[1]).text

    agent_says()

    assert "We have answered, and wait for you" in door[0].get(door[1]).text


def test_the_page_says_when_the_ticket_closes_by_itself(door, team, agent_says):
    team.auto_close, team.auto_close_days = True, 7
    message = agent_says()
    day = (message.at + timedelta(days=7)).astimezone(ZoneInfo(team.company.timezone)).strftime("%B %-d, %Y")

    assert f"closes on {day} unless you write" in door[0].get(door[1]).text


def test_a_spared_ticket_announces_no_closing(door, team, printer, agent_says):
    team.auto_close = True
    session.commit()
    assert "unless you write" not in door[0].get(door[1]).text  # it waits for our answer

    agent_says()
    printer.never_auto_close = True
    session.commit()

    assert "unless you write" not in door[0].get(door[1]).text


def test_a_customer_closes_where_the_team_offers_it(door, team, printer):
    team.closure_by_customers = True
    session.commit()
    assert "Close ticket" in door[0].get(door[1]).text

    answer = post(door, "closing", comment="Solved it myself", score="5")

    assert answer.status_code == 303
    assert printer.closed
    assert (printer.closing.how, printer.closing.why, printer.rating.score) == ("customer", "Solved it myself", 5)
    assert post(door, "closing").status_code == 303


def test_a_closing_that_is_not_offered_is_refused(door, printer):
    assert "Close ticket" not in door[0].get(door[1]).text

    answer = post(door, "closing", comment="Enough of this")

    assert answer.status_code == 422
    assert "not yours to close" in answer.text
    assert "Enough of this" in answer.text
    assert not printer.closed


def test_an_unknown_score_closes_nothing(door, team, printer):
    team.closure_by_customers = True
    session.commit()

    answer = post(door, "closing", comment="Fine", score="4")

    assert answer.status_code == 422
    assert "Choose one of the three answers." in answer.text
    assert not printer.closed


@pytest.fixture
def resolved(printer, team, agnes):
    printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    session.commit()
    return printer


def test_a_resolved_ticket_asks_and_yes_closes_it(door, resolved):
    assert "Is it solved?" in door[0].get(door[1]).text

    post(door, "closing")

    assert resolved.closed


def test_not_yet_opens_a_resolved_ticket_without_a_word(door, resolved):
    assert post(door, "reopening", body="").status_code == 303
    assert resolved.status == "open"


@pytest.mark.parametrize("left", [["new", "resolved", "closed"], ["resolved", "closed"]])
def test_not_yet_is_heard_in_a_team_without_an_open_stage(client, link, printer, team, agnes, left):
    """Else it would close by itself, while its customer waits for us (R-CLOSE-7, 3b)."""
    printer.reply(agnes.contact, "Done.")
    printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    team.stages = [stage for stage in team.stages if stage.ticket_status in left]
    session.commit()
    page = client.post(f"{link}/reopening", data={"body": ""}, follow_redirects=True)
    session.expire_all()

    assert "It is our turn again" in page.text
    assert (printer.stage, printer.waiting_since is not None) == (team.stages[0], True)


def test_not_yet_with_a_word_is_a_message(door, resolved):
    post(door, "reopening", body="It smokes again", key="k")

    assert resolved.status == "open"
    assert messages(resolved)[-1].body == "It smokes again"


@pytest.mark.parametrize("what", ["replies", "reopening"])
def test_a_message_reopens_a_closed_ticket(door, closed, what):
    page = post(door, what, follow=True, body="Burning again", key="k")

    assert "the ticket is open again" in page.text
    assert not closed.closed


def test_reopening_without_a_word_is_refused(door, closed):
    answer = post(door, "reopening", body="")

    assert answer.status_code == 422
    assert "Write what is still missing" in answer.text
    assert closed.closed


def test_a_closed_ticket_says_when_by_whom_and_why(door, closed):
    closed.closing.at = datetime(2036, 5, 3, 20, 15, tzinfo=UTC)  # in Paris it is 22:15
    session.commit()
    page = door[0].get(door[1]).text

    assert "This ticket is closed" in page
    assert "by Support" in page
    assert "It burned down" in page
    said = page.partition("A message opens it again until ")[2]
    assert said.startswith("May 10, 2036, 10:15"), said[:60]


def test_after_the_window_a_message_opens_a_follow_up_and_leads_there(door, closed):
    closed.closing.at = now() - timedelta(days=8)
    session.commit()
    assert "opens a new ticket" in door[0].get(door[1]).text

    page = post(door, "reopening", follow=True, body="Burning again", key="k")

    follow_up = tickets()[-1]
    assert follow_up.follow_up_of is closed
    assert page.status_code == 200
    assert page.request.path != door[1]
    assert f"#{follow_up.number}" in page.text
    assert "Burning again" in page.text
    assert f"#{follow_up.number}" in door[0].get(door[1]).text


def test_a_follow_up_sent_twice_is_one_ticket(door, closed):
    closed.closing.at = now() - timedelta(days=8)
    session.commit()

    for _ in range(2):
        assert post(door, "replies", body="Burning again", key="k").status_code == 303

    assert len(tickets()) == 2


def test_a_closed_ticket_is_rated(door, closed):
    answer = post(door, "rating", score="3", comment="Slow")

    assert answer.status_code == 303
    assert (closed.rating.score, closed.rating.comment) == (3, "Slow")
    assert "Your rating: Okay" in door[0].get(door[1]).text


def test_a_rating_may_be_changed(door, closed):
    post(door, "rating", score="3")
    post(door, "rating", score="5")

    assert session.query(Rating).one().score == 5


@pytest.mark.parametrize("score", ["", "2", "x", "999999999999999999999"])
def test_a_score_is_one_of_three(door, closed, score):
    answer = post(door, "rating", score=score, comment="Hm")

    assert answer.status_code == 422
    assert "Choose one of the three answers." in answer.text
    assert "Hm" in answer.text
    assert closed.rating is None


def test_an_open_ticket_is_not_rated(door, printer):
    assert post(door, "rating", score="5").status_code == 422
    assert printer.rating is None


def test_an_attachment_is_sent_as_a_file_in_a_sandbox(door, printer, carla):
    files = [file("übersicht.svg", b"<svg/>", "image/svg+xml")]
    post(door, "replies", body="See", attachments=files, key="k")
    (found,) = messages(printer)[-1].attachments

    answer = door[0].get(f"{door[1]}/attachments/{found.id}")

    assert answer.data == b"<svg/>"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%C3%BCbersicht.svg" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_file_of_a_note_or_of_another_ticket_is_not_there(door, app, printer, agnes, team, carla):
    from models import Upload, open_ticket

    def upload():
        stream, name, kind = file()
        return Upload(name, kind, stream)

    note = printer.reply(agnes.contact, "Secret", attachments=[upload()], internal=True)
    other = open_ticket(team, carla, "Other", "words", attachments=[upload()])
    session.commit()
    absent = door[0].get(f"{door[1]}/attachments/2147483648")

    for found in (note.attachments[0], other.messages[0].attachments[0]):
        answer = door[0].get(f"{door[1]}/attachments/{found.id}")
        assert answer.status_code == absent.status_code == 404
        assert answer.data == absent.data


def test_addresses_of_other_people_are_not_shown(door, printer, agnes):
    other = Contact(email="other.person@client.example", name="")
    session.add(other)
    printer.reply(other, "Me too")
    agnes.contact.name = ""
    printer.reply(agnes.contact, "Yes")
    session.commit()

    page = door[0].get(door[1]).text

    assert "other.person" in page
    assert "other.person@client.example" not in page
    assert "agnes@acme.example" not in page


def test_nobody_is_asked_for_a_rating_after_an_automatic_closing(door, closed):
    """R-RATE-1: the page says why it closed, and asks nothing."""
    assert "How did we do?" in door[0].get(door[1]).text
    closed.closing.how, closed.closing.why, closed.closing.by = "automatic", "inactive for 7 days", None
    session.commit()

    page = door[0].get(door[1]).text
    assert "How did we do?" not in page
    assert "by itself. No activity for 7 days." in page


def test_a_short_thank_you_is_kept_and_reopens_nothing(door, closed):
    page = post(door, "replies", follow=True, body="Thank you!", key="k")

    assert "The ticket stays as it is." in page.text
    assert closed.closed
    assert messages(closed)[-1].body == "Thank you!"
