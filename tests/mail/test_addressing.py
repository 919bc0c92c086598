"""One mail, several of our addresses: the key counts wherever it stands, and each team gets what was sent to it
(R-MAIL-2; threat model, rules 45, 48 and 49)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mail.lmtp import Desk
from models import Company, Contact, Message, Ticket, make_team, now, open_ticket, session
from tests.mail.arriving import SUPPORT, letter, mails_to, receive, settle, store
from tests.mail.test_placing import replies_come_back, reply_address  # noqa: F401 - a fixture


@pytest.fixture
def globex(team):
    """The desk of another company."""
    other = make_team("Globex desk", "globex", Company(name="Globex"))
    session.commit()
    return other


def said(words: str) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.body == words)))


@pytest.mark.parametrize("key_first", [True, False])
def test_a_mail_to_team_and_ticket_at_once_is_one_message_on_the_ticket(printer, carla, key_first):
    keyed = reply_address(printer, carla)
    session.commit()
    raw = letter(to=f"{SUPPORT}, {keyed}", text="Answered to all")
    rows = [store(raw, to=to) for to in ([keyed, SUPPORT] if key_first else [SUPPORT, keyed])]
    settle()

    assert [message.ticket for message in said("Answered to all")] == [printer]
    assert [(mail.state, mail.ticket) for mail in rows] == [("reply", printer)] * 2
    assert rows[1].reason == "It came twice."


@pytest.mark.parametrize("way", ["header", "none"])
def test_the_key_counts_though_our_server_names_the_mailbox_alone(printer, carla, app, way):
    """As IMAP has it, where the mailbox is the team's and the address was in To."""
    app.config["RECIPIENT_HEADER"] = "Delivered-To"
    app.extensions.pop("guichet.reader", None)
    keyed = reply_address(printer, carla)
    headers = {"Delivered_To": SUPPORT} if way == "header" else {"Cc": keyed}
    to = keyed if way == "header" else SUPPORT
    mail = receive(letter(to=to, text="Without a thread", **headers), to=None, via="imap")
    app.extensions.pop("guichet.reader", None)

    assert (mail.state, mail.ticket, mail.message.placed_by) == ("reply", printer, "reply_address")


def test_a_key_of_another_team_beside_the_address_opens_nothing(printer, carla, globex):
    keyed = reply_address(printer, carla)
    session.commit()
    mail = receive(letter(to=f"globex@desk.example, {keyed}", text="For Globex"), to="globex@desk.example")

    assert mail.state == "ticket" and mail.ticket.team is globex


@pytest.mark.parametrize("other_company", [True, False])
def test_an_answer_that_goes_to_another_team_as_well_is_a_ticket_there(printer, carla, globex, company, other_company):
    other = globex if other_company else make_team("Sales", "sales", company)
    keyed, sent = reply_address(printer, carla), mails_to(carla.email)[0]
    session.commit()
    raw = letter(to=f"{keyed}, {other.address}", text="To both", In_Reply_To=f"<{sent.mail_id}>")
    here, there = store(raw, to=keyed), store(raw, to=other.address)
    settle()

    assert (here.state, here.ticket) == ("reply", printer)
    assert there.state == "ticket" and there.ticket.team is other
    assert {message.ticket for message in said("To both")} == {printer, there.ticket}


def test_what_is_sent_to_one_company_is_not_shown_to_another(printer, carla, globex):
    """Somebody forwards our answer to the desk of another company: their words are for that one."""
    sent = mails_to(carla.email)[0]
    mail = receive(
        letter(to=globex.address, text="What do you say?", In_Reply_To=f"<{sent.mail_id}>"), to=globex.address
    )

    assert mail.state == "ticket" and mail.ticket.team is globex
    assert "What do you say?" not in [message.body for message in printer.messages]


def test_within_a_company_an_answer_to_the_old_team_follows_the_ticket(printer, carla, agnes, company):
    sent = mails_to(carla.email)[0]
    printer.edit(agnes.contact, team=make_team("Sales", "sales", company))
    session.commit()

    assert receive(letter(text="Still there?", In_Reply_To=f"<{sent.mail_id}>")).ticket is printer


@pytest.mark.parametrize("envelope", [True, False])
def test_answers_to_the_address_that_a_team_had_still_arrive(printer, carla, team, envelope):
    keyed = reply_address(printer, carla)
    team.address = "help@desk.example"
    session.commit()
    mail = receive(letter(to=keyed, text="To the old one"), to=keyed if envelope else None)

    assert (mail.state, mail.ticket, mail.message.placed_by) == ("reply", printer, "reply_address")
    assert mail.copies == ""  # nobody is offered our own address, nor shown its key


def test_the_listener_takes_what_has_a_key_of_ours(app, printer, carla, team):
    keyed = reply_address(printer, carla)
    team.address = "help@desk.example"
    session.commit()
    desk = Desk(app, writer=None)

    assert desk.takes(keyed) and desk.takes("help@desk.example")
    assert not desk.takes(SUPPORT)
    assert not desk.takes(keyed.replace("@", "a@").replace("+", "+0"))
    assert not desk.takes(keyed.replace("@", "x")[:-1] + "@desk.example")
    printer.revoke_links()
    session.commit()
    assert not desk.takes(keyed)


@pytest.mark.parametrize("way", ["key", "thread"])
def test_of_two_merged_tickets_an_answer_belongs_to_the_one_it_answers(printer, team, agnes, way):
    """An undo of its merge takes it along, and leaves it where it is when the other one goes (R-MERGE-4)."""
    paul = Contact(email="paul@client.example", name="Paul Petit")
    first, second = open_ticket(team, paul, "Smoke", "One"), open_ticket(team, paul, "Fire", "Two")
    keyed = reply_address(second, paul)
    sent = next(mail for mail in mails_to(paul.email) if mail.ticket is second and mail.kind == "stage")
    for ticket in (first, second):
        ticket.merge_into(printer, agnes.contact)
    session.commit()
    to, more = (keyed, {}) if way == "key" else (SUPPORT, {"In_Reply_To": f"<{sent.mail_id}>"})
    mail = receive(letter("paul@client.example", to=to, text="About the fire", **more), to=to)

    assert (mail.state, mail.ticket, mail.message.home_id) == ("reply", printer, second.id)
    second.unmerge(agnes.contact)
    session.commit()
    assert mail.message.ticket is second


def test_a_note_of_a_colleague_on_their_own_closed_ticket_stays_inside(team, agnes):
    """Whose ticket it is may write to a closed one, but a note must not become the public beginning of another."""
    mine = open_ticket(team, agnes.contact, "My chair", "It squeaks")
    team.add_follower(agnes.contact)
    to = reply_address(mine, agnes.contact, note=True)
    mine.close(at=now() - timedelta(days=30), how="agent")
    session.commit()
    mail = receive(letter("agnes@acme.example", to=to, text="Between us"), to=to)

    assert (mail.state, mail.ticket, mine.closed) == ("parked", mine, True)
    assert session.scalars(select(Ticket).where(Ticket.follow_up_of_id == mine.id)).all() == []
