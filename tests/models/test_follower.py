"""Followers: what each of them is mailed when a ticket changes its stage (R-VIS-4, R-VIS-6)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mail.rendering import render
from models import Contact, Delivery, session
from models.base import now
from models.sweep import close_due_batch
from tests.mail.server import text_of


@pytest.fixture
def crowd(team, printer, agnes, arthur, person):
    """Agnes is a member; Arthur and a partner follow the team, another partner the ticket; Nadia was removed."""
    partners = [Contact(email=f"{name}@partner.example", name=name.title()) for name in ("olga", "pavel")]
    session.add_all(partners)
    nadia = person("Nadia")
    team.set_members([agnes])
    for contact in (arthur.contact, partners[0], nadia.contact):
        team.add_follower(contact)
    printer.add_follower(partners[1])
    printer.remove_follower(nadia.contact)
    session.commit()
    return partners


def told(kind="moved"):
    return sorted(session.scalars(select(Delivery.address).where(Delivery.kind == kind)))


def test_a_move_is_told_to_the_followers_who_do_not_know_of_it(crowd, printer, team, agnes, arthur):
    printer.move_to(team.stages[1], by=agnes.contact)
    assert told() == ["arthur@acme.example", "olga@partner.example", "pavel@partner.example"]

    printer.move_to(team.stages[0], by=arthur.contact)
    assert told().count("arthur@acme.example") == 1 and told().count("olga@partner.example") == 2


def test_the_mail_of_a_move_says_who_moved_it_where(crowd, printer, team, agnes):
    printer.move_to(team.stages[1], by=agnes.contact)
    mail = render(session.scalar(select(Delivery).where(Delivery.address == "olga@partner.example")))

    assert mail["Subject"] == f"Update: The printer is on fire (#{printer.number})"
    assert "Agnes moved the ticket from New to In progress." in text_of(mail)


def test_a_move_that_follows_the_conversation_is_told_by_the_message_alone(crowd, printer, agnes):
    printer.reply(agnes.contact, "Which printer?")

    assert printer.stage.name == "Customer feedback"
    assert told() == [] and "olga@partner.example" in told("reply")


def test_a_silent_move_is_told_to_nobody(crowd, printer, team, agnes):
    team.stages[0].fold(True, by=agnes.contact)
    printer.move_to(team.stages[1], by=agnes.contact, silent=True)
    assert told() == []


def test_an_automatic_closing_is_told_to_the_same_people(crowd, printer, team):
    team.auto_close, team.spare_waiting = True, False
    session.commit()
    assert close_due_batch(now() + timedelta(days=8)) == 1

    assert told() == ["arthur@acme.example", "olga@partner.example", "pavel@partner.example"]


def test_what_a_closing_wanted_to_say_is_not_said_after_reopening(crowd, printer, agnes):
    printer.close(by=agnes.contact, why="done")
    printer.reopen(by=agnes.contact)

    moved = select(Delivery.state).where(Delivery.kind == "moved", Delivery.address == "olga@partner.example")
    assert session.scalars(moved.order_by(Delivery.id)).all() == ["cancelled", "queued"]
