"""What cannot be merged, and what cannot be taken apart (R-MERGE-1, R-MERGE-4)."""

import pytest

from models import Company, make_team, merge, open_ticket, session
from models.merging import CannotMerge
from tests.models.export import export


def reason(sources, into, by, **options):
    before = export()
    with pytest.raises(CannotMerge) as refused, session.begin_nested():
        merge(sources, into, by, **options)
    assert export() == before
    return refused.value.reason


def test_what_cannot_be_merged_says_why_and_changes_nothing(app, printer, again, other, agnes, arthur, company, person):
    globex = Company(name="Globex")
    elsewhere = open_ticket(make_team("X", "x", globex), printer.customer, "X", "X")
    both = person("Both", companies=[company, globex])
    private = make_team("Board", "board", company, visibility="private")
    hidden = open_ticket(private, printer.customer, "Hidden", "Hidden")
    closed = open_ticket(printer.team, printer.customer, "Closed", "Closed")
    closed.close(by=agnes.contact)
    third = open_ticket(printer.team, printer.customer, "Third", "Third")
    third.merge_into(again, agnes.contact)
    by = agnes.contact

    assert reason([], printer, by) == "few"
    assert reason([printer], printer, by) == "itself"
    assert reason([printer, again], printer, by) == "itself"
    assert reason([third], printer, by) == "merged"
    assert reason([printer], third, by) == "merged"
    assert reason([again], third, by) == "circle"
    assert reason([elsewhere], printer, both.contact) == "company"
    assert reason([elsewhere], printer, by) == "hidden"
    assert reason([hidden], printer, by) == "hidden"
    assert reason([printer], hidden, by) == "hidden"
    assert reason([printer], again, printer.customer) == "hidden"
    assert reason([closed], printer, by) == reason([printer], closed, by) == "closed"
    assert reason([other], printer, by, take={"subject": other}) == "choice"
    assert reason([other], printer, by, take={"colour": other}) == "choice"


def test_fifty_at_once_and_no_more(printer, agnes, carla):
    many = [open_ticket(printer.team, carla, f"Ticket {number}", "Text") for number in range(50)]
    assert reason(many, printer, agnes.contact) == "many"
    merge(many[:49], printer, agnes.contact)

    assert len(printer.messages) == 50


def test_a_team_that_closes_nothing_cannot_have_a_ticket_closed_by_a_merge(printer, again, agnes):
    again.team.stages[-1].fold(False)
    assert reason([again], printer, agnes.contact) == "never closed"


def test_an_undo_needs_the_right_to_see_both(company, printer, other, agnes, arthur):
    board = make_team("Board", "board", company, visibility="private")
    board.add_follower(agnes.contact)
    secret = open_ticket(board, printer.customer, "Secret", "Secret")
    other.merge_into(secret, agnes.contact)
    with pytest.raises(CannotMerge):
        other.unmerge(arthur.contact)
    with pytest.raises(CannotMerge):
        other.unmerge(printer.customer)

    assert other.merged_into is secret
