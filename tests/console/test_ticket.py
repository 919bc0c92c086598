"""The page of a ticket and everything that is done on it."""

from io import BytesIO

import pytest

from console.ticket_page import Names
from models import Event, Message, make_team, session
from models.outbox import Delivery
from tests.test_addresses import PNG


@pytest.fixture
def desk(agnes, sign_in, printer):
    """Agnes at her desk: ``desk("replies", body="Hello")`` posts to the printer's ticket."""
    client = sign_in(agnes)

    def post(noun, htmx=False, **fields):
        headers = {"HX-Request": "true"} if htmx else {}
        answer = client.post(f"/console/tickets/{printer.id}/{noun}", data=fields, headers=headers)
        session.expire_all()
        return answer

    post.get = lambda: client.get(f"/console/tickets/{printer.id}").text
    post.client = client
    return post


def kinds(ticket):
    return [event.kind for event in ticket.events]


def test_a_reply_goes_to_the_customer_and_moves_the_ticket_along(desk, printer, carla):
    answer = desk("replies", body="Pull the plug.", key="k1")

    assert answer.status_code == 303
    assert answer.location.endswith(f"/console/tickets/{printer.id}#message-{printer.messages[-1].id}")
    assert printer.messages[-1].body == "Pull the plug." and not printer.messages[-1].internal
    assert printer.stage.name == "Customer feedback"
    assert session.query(Delivery).filter_by(contact_id=carla.id, kind="reply").count() == 1
    assert "Pull the plug." in desk.get()


def test_the_same_reply_sent_twice_is_one_message(desk, printer):
    desk("replies", body="Once", key="k1")
    desk("replies", body="Once", key="k1")

    assert len(printer.messages) == 2


def test_a_note_stays_among_colleagues(desk, printer, carla):
    desk("replies", body="She is angry.", internal="y")

    assert printer.messages[-1].internal and printer.stage.name == "New"
    assert session.query(Delivery).filter_by(contact_id=carla.id, kind="note").count() == 0


def test_an_empty_reply_is_refused_at_the_field(desk, printer):
    answer = desk("replies", body="  ")

    assert answer.status_code == 422 and "Write something, or attach a file." in answer.text
    assert len(printer.messages) == 1


def test_a_reply_that_is_refused_keeps_what_was_typed(desk, printer, app):
    app.config["MAX_ATTACHMENT_BYTES"] = 10
    answer = desk("replies", body="See the log.", attachments=(BytesIO(b"x" * 11), "log.txt"))

    assert answer.status_code == 422 and "See the log." in answer.text and "log.txt is too large" in answer.text
    assert session.query(Message).count() == 1


def test_a_file_is_a_download_in_a_sandbox(desk, printer):
    desk("replies", body="Here", attachments=(BytesIO(b"<script>"), "é.html", "text/html"))
    file = printer.messages[-1].attachments[0]
    answer = desk.client.get(f"/console/tickets/{printer.id}/attachments/{file.id}")

    assert answer.data == b"<script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert desk.client.get(f"/console/tickets/{printer.id}/attachments/{file.id + 1}").status_code == 404


def test_a_file_is_not_served_under_another_ticket(desk, printer, team, carla):
    from models import open_ticket

    other = open_ticket(team, carla, "Other", "Text")
    desk("replies", body="Here", attachments=(BytesIO(b"x"), "a.txt"))
    file = printer.messages[-1].attachments[0]

    assert desk.client.get(f"/console/tickets/{other.id}/attachments/{file.id}").status_code == 404


@pytest.mark.parametrize("name", ["me", "agnes@acme.example"])
def test_a_ticket_is_assigned(name, desk, printer, agnes):
    assert desk("assignment", assignee=name).status_code == 303
    assert printer.assignee == agnes

    desk("assignment", assignee="")
    assert printer.assignee is None


def test_only_who_may_take_it_is_assigned(desk, printer, person):
    rita = person("Rita", takes_tickets=False)
    answer = desk("assignment", assignee=rita.id)

    assert answer.status_code == 422 and "Only people who take tickets" in answer.text
    assert printer.assignee is None


def test_closing_without_an_answer_asks_why(desk, printer):
    answer = desk("closing", why="")
    assert answer.status_code == 422 and "Nobody has answered this customer" in answer.text and not printer.closed

    assert desk("closing", why="Spam").status_code == 303
    assert printer.closed and printer.closing.why == "Spam" and kinds(printer)[-1] == "closed"


def test_closing_after_an_answer_needs_no_reason(desk, printer):
    desk("replies", body="Done.")

    assert desk("closing").status_code == 303 and printer.closed


def test_a_closed_ticket_is_locked_until_it_is_reopened(desk, printer):
    desk("closing", why="Spam")
    assert desk("replies", body="Kept words").status_code == 422
    assert desk("edit", priority="2").status_code == 422
    assert desk("assignment", assignee="me").status_code == 422
    assert len(printer.messages) == 1 and printer.priority == 0 and printer.assignee is None

    assert desk("reopening").status_code == 303
    assert not printer.closed and kinds(printer)[-1] == "reopened"


def test_words_written_to_a_ticket_that_was_closed_meanwhile_are_shown_again(desk):
    desk("closing", why="Spam")

    assert "Kept words" in desk("replies", body="Kept words").text


def test_properties_change_and_the_others_stay(desk, printer):
    desk("edit", priority="3")
    desk("edit", tags="toner, fire,, fire")
    desk("edit", subject="The printer burns")
    desk("edit", never_auto_close="1")

    assert printer.priority == 3 and printer.subject == "The printer burns" and printer.never_auto_close
    assert sorted(tag.name for tag in printer.tags) == ["fire", "toner"]


@pytest.mark.parametrize(
    ("field", "value"), [("priority", "9"), ("subject", " "), ("team", "4711"), ("subject", "x" * 251)]
)
def test_a_property_that_cannot_be_is_refused_at_the_field(field, value, desk, printer):
    answer = desk("edit", **{field: value})

    assert answer.status_code == 422 and printer.subject == "The printer is on fire" and printer.priority == 0


def test_a_ticket_changes_team_among_those_that_are_seen(desk, printer, company):
    seen = make_team("Sales", "sales", company)
    hidden = make_team("Directors", "directors", company, visibility="private")
    session.commit()

    assert desk("edit", team=hidden.id).status_code == 422 and printer.team.name == "Support"
    assert desk("edit", team=seen.id).status_code == 303 and printer.team is seen


def test_followers_are_added_by_address_and_removed(desk, printer, carla):
    desk("followers", email="Boss@Client.example ")
    assert [one.email for one in printer.followers] == ["boss@client.example", "carla@client.example"]

    desk(f"followers/{carla.id}/removal")
    assert [one.email for one in printer.followers] == ["boss@client.example"]


def test_a_follower_needs_an_address(desk):
    answer = desk("followers", email="nobody")

    assert answer.status_code == 422 and "not an e-mail address" in answer.text and 'value="nobody"' in answer.text


def test_the_assignee_stays_a_follower(desk, printer, agnes):
    desk("assignment", assignee="me")
    answer = desk(f"followers/{agnes.contact_id}/removal")

    assert answer.status_code == 422 and agnes.contact in printer.followers


def test_links_are_revoked_one_by_one_or_all(printer, carla, ada, sign_in):
    one, other = printer.link_for(carla), printer.link_for(ada.contact)
    session.commit()
    client = sign_in(ada)

    client.post(f"/console/tickets/{printer.id}/links/{one.id}/revocation")
    session.expire_all()
    assert one.revoked_at and not other.revoked_at

    client.post(f"/console/tickets/{printer.id}/links/revocation")
    session.expire_all()
    assert other.revoked_at


def test_htmx_gets_the_parts_that_changed(desk):
    answer = desk("assignment", htmx=True, assignee="me")

    assert (
        answer.status_code == 200 and answer.text.lstrip().startswith("<aside") and "Assigned to Agnes." in answer.text
    )
    assert 'id="ticket-head"' in answer.text and 'id="answer"' not in answer.text


def test_the_stage_is_changed_on_the_page_of_the_ticket(desk, printer):
    stage = printer.team.stages[1]
    answer = desk("moves", stage=stage.id, page="ticket")

    assert answer.status_code == 303
    assert answer.location.endswith(f"/console/tickets/{printer.id}")
    assert printer.stage is stage


def test_closing_by_the_stage_asks_why_as_well(desk, printer):
    answer = desk("moves", stage=printer.team.stages[-1].id, page="ticket")

    assert answer.status_code == 422 and "Nobody has answered this customer" in answer.text and not printer.closed


def test_history_says_what_a_rule_did_in_the_reader_s_words(desk, printer, agnes):
    printer.edit(agnes.contact, priority=3, never_auto_close=True)
    printer.assign_to(agnes, why="equal_open: agnes@acme.example 0")
    printer.close(why="inactive for 7 days")
    session.commit()
    page = desk.get()

    for words in (
        "from low to urgent",
        "never to close",
        "Fewest open tickets: Agnes 0",
        "No activity for 7 days.",
    ):
        assert words in page


def test_an_address_that_somebody_wrote_is_not_turned_into_a_name(printer, agnes, queries):
    told = [
        Event(kind="assigned", to=agnes.email),
        Event(kind="contact_attempt", why=f"<{printer.customer.email}> is old"),
    ]
    people = [printer.customer, agnes.contact]
    with queries() as seen:
        named = Names([], told, people)

    assert not seen
    assert named(f"from {agnes.email}") == "from Agnes"
    assert named(f"550 {printer.customer.email} is unknown") == f"550 {printer.customer.email} is unknown"


def test_the_whole_story_stands_on_the_page(desk, printer):
    desk("assignment", assignee="me")
    desk("edit", priority="2")
    desk("replies", body="Done.")
    desk("closing", why="It rained")
    page = desk.get()

    for words in (
        "It smokes since this morning.",
        "assigned the ticket to Agnes",
        "Done.",
        "It rained",
        "Reopen",
    ):
        assert words in page
    assert 'name="body"' not in page


def test_markup_of_a_stranger_is_shown_as_text(desk, printer):
    desk("replies", body="<script>alert(1)</script>")

    assert "<script>alert" not in desk.get()


def test_a_page_costs_the_same_with_five_and_with_fifty_messages(desk, printer, agnes, carla, queries, ada, sign_in):
    client = sign_in(ada)

    def cost():
        session.commit()
        with queries() as seen:
            assert client.get(f"/console/tickets/{printer.id}").status_code == 200
        return len(seen)

    printer.link_for(carla)
    for number in range(4):
        printer.reply((agnes.contact, carla)[number % 2], f"Message {number}")
    few = cost()
    for number in range(46):
        printer.reply((agnes.contact, carla)[number % 2], f"Message {number}")

    assert cost() == few <= 12


def test_quoted_text_is_one_click_away(desk, printer, carla):
    printer.reply(carla, "It works.\n\nOn 1 May 2026, Agnes <a@acme.example> wrote:\n> Pull the plug.\n")
    session.commit()
    page = desk.get()

    folded = page[page.index('<details class="folded">') :].partition("</details>")[0]
    assert "Quoted text" in folded and "Pull the plug." in folded and "It works." not in folded


def test_a_picture_is_shown_small_and_late(desk, printer):
    desk("replies", body="See", attachments=(BytesIO(PNG), "photo.png", "image/png"))
    desk("replies", body="And", attachments=(BytesIO(b"<svg/>"), "drawing.svg", "image/svg+xml"))
    file = printer.messages[-2].attachments[0]
    address = f"/console/tickets/{printer.id}/attachments/{file.id}/picture"
    page = desk.get()

    assert page.count("<img") == 1 and f'src="{address}"' in page and 'loading="lazy"' in page
    first = desk.client.get(address)
    assert first.mimetype == "image/png" and first.headers["Cache-Control"] == "private, no-cache"
    again = desk.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert desk.client.get(address.replace(f"/{printer.id}/", "/2000000000/")).status_code == 404
