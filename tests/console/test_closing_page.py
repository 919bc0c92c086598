"""Preparing a closing: the letter, silence, the evidence, a supervisor; and what a locked ticket refuses."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mail.rendering import render
from models import Delivery, now, open_ticket, session
from models.sweep import close_due_batch

DAY = timedelta(days=1)


@pytest.fixture
def desk(sign_in, agnes):
    return sign_in(agnes)


@pytest.fixture
def answered(printer, agnes):
    printer.reply(agnes.contact, "Pull the plug.")
    session.query(Delivery).delete()
    session.commit()
    return printer


def address(ticket, what="closing"):
    return f"/console/tickets/{ticket.number}/{what}"


def test_the_page_shows_the_mail_that_goes_out_in_the_customers_language(desk, answered, carla):
    carla.language = "fr"
    session.commit()

    page = desk.get(address(answered))

    assert "Carla Conti gets this mail:" in page.text
    assert "Clôturé" in page.text
    assert session.query(Delivery).count() == 0


def test_the_mail_is_shown_again_with_the_reason_that_was_typed(desk, answered):
    page = desk.post(address(answered), data={"page": "closing", "why": "Burned down.", "look": "1"})

    assert page.status_code == 200
    assert "is closed: Burned down." in page.text
    session.expire_all()
    assert not answered.closed


@pytest.mark.parametrize(("button", "mails"), [({}, 1), ({"silent": "1"}, 0)])
def test_closing_sends_the_mail_or_is_silent(desk, answered, button, mails):
    assert desk.post(address(answered), data={"page": "closing", **button}).status_code == 303
    session.expire_all()

    assert answered.closed
    assert session.query(Delivery).where(Delivery.kind == "stage").count() == mails


def test_without_a_folded_stage_the_desk_says_where_the_ticket_stands(desk, answered, team):
    team.closing_stage.folded = False
    session.commit()
    page = desk.post(address(answered), data={"why": "Solved."}, follow_redirects=True)
    session.expire_all()

    assert (answered.stage, answered.closed) == (team.stages[-1], False)
    assert "The ticket is in Closed." in page.text and "The ticket is closed." not in page.text


def test_without_an_answer_a_reason_is_needed_by_every_door(desk, printer, team):
    """R-CLOSE-9: from the page, the ticket, the board and the list."""
    closed = team.closing_stage.id
    asks = "Nobody has answered this customer"
    assert asks in desk.post(address(printer), data={"page": "closing"}).text
    assert asks in desk.post(address(printer)).text
    assert desk.post(address(printer, "moves"), data={"stage": closed}).status_code == 422
    desk.post("/console/tickets/bulk", data={"action": "close", "ticket": printer.number})
    desk.post("/console/tickets/bulk", data={"action": "move", "stage": closed, "ticket": printer.number})
    session.expire_all()
    assert not printer.closed

    desk.post(address(printer), data={"page": "closing", "why": "Spam"})
    session.expire_all()
    assert (printer.closed, printer.closing.why) == (True, "Spam")


def test_an_attempt_is_noted_and_stands_in_page_history_and_letter(desk, answered):
    noted = desk.post(address(answered, "attempts"), data={"channel": "call", "outcome": "no_answer", "words": "Twice"})
    assert noted.status_code == 303
    assert "Call: No answer" in desk.get(address(answered)).text
    assert "Agnes called the customer: no answer" in desk.get(address(answered, "")[:-1]).text

    desk.post(address(answered), data={"page": "closing", "why": "No answer from you."})
    mail = session.scalars(select(Delivery).where(Delivery.kind == "stage")).one()
    words = render(mail).get_body(("plain",)).get_content()
    assert "No answer from you." in words
    assert "We tried to reach you:" in words
    assert "we wrote to you" in words and "we called you" in words


def test_an_ordinary_closing_lists_no_attempts(desk, answered):
    desk.post(address(answered), data={"why": "Solved."})

    mail = session.scalars(select(Delivery).where(Delivery.kind == "stage")).one()
    assert "We tried" not in render(mail).get_body(("plain",)).get_content()


def test_the_automatic_letter_says_what_was_tried(answered, team):
    team.auto_close = True
    session.commit()
    close_due_batch(now() + 8 * DAY)
    session.commit()

    mail = session.scalars(select(Delivery).where(Delivery.kind == "stage")).one()
    assert "we wrote to you" in render(mail).get_body(("plain",)).get_content()


@pytest.mark.parametrize("sent", [{}, {"channel": "pigeon", "outcome": "reached"}, {"channel": "call", "outcome": "x"}])
def test_an_attempt_of_another_sort_is_refused(desk, answered, sent):
    assert desk.post(address(answered, "attempts"), data=sent).status_code == 422


def test_a_supervisor_is_asked(desk, answered, arthur):
    sent = {"supervisor": arthur.id, "question": "May I close it?"}
    assert desk.post(address(answered, "advice"), data=sent).status_code == 303
    session.expire_all()

    assert (answered.assignee, answered.messages[-1].body) == (arthur, "May I close it?")


@pytest.mark.parametrize("sent", [{}, {"question": "Well?"}, {"supervisor": "2000000000", "question": "Well?"}])
def test_a_question_needs_words_and_somebody_who_may_be_assigned(desk, answered, arthur, sent):
    page = desk.post(address(answered, "advice"), data=sent)

    assert page.status_code == 422
    assert sent.get("question", "What do you want to know?") in page.text
    session.expire_all()
    assert answered.assignee is None


def test_thank_yous_are_listed_and_can_be_reopened(desk, answered, agnes, carla):
    answered.close(by=agnes.contact)
    answered.reply(carla, "Thanks, Agnes!")
    session.commit()
    assert "1 thank-you in the last 24 hours" in desk.get("/console/").text

    page = desk.get("/console/thanks")
    assert "Thanks, Agnes!" in page.text and "Reopen" in page.text
    assert "at most 12 words" in page.text and "merci beaucoup" in page.text


def test_a_closed_ticket_shows_its_attempts_and_no_closing(desk, answered, agnes):
    answered.close(by=agnes.contact)
    session.commit()

    page = desk.get(address(answered))
    assert "Attempts to reach the customer" in page.text
    assert "Close silently" not in page.text
    assert desk.post(address(answered, "attempts"), data={"channel": "call", "outcome": "reached"}).status_code == 303


def test_the_closed_list_says_who_closed_why_and_after_how_long(desk, answered, agnes, carla, team):
    """R-CLOSE-10."""
    answered.close(by=agnes.contact, why="Extinguished", at=answered.created_at + 3 * DAY)
    other = open_ticket(team, carla, "Old", "Please", at=now() - 20 * DAY)
    other.reply(agnes.contact, "Done?", at=now() - 20 * DAY)
    team.auto_close = True
    session.commit()
    close_due_batch(now())
    session.commit()

    page = " ".join(desk.get("/console/tickets/closed").text.split())
    assert "by Agnes · after 3 days · Extinguished" in page
    assert "automatically · after 3 weeks · No activity for 7 days." in page
