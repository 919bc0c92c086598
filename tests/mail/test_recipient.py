"""Who gets a mail at all, and whose mail holds which link (R-VIS-6, R-VIS-7, R-VIS-9)."""

import pytest
from flask import current_app

from mail.recipient import NotForThem, Obsolete
from mail.rendering import render
from models import Company, Contact, Delivery, session
from models.links import open_link
from models.outbox import queue_mail
from tests.mail.server import delivery, html_of, text_of

VISIBILITIES = ("private", "company", "public")


@pytest.fixture
def outsider(team):
    """Somebody with an address and nothing else, who follows the team."""
    contact = Contact(email="olga@partner.example", name="Olga")
    session.add(contact)
    team.add_follower(contact)
    return contact


def words(queued) -> str:
    mail = render(queued)
    return text_of(mail) + html_of(mail)


def mail_to(ticket, contact, kind="reply", by=None):
    """A mail about the ticket, queued for this contact whether or not the rules would."""
    author = by or Contact.by_email("agnes@acme.example")
    if kind == "new_ticket":
        return queue_mail(kind, contact, "test", ticket=ticket, event=ticket.events[0])
    message = ticket.reply(author, "Have you tried turning it off?", internal=kind == "note")
    key = f"{kind}:message:{message.id}:{contact.id}"
    return session.query(Delivery).filter_by(key=key).one_or_none() or queue_mail(
        kind, contact, f"message:{message.id}", ticket=ticket, message=message
    )


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("with_login", [True, False])
def test_the_customers_link_works_whatever_the_visibility(printer, team, carla, agnes, request, visibility, with_login):
    if with_login:
        request.getfixturevalue("carlas_login")
    team.visibility = visibility
    address = f"{current_app.config['BASE_URL']}/ticket/{printer.link_for(carla).token}"

    assert address in words(delivery("stage"))
    assert address in words(mail_to(printer, carla))
    assert open_link(address.rpartition("/")[2]).ticket is printer


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("letter", ["reply", "new_ticket"])
def test_an_outside_follower_gets_no_link(printer, team, agnes, outsider, visibility, letter):
    team.visibility = visibility
    said = words(mail_to(printer, outsider, letter))

    assert current_app.config["BASE_URL"] not in said
    assert "/ticket/" not in said


@pytest.mark.parametrize(("visibility", "linked"), [("private", False), ("company", False), ("public", True)])
def test_a_portal_user_gets_a_link_to_what_they_see(printer, team, agnes, person, visibility, linked):
    paul = person("Paul", role="portal")
    team.visibility = visibility
    printer.add_follower(paul.contact)
    said = words(mail_to(printer, paul.contact))

    assert (f"/my/tickets/{printer.number}" in said) == linked
    assert "/ticket/" not in said
    assert "/console/" not in said


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("letter", ["reply", "note", "new_ticket"])
def test_an_agent_who_sees_the_ticket_gets_the_consoles_address(printer, team, agnes, arthur, visibility, letter):
    team.visibility = visibility
    team.add_follower(arthur.contact)

    assert f"/console/tickets/{printer.number}" in words(mail_to(printer, arthur.contact, letter))


def test_an_agent_of_another_company_is_an_outsider(printer, agnes, person):
    other = Company(name="Other")
    session.add(other)
    stranger = person("Stan", companies=[other])
    printer.add_follower(stranger.contact)

    assert current_app.config["BASE_URL"] not in words(mail_to(printer, stranger.contact))
    with pytest.raises(NotForThem):
        render(mail_to(printer, stranger.contact, "note"))


def test_a_note_goes_to_no_outsider_whatever_was_queued(printer, team, carla, agnes, outsider, person):
    paul = person("Paul", role="portal")
    printer.add_follower(paul.contact)

    for contact in (carla, outsider, paul.contact):
        with pytest.raises(NotForThem):
            render(mail_to(printer, contact, "note"))


def test_a_note_does_not_pass_as_a_reply(printer, carla, agnes):
    note = printer.reply(agnes.contact, "Charge her double", internal=True)

    with pytest.raises(NotForThem):
        render(queue_mail("reply", carla, "forged", ticket=printer, message=note))


def test_rights_are_those_of_the_moment_of_sending(printer, team, agnes, arthur):
    team.add_follower(arthur.contact)
    note = mail_to(printer, arthur.contact, "note")
    arthur.deactivate()
    session.commit()

    with pytest.raises(NotForThem):
        render(note)


def test_whoever_lost_sight_of_the_ticket_gets_no_note(printer, team, agnes, arthur):
    team.add_follower(arthur.contact)
    note = mail_to(printer, arthur.contact, "note")
    team.visibility = "private"
    team.remove_follower(arthur.contact)
    session.commit()

    with pytest.raises(NotForThem):
        render(note)


def test_whoever_stopped_following_gets_no_more_replies(printer, agnes, outsider):
    queued = mail_to(printer, outsider)
    printer.remove_follower(outsider)
    session.commit()

    with pytest.raises(Obsolete):
        render(queued)


def test_a_customer_who_is_one_of_us_reads_notes_in_the_console(team, printer, agnes, arthur):
    printer.customer = arthur.contact
    session.commit()
    said = words(mail_to(printer, arthur.contact, "note"))

    assert f"/console/tickets/{printer.number}" in said
    assert "/ticket/" not in said


def test_only_the_present_assignee_is_told(printer, agnes, arthur):
    printer.assign_to(agnes, by=arthur.contact)
    queued = delivery("assigned")
    printer.assign_to(arthur)
    session.commit()

    with pytest.raises(Obsolete):
        render(queued)


def test_a_fresh_link_is_a_signed_one(printer, carla):
    printer.link_for(carla).renew()
    queued = queue_mail("link", carla, "asked", ticket=printer)

    assert f"/ticket/{printer.link_for(carla).token}" in words(queued)
