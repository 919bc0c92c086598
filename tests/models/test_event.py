"""A ticket's history is read in the reader's language, whatever words the rows hold."""

import pytest
from flask_babel import force_locale

from models.event import Event

WHY = (
    "equal_open: arthur@acme.example 3; nobody now, first back at 2026-11-30T08:00:00Z; "
    "away: agnes@acme.example until 2026-12-07T12:00:00Z, tom@acme.example always"
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Fewest open tickets: arthur@acme.example 3", "nobody was available", "tom@acme.example, for good")),
        ("fr", ("Le moins de tickets ouverts\N{NO-BREAK SPACE}: arthur@acme.example 3", "30/11/2026", "07/12/2026")),
    ],
)
def test_why_a_rule_chose_somebody_is_said_in_the_readers_language(app, language, words):
    with app.test_request_context(), force_locale(language):
        reason = Event(kind="assigned", to="arthur@acme.example", why=WHY).reason

    assert [word for word in words if word not in reason] == []
    assert "2026-11-30T" not in reason


def test_a_person_is_quoted_word_for_word(app, agnes):
    with app.test_request_context(), force_locale("fr"):
        assert Event(kind="assigned", by=agnes.contact, why="away: so I take it").reason == "away: so I take it"


def test_a_rating_is_said_in_words(app):
    with app.test_request_context(), force_locale("fr"):
        said = Event(kind="rated", to="5").sentence

    assert said == "Guichet a évalué le ticket\N{NO-BREAK SPACE}: satisfaisant"
