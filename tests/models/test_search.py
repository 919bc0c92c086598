"""Full-text search: the same words find the same tickets on both databases, and notes only colleagues."""

import pytest
from sqlalchemy import select

from models import Ticket, open_ticket, session
from models.search import matching

TEXTS = [
    ("L'imprimante ne répond plus", "Depuis ce matin, elle est hors ligne."),
    ("Invoice 2026-118 is wrong", "The total says 1,200 € instead of 120 €."),
    ("Straße gesperrt", "Die Lieferung kommt nicht an. It's the driver's fault."),
    ("プリンターが動きません", "助けてください"),
    ("C++ & <script>", "'); DROP TABLE tickets; -- 50% \\ off_season"),
]


@pytest.fixture
def texts(team, carla):
    tickets = [open_ticket(team, carla, *text) for text in TEXTS]
    session.commit()
    return tickets


def find(query, internal=False):
    return sorted(session.scalars(select(Ticket.id).where(matching(Ticket.id, query, internal))))


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("imprimante", [0]), ("IMPRIMANTE repond", [0]), ("impri*", [0]), ("répond", [0]), ("hors ligne", [0]),
        ('"hors ligne"', [0]), ('"ligne hors"', []), ("invoice wrong", [1]), ("2026-118", [1]), ("total instead", [1]),
        ("strasse", [2]), ("STRASSE", [2]), ("driver's", [2]), ("プリンターが動きません", [3]),
        ("drop table", [4]), ("off_season", [4]),
        ("carla", [0, 1, 2, 3, 4]), ("conti carla", [0, 1, 2, 3, 4]), ("client.example", [0, 1, 2, 3, 4]),
        ("invoice imprimante", []), ("", []), ('"', []), ('""', []), ("*", []), ("🔥", []), ("% _ \\", []),
        ('"hors', [0]), ("a" * 10_000, []), ("AND OR NOT", []), ("NEAR(x)", []), ("'", []), (":*", []), ("\x00", []),
    ],
)  # fmt: skip
def test_the_same_words_find_the_same_tickets(texts, query, places):
    assert find(query) == [texts[place].id for place in places]


def test_replies_are_found_and_notes_only_by_colleagues(texts, agnes, carla):
    texts[0].reply(carla, "The toner is magenta")
    texts[0].reply(agnes.contact, "Customer is grumpy", internal=True)
    session.commit()

    assert find("toner imprimante") == [texts[0].id]
    assert find("grumpy") == []
    assert find("grumpy imprimante", internal=True) == [texts[0].id]


def test_a_new_subject_is_found_and_the_old_one_is_not(texts, agnes):
    texts[1].edit(agnes.contact, subject="Credit note")
    session.commit()
    assert (find("credit"), find("invoice"), find("total")) == ([texts[1].id], [], [texts[1].id])


def test_a_very_long_message_is_kept_and_found_by_its_beginning(texts, carla):
    for _ in range(3):
        texts[0].reply(carla, "needle " + " ".join(f"word{number}" for number in range(20_000)))
    session.commit()
    assert find("needle") == [texts[0].id]
