"""A short thank-you reopens nothing; whatever is in doubt does (R-CLOSE-8)."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Delivery, Upload, now, session
from models.sweep import close_due_batch
from models.thanks import count_thanks, is_thanks, latest_thanks, phrases

DAY = timedelta(days=1)

THANKS = [
    "Thanks!", "Thank you very much.", "thank you so much for your help 🙏", "Hi Agnes, many thanks! Carla", "👍",
    "Perfect.",
    "It works now, thank you!", "Great work, thanks everybody. Have a nice day!", "THX", "Merci !",
    "Merci beaucoup, ça marche.",
    "Bonjour, c’est parfait, merci à vous. Bonne journée, Carla Conti",
    "Un grand merci pour votre réactivité ! Cordialement",
    "Problème résolu, merci 😊",
]  # fmt: skip
NONE = [
    "", "   ", "Ok", "Hello", "Thanks, but it still smokes.", "Thanks for nothing.", "No thanks.",
    "It does not work, thanks.",
    "Thanks! And the scanner?", "Merci, mais la fumée continue.", "Merci de me rappeler.", "Thanks 😡",
    "Thank you. My number is 12",
    "thanks " * 20, "Not solved, thank you", "Please call me. Thanks", "Ça ne marche pas, merci",
    "Thanks https://evil.example",
    "x" * 100_000, "Works better, thanks", "It works sometimes",
]  # fmt: skip


@pytest.mark.parametrize("words", THANKS)
def test_a_thank_you_and_nothing_else(words):
    assert is_thanks(words, ["Carla Conti", "Agnes"])


@pytest.mark.parametrize("words", NONE)
def test_whatever_says_more_is_none(words):
    assert not is_thanks(words, ["Carla Conti", "Agnes"])


def test_a_name_that_is_not_on_the_ticket_is_a_word_like_any_other():
    assert not is_thanks("Thanks, Godzilla")


def test_every_phrase_of_the_list_is_understood_as_it_is_written():
    for language in ("en", "fr"):
        told = phrases()[language]
        assert all(is_thanks(phrase) for phrase in told["thanks"])
        assert not any(is_thanks(phrase) for phrase in told["around"])


@pytest.fixture(params=["resolved", "closed", "closed long ago"])
def done(request, printer, agnes, team):
    printer.reply(agnes.contact, "Pull the plug.")
    if request.param == "resolved":
        printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    else:
        printer.close(by=agnes.contact)
    session.commit()
    if request.param == "closed long ago":
        printer.closing.at = now() - 30 * DAY
    session.query(Delivery).delete()
    session.commit()
    return printer


def test_it_is_kept_on_the_ticket_and_moves_nothing(done, carla):
    before = done.stage

    message = done.reply(carla, "Thank you, Agnes!", key="k")
    session.commit()

    assert (message.ticket, message.thanks, done.stage, done.follow_ups) == (done, True, before, [])
    assert done.waiting_since is None
    assert done.reply(carla, "Thank you, Agnes!", key="k") is message
    assert session.scalars(select(Delivery)).all() == []


def test_the_quotation_below_it_does_not_count(done, carla):
    message = done.reply(
        carla, "Merci !\n\nLe 3 nov. 2026 à 10:00, Agnes <agnes@acme.example> a écrit :\n> Pull the plug?"
    )

    assert message.thanks


def test_a_file_a_question_or_more_words_come_back(done, carla):
    for words, files in (
        ("Thanks", [Upload("a.txt", "text/plain", io.BytesIO(b"x"))]),
        ("Thanks?", []),
        ("Thanks, but the printer of my colleague burns as well", []),
    ):
        with session.begin_nested() as attempt:
            message = done.reply(carla, words, files)
            assert not message.ticket.closed and message.ticket.waiting_since and not message.thanks
            attempt.rollback()


def test_whoever_presses_the_button_means_it(done, carla):
    assert not done.not_solved(carla, "Thanks").closed


def test_a_thank_you_to_an_open_ticket_is_a_message(printer, agnes, carla):
    printer.reply(agnes.contact, "Pull the plug.")
    message = printer.reply(carla, "Thanks")

    assert (message.thanks, printer.status) == (False, "open")


def test_a_resolved_ticket_that_was_thanked_for_still_closes_by_itself(printer, agnes, carla, team):
    team.auto_close = True
    printer.reply(agnes.contact, "Pull the plug.")
    printer.move_to(team.first_with_status("resolved"), by=agnes.contact)
    printer.reply(carla, "Thanks")
    session.commit()

    assert close_due_batch(now() + 8 * DAY) == 1


def test_it_is_listed_for_a_day_to_those_who_see_the_ticket(done, carla, agnes, person, company):
    message = done.reply(carla, "Thanks")
    session.commit()

    assert latest_thanks(agnes, now()) == [message]
    assert latest_thanks(agnes, now() + DAY + timedelta(seconds=1)) == []
    assert latest_thanks(person("Otto", companies=[]), now()) == []


def test_the_thank_yous_are_found_by_their_index_and_not_among_all_messages(agnes, queries):
    with queries() as seen:
        assert count_thanks(agnes, now()) == 0

    assert "messages.thanks AND" in seen[-1]  # as the index has it: SQLite knows it by these words
