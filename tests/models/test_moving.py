"""A message goes to another ticket or to one of its own, and nobody reads more by it."""

import pytest
from sqlalchemy import select

from models import Delivery, Message, make_team, open_ticket, session
from models.moving import CannotMove, move_back, move_message, split_message
from models.visibility import messages_behind, messages_heard_by, messages_visible_to


@pytest.fixture
def said(printer, carla):
    return printer.reply(carla, "By the way, my chair squeaks.")


def bodies(condition):
    return list(session.scalars(select(Message.body).where(condition).order_by(Message.at, Message.id)))


def test_a_message_becomes_a_ticket_of_its_own(printer, said, carla, agnes):
    printer.remove_follower(agnes.contact)
    before = session.query(Delivery).count()
    made = split_message(said, agnes.contact, "The chair")

    assert (made.subject, made.customer, made.team, made.messages) == ("The chair", carla, printer.team, [said])
    assert [message.body for message in printer.messages] == ["It smokes since this morning."]
    assert session.query(Delivery).count() == before
    assert bodies(messages_behind(made.link_for(carla)))[-1] == said.body
    assert made.events[-1].sentence == f"Agnes moved a message from #{printer.id} to #{made.id}"
    assert made.waiting_since == said.at


def test_whoever_splits_sees_the_new_ticket_also_where_they_follow_one_ticket_alone(printer, said, team, agnes, arthur):
    team.change_visibility("private")
    for colleague in (agnes, arthur):
        printer.add_follower(colleague.contact)
    made = split_message(said, agnes.contact)

    assert agnes.sees(made) and not arthur.sees(made)
    assert said.body in bodies(messages_visible_to(arthur))


def test_a_split_is_taken_back_by_a_move_and_a_merge(printer, said, agnes):
    made = split_message(said, agnes.contact)
    assert move_back(said, agnes.contact) is printer

    assert (said.ticket, said.home_id, said.moved_from_id) == (printer, printer.id, None)
    assert made.merged_into is printer


def test_a_moved_message_stays_hidden_from_the_other_customer(printer, other, said, carla, paul, agnes):
    move_message(said, other, agnes.contact)

    assert other.messages[-1] is said
    assert said.body not in bodies(messages_heard_by(paul.id)) + bodies(messages_behind(other.link_for(paul)))
    assert said.body in bodies(messages_heard_by(carla.id))
    move_back(said, agnes.contact)
    assert [message.home_id for message in printer.messages] == [printer.id] * 2


def test_a_moved_message_goes_along_with_a_merge_and_comes_back_from_it(printer, other, said, agnes, team, carla):
    move_message(said, other, agnes.contact)
    third = open_ticket(team, carla, "Third", "Third")
    other.merge_into(third, agnes.contact)
    assert (said.ticket, said.home_id) == (third, printer.id)
    other.unmerge(agnes.contact)

    assert (said.ticket, said.home_id) == (other, printer.id)
    move_back(said, agnes.contact)
    assert (said.ticket, said.home_id) == (printer, printer.id)


def test_a_message_of_a_merged_ticket_goes_back_to_where_that_goes_on(printer, other, said, agnes):
    theirs = other.messages[0]
    other.merge_into(printer, agnes.contact)
    made = split_message(theirs, agnes.contact)
    assert (made.customer, theirs.home_id) == (other.customer, other.id)
    move_back(theirs, agnes.contact)

    assert (theirs.ticket, theirs.origin_id) == (printer, other.id)
    other.unmerge(agnes.contact)
    assert other.messages == [theirs]


def test_what_cannot_be_moved(company, printer, other, said, agnes, arthur):
    def reason(message, target, by=agnes):
        with pytest.raises(CannotMove) as refused:
            move_message(message, target, by.contact)
        return refused.value.reason

    hidden = open_ticket(make_team("Board", "board", company, visibility="private"), printer.customer, "X", "X")
    assert reason(said, printer) == "here"
    assert reason(said, hidden) == "hidden"
    assert reason(other.messages[0], printer) == "only"
    with pytest.raises(CannotMove):
        split_message(other.messages[0], agnes.contact)
    other.close(by=agnes.contact)
    assert reason(said, other) == "closed"
    assert said.ticket is printer
