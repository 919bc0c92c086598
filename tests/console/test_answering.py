"""Writing an answer: drafts, who else is here, who gets it, taking it back, canned replies."""

import re
from datetime import timedelta
from io import BytesIO

import pytest

from models import CannedReply, Delivery, Draft, Message, Upload, now, session
from models.undo import HELD


@pytest.fixture
def desk(agnes, sign_in, printer):
    """Agnes at her desk: ``desk("replies", body="Hello")`` posts to the printer's ticket."""
    return at_desk(sign_in(agnes), printer)


@pytest.fixture
def next_desk(arthur, sign_in, printer):
    return at_desk(sign_in(arthur), printer)


def at_desk(client, ticket):
    def post(noun, **fields):
        by_script = noun in ("draft", "presence") and "discard" not in fields
        headers = {"HX-Request": "true"} if by_script else {}
        answer = client.post(f"/console/tickets/{ticket.id}/{noun}", data=fields, headers=headers)
        session.expire_all()
        return answer

    post.get = lambda more="": client.get(f"/console/tickets/{ticket.id}{more}").text
    post.client = client
    return post


def state_of(page):
    return re.search(r'data-state="([^"]+)"', page)[1]


def box(page):
    return re.search(r'<textarea[^>]*name="body"[^>]*>\s*(.*?)</textarea>', page, re.S)[1]


def test_a_draft_is_taken_up_again_by_its_writer_alone(desk, next_desk):
    assert desk("draft", body="Dear <Carla>").status_code == 204
    assert box(desk.get()) == "Dear &lt;Carla&gt;"
    assert box(next_desk.get()) == ""


def test_a_note_that_was_begun_is_a_note_again(desk):
    desk("draft", body="She is angry", internal="y")
    page = desk.get()
    assert box(page) == "She is angry"
    assert re.search(r'value="y" checked', page)
    desk("draft", body="Dear Carla")
    page = desk.get()
    assert box(page) == "Dear Carla" and 'data-other="She is angry"' in page


def test_a_draft_goes_when_it_is_sent_or_discarded(desk):
    desk("draft", body="Dear Carla", key="k")
    desk("replies", body="Dear Carla, pull", key="k")
    assert desk("draft", body="Dear Carla, pu", key="k").status_code == 204  # it was under way
    assert session.query(Draft).count() == 0
    desk("draft", body="Another")
    assert desk("draft", discard="y").status_code == 303
    assert session.query(Draft).count() == 0


def test_nothing_typed_is_lost_when_the_ticket_is_closed_meanwhile(desk, printer, arthur):
    printer.close(by=arthur.contact)
    session.commit()
    desk("draft", body="Pull the plug.")
    answer = desk("replies", body="Pull the plug. Now.", attachments=(BytesIO(b"log"), "log.txt"))
    assert answer.status_code == 422 and "closed meanwhile" in answer.text
    page = desk.get()
    assert "Pull the plug. Now." in page and 'id="composer"' not in page
    printer.reopen(by=arthur.contact)
    session.commit()
    assert box(desk.get()) == "Pull the plug. Now." and "log.txt" in desk.get()


def test_drafts_are_as_long_as_messages(desk):
    desk("draft", body="x" * 200_001)
    assert len(session.query(Draft).one().body) == 200_000


def test_who_else_is_here_is_said(desk, next_desk):
    page = desk.get()
    assert desk("presence", state=state_of(page), since="1").status_code == 204
    next_desk("presence", state="", since="1", writing="y")
    told = desk("presence", state=state_of(page), since="1")
    assert "Arthur is writing an answer." in told.text and "story" not in told.text
    assert desk("presence", state=state_of(told.text), since="1").status_code == 204
    next_desk("presence", left="y")
    gone = desk("presence", state=state_of(told.text), since="1")
    assert gone.status_code == 200 and "Arthur" not in gone.text


def test_what_was_said_meanwhile_comes_to_the_page(desk, printer, carla):
    page, since = desk.get(), printer.messages[-1].id
    printer.reply(carla, "It burns!")
    session.commit()
    told = desk("presence", state=state_of(page), since=str(since)).text
    assert "Carla Client wrote meanwhile:" in told or "wrote meanwhile:" in told
    assert told.count("It burns!") == 2 and "<textarea" not in told.partition('id="story"')[2]
    assert desk("presence", state=state_of(told), since=str(since)).status_code == 204


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 30])
def test_a_strange_poll_is_answered(desk, since):
    assert desk("presence", since=since).status_code == 200


def test_an_answer_to_what_is_no_longer_the_last_word_is_asked_about_once(desk, printer, carla):
    seen = printer.messages[-1].id
    printer.reply(carla, "It burns!")
    session.commit()
    refused = desk("replies", body="Is it on?", seen=seen, attachments=(BytesIO(b"log"), "log.txt"))
    assert refused.status_code == 422 and "It burns!" in refused.text and box(refused.text) == "Is it on?"
    assert "Read it, then send your reply" in refused.text and session.query(Message).count() == 2
    kept = re.search(r'name="kept" value="(\d+)"', refused.text)[1]
    again = re.search(r'name="seen" value="(\d+)"', refused.text)[1]
    assert desk("replies", body="Is it on?", seen=again, kept=kept).status_code == 303
    assert [file.name for file in printer.messages[-1].attachments] == ["log.txt"]


def test_a_reply_that_becomes_a_note_takes_its_files_along(desk, printer, agnes):
    desk("draft", body="See", key="k")
    printer.keep_draft(agnes, "See", files=[Upload("log.txt", "text/plain", BytesIO(b"log"))])
    session.commit()
    kept = re.search(r'name="kept" value="(\d+)"', desk.get())[1]
    desk("draft", body="")
    desk("replies", body="See", internal="y", kept=kept)
    assert printer.messages[-1].internal and printer.messages[-1].attachments[0].open().read() == b"log"
    assert session.query(Draft).count() == 0


def test_nobody_takes_files_from_the_draft_of_another(desk, next_desk, printer, agnes):
    printer.keep_draft(agnes, "See", files=[Upload("log.txt", "text/plain", BytesIO(b"log"))])
    session.commit()
    kept = re.search(r'name="kept" value="(\d+)"', desk.get())[1]
    next_desk("replies", body="Mine now", kept=kept)
    assert printer.messages[-1].attachments == [] and "log.txt" in desk.get()
    assert desk.client.get(f"/console/tickets/{printer.id}/attachments/{kept}").status_code == 404  # of no message yet


def test_it_says_who_gets_the_reply_and_why(desk, printer, team, arthur, agnes, person):
    team.add_follower(arthur.contact)
    printer.assign_to(agnes)
    gone = person("Gone")
    printer.add_follower(gone.contact)
    gone.active = False
    session.commit()
    page = desk.get()
    to_all = page[page.index("answer-to-all") :].partition("</details>")[0]
    to_us = page[page.index("answer-to answer-to-us") :].partition("</details>")[0]

    assert "carla@client.example&gt;: customer" in to_all and "arthur@acme.example&gt;: follows the team" in to_all
    assert "carla@" not in to_us and "arthur@" in to_us
    assert "agnes@" not in to_all and "gone@" not in to_all
    desk("replies", body="Hello")
    assert {row.address for row in session.query(Delivery).filter_by(kind="reply")} == set(
        re.findall(r"[\w.]+@[\w.]+", to_all)
    )


def test_undo_brings_the_words_back(desk, printer):
    answer = desk("replies", body="Pull the plug.")
    page = desk.get()
    address = re.search(r'action="[^"]*?/(replies/\d+/undoing)"', page)[1]
    assert answer.status_code == 303 and "Reply sent." in page and re.search(r'data-expires="(10|9)"', page)
    undone = desk(address)
    assert undone.status_code == 303 and undone.location.endswith("#answer")
    assert printer.stage.name == "New" and len(printer.messages) == 1
    page = desk.get()
    assert box(page) == "Pull the plug." and "data-expires" not in page
    assert desk(address).status_code == 303  # pressed twice


def test_undo_is_offered_to_the_writer_and_for_its_time(desk, next_desk, printer):
    desk("replies", body="Pull the plug.")
    address = f"replies/{printer.messages[-1].id}/undoing"
    assert "undoing" not in next_desk.get() and next_desk(address).status_code == 404
    printer.messages[-1].at -= HELD + timedelta(seconds=1)
    session.commit()
    assert "undoing" not in desk.get()
    late = desk(address)
    assert late.status_code == 422 and "too late to undo" in late.text


def test_undo_is_refused_when_somebody_built_on_it(desk, printer, carla):
    desk("replies", body="Pull the plug.")
    address = f"replies/{printer.messages[-1].id}/undoing"
    printer.reply(carla, "Thanks", at=now())
    session.commit()
    refused = desk(address)
    assert refused.status_code == 422 and "something happened on the ticket since" in refused.text


def test_canned_replies_are_filled_in_for_the_ticket(desk, agnes, printer):
    session.add(CannedReply(user=agnes, shortcut="thx", title="Thanks", body="Thanks, {{ customer }}: {{ subject }}"))
    session.commit()
    found = desk.get("/canned?q=tha")
    assert f'data-text="Thanks, {printer.customer}: {printer.subject}"' in found
    assert "data-text" in desk.get("/canned?shortcut=THX") and "data-text" not in desk.get("/canned?shortcut=th")


def test_canned_replies_are_kept_on_a_page(desk, next_desk, agnes, company):
    def post(address, client=desk.client, **fields):
        answer = client.post(f"/console/canned{address}", data=fields)
        session.expire_all()
        return answer

    fields = {"shortcut": "plug", "title": "Pull the plug", "body": "Pull it, {{ customer }}."}
    assert post("/new", **fields, company=company.id).status_code == 303
    reply = session.query(CannedReply).one()
    assert (reply.user_id, reply.company_id) == (agnes.id, company.id)
    listed = next_desk.client.get("/console/canned").text
    assert "Pull the plug" in listed and f"/canned/{reply.id}" not in listed
    assert post(f"/{reply.id}", next_desk.client, **fields).status_code == 404
    assert post(f"/{reply.id}", **fields | {"body": "{{ nonsense }}"}).status_code == 422
    assert post(f"/{reply.id}", **fields | {"shortcut": "a b"}).status_code == 422
    assert post(f"/{reply.id}", **fields, company=0).status_code == 303
    assert "Pull the plug" not in next_desk.client.get("/console/canned").text
    assert post(f"/{reply.id}/removal", next_desk.client).status_code == 404
    assert post(f"/{reply.id}/removal").status_code == 303 and session.query(CannedReply).count() == 0
