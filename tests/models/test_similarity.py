"""R-MERGE-5: how alike tickets are, and which ones are suggested."""

import io
from datetime import timedelta

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import true

from models import Company, Contact, Lookalike, Upload, make_team, merge, open_ticket, session
from models.base import now
from models.candidates import Candidates
from models.filters import Filters, Scope
from models.listing import page_of
from models.lookalikes import compare_due_batch, dismiss, live_suggestions, suggestions
from models.similarity import Sketch, compare, likenesses, most_alike, sketch_of

AT = now()
texts = st.text(max_size=60)
sketches = st.builds(
    Sketch, texts, texts, st.sampled_from(["a@x", "b@x"]),
    st.datetimes().map(lambda at: AT.replace(tzinfo=None) + (at - at.replace(microsecond=0))),
    st.frozensets(st.tuples(st.sampled_from("ab"), st.integers(1, 2)), max_size=2),
)  # fmt: skip


@given(sketches, sketches)
def test_likeness_is_symmetric_and_a_whole_percent(one, other):
    there, back = compare(one, other), compare(other, one)

    assert there.percent == back.percent
    assert isinstance(there.percent, int) and 0 <= there.percent <= 100
    assert compare(one, one).percent == 100


def test_it_is_explained_in_words(app):
    one = Sketch("Printer", "the printer in room five is on fire", "a@x", AT)
    other = Sketch("Printer", "the printer in room five is on fire again", "a@x", AT - timedelta(hours=2, minutes=9))
    likeness = compare(one, other)

    assert likeness.reasons == ["same customer", "2 h apart", "92 % of the text", "same subject"]
    assert likeness.percent == 95
    with force_locale("fr"):
        assert likeness.reasons[0] == "même client"


def test_files_count_only_where_there_are_some():
    plain = Sketch("Printer", "fire", "a@x", AT)
    with_file = Sketch("Printer", "fire", "a@x", AT, frozenset({("a.png", 3)}))

    assert compare(plain, plain).percent == compare(with_file, with_file).percent == 100
    assert compare(plain, with_file).percent == 95


@pytest.fixture
def again(team, carla, printer):
    return open_ticket(team, carla, "The printer is on fire!", "It smokes since this morning!")


def test_equal_tickets_are_wholly_alike(team, carla, again):
    files = [Upload("a.png", "image/png", io.BytesIO(b"png"))]
    one = open_ticket(team, carla, "Same", "The same words", attachments=files)
    files = [Upload("a.png", "image/png", io.BytesIO(b"png"))]
    other = open_ticket(team, carla, "Same", "The same words", attachments=files)

    assert likenesses(one, [other])[other.id].percent == 100


def test_the_best_candidates_come_first_and_none_that_cannot_be_merged(team, carla, printer, again, agnes):
    closed = open_ticket(team, carla, "The printer is on fire", "It smokes since this morning.")
    closed.close(by=agnes.contact)
    elsewhere = make_team("X", "x", Company(name="Globex"))
    open_ticket(elsewhere, carla, "The printer is on fire", "It smokes since this morning.")
    paul = Contact(email="paul@other.example")
    session.add(paul)
    third = open_ticket(team, paul, "Printer burns", "It smokes in the office, since this morning.")
    for number in range(5):
        open_ticket(team, paul, f"Holiday {number}", "When is my next holiday?")
    merged = open_ticket(team, carla, "The printer is on fire", "It smokes since this morning.")
    merge([merged], third, agnes.contact)

    found = most_alike(sketch_of(printer), true())
    assert [one.number for one in found] == [again.id, third.id]
    assert found[0].percent > 95


def test_words_that_everybody_uses_say_nothing_but_two_of_them_together_do(team, carla, printer, monkeypatch):
    monkeypatch.setattr("models.similarity.COMMON", 3)
    paul = Contact(email="paul@other.example")
    session.add(paul)
    for _ in range(3):
        open_ticket(team, paul, "Stripes", "My shirt")
        open_ticket(team, paul, "Printer", "Please order one")
    both = open_ticket(team, paul, "Printer stripes", "Grey")
    asked = Sketch("Stripes from the printer", "", "ada@x.example", now(), company_id=team.company_id)

    assert [one.number for one in most_alike(asked, true())] == [both.id]
    alone = Sketch("Printer", "", "ada@x.example", now(), company_id=team.company_id)
    assert most_alike(alone, true()) == []


def test_suggestions_are_found_when_tickets_arrive_and_only_by_those_who_see_both(
    company, team, carla, printer, again, agnes, arthur
):
    board = make_team("Board", "board", company, visibility="private")
    board.add_follower(agnes.contact)
    hidden = open_ticket(board, carla, "The printer is on fire", "It smokes since this morning.")
    while compare_due_batch(now()):
        pass

    assert {other.id for other, _ in suggestions(printer, agnes)} == {again.id, hidden.id}
    assert [other.id for other, _ in suggestions(printer, arthur)] == [again.id]
    listed = {row.number for row in page_of(arthur, Filters(duplicates=True)).rows}
    assert listed == {printer.id, again.id}
    merge([again], printer, agnes.contact)
    assert page_of(arthur, Filters(duplicates=True)).rows == []
    assert {row.number for row in page_of(agnes, Filters(duplicates=True)).rows} == {printer.id, hidden.id}


def test_what_was_discarded_is_suggested_no_more(printer, again, agnes):
    compare_due_batch(now())
    dismiss([printer, again], agnes.contact)

    assert suggestions(printer, agnes) == []
    assert live_suggestions(sketch_of(printer), agnes) == []
    assert page_of(agnes, Filters(duplicates=True)).rows == []
    assert session.query(Lookalike).one().dismissed_by_id == agnes.contact_id


def test_old_arrivals_are_not_compared_by_themselves(printer, again):
    printer.created_at = again.created_at = now() - timedelta(days=20)
    session.flush()

    assert compare_due_batch(now()) == 0


def test_the_filter_is_part_of_the_address(agnes, printer):
    asked = Filters.read({"duplicates": "1"})

    assert asked.words() == {"duplicates": "1"}
    assert Candidates(agnes, Scope(agnes), asked).ids(0, 10) == []
