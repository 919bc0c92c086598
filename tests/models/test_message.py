"""Replies, notes, and who hears of them."""

import io

import pytest
from sqlalchemy import select

from models import Contact, Delivery, Ticket, Upload, open_ticket, session
from models.attachment import TooLarge, clean_name
from models.message import EmptyMessage


def told(kind):
    return sorted(session.scalars(select(Delivery.address).where(Delivery.kind == kind)))


def test_the_same_submission_makes_one_ticket(team, carla):
    first = open_ticket(team, carla, "Help", "Please", key="one")
    session.commit()
    assert open_ticket(team, carla, "Help", "Please", key="one") is first
    assert session.query(Ticket).count() == 1


def test_the_same_reply_is_kept_once(printer, carla):
    first = printer.reply(carla, "Any news?", key="one")
    session.commit()
    assert printer.reply(carla, "Any news?", key="one") is first
    assert len(printer.messages) == 2


def test_followers_hear_a_public_reply_and_only_colleagues_a_note(printer, team, agnes, arthur, carla):
    outsider = Contact.get_or_create("eve@elsewhere.example")
    printer.add_follower(outsider)
    team.add_follower(arthur.contact)

    printer.reply(agnes.contact, "Hello")
    printer.reply(agnes.contact, "A note", internal=True)

    assert told("reply") == ["arthur@acme.example", "carla@client.example", "eve@elsewhere.example"]
    assert told("note") == ["arthur@acme.example"]


def test_an_excluded_follower_hears_nothing(printer, team, agnes, arthur):
    team.add_follower(arthur.contact)
    printer.remove_follower(arthur.contact)
    printer.reply(agnes.contact, "Hello")
    assert told("reply") == ["carla@client.example"]


def test_it_is_known_who_waits_for_whom(printer, agnes, carla):
    asked = printer.waiting_since
    assert asked == printer.messages[0].at
    printer.reply(carla, "Hello?")
    assert printer.waiting_since == asked
    printer.reply(agnes.contact, "A note", internal=True)
    assert printer.waiting_since == asked
    printer.reply(agnes.contact, "On my way")
    assert printer.waiting_since is None


def test_an_empty_message_is_refused(printer, carla):
    with pytest.raises(EmptyMessage):
        printer.reply(carla, "  \n ")


def test_a_file_comes_back_as_it_went_in(printer, carla):
    message = printer.reply(carla, "", [Upload("../../smoke\x00.png", "image/png", io.BytesIO(b"\x89PNG"))])
    [file] = message.attachments
    with file.open() as stored:
        assert stored.read() == b"\x89PNG"
    assert (file.name, file.size, file.picture) == ("smoke.png", 4, True)


def test_a_file_over_the_limit_is_refused(printer, carla, app):
    app.config["MAX_ATTACHMENT_BYTES"] = 3
    with pytest.raises(TooLarge):
        printer.reply(carla, "Look", [Upload("a.bin", "", io.BytesIO(b"1234"))])


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", "file"), ("..", "file"), ("C:\\x\\a.txt", "a.txt"), ("a\u202egnp.exe", "agnp.exe"),
     ("é" * 300 + ".pdf", "é" * 192 + ".pdf")],
)  # fmt: skip
def test_names_of_files_are_cleaned(given, kept):
    assert clean_name(given) == kept


def test_the_bell_sounds_after_the_commit_and_never_before(rings, team, carla):
    open_ticket(team, carla, "Help", "Please")
    assert rings == []
    session.rollback()
    session.commit()
    assert rings == []


def test_a_colleague_who_asks_is_a_customer(team, agnes, arthur):
    ticket = open_ticket(team, agnes.contact, "My badge", "It does not open the door.")
    assert ticket.waiting_since

    ticket.reply(arthur.contact, "Try again.")
    ticket.reply(agnes.contact, "Still closed.")
    assert (ticket.stage.name, ticket.waiting_since) == ("In progress", ticket.messages[-1].at)
