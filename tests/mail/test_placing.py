"""Where a mail belongs (R-MAIL-2), and that nobody steers or speaks as somebody else (threat model, rules 44 to 49)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mail.rendering import prepare, render
from models import (
    Company,
    Contact,
    Delivery,
    IncomingMail,
    Message,
    TeamAddress,
    Ticket,
    make_team,
    now,
    open_ticket,
    session,
)
from models.outbox import queue_mail
from tests.mail.arriving import SUPPORT, letter, mails_to, receive, settle, store


@pytest.fixture(autouse=True)
def replies_come_back(app):
    app.config["REPLY_MARK"] = "+"


def reply_address(ticket, contact, note=False) -> str:
    """Where an answer to our mail would go, as that mail says."""
    delivery = queue_mail("note" if note else "link", contact, f"test:{now()}", ticket=ticket)
    if note:
        delivery.message = ticket.add_message(ticket.team.followers[0], "Between us", internal=True)
    prepare([delivery])
    return render(delivery)["Reply-To"].addresses[0].addr_spec


def test_a_mail_to_a_team_is_a_new_ticket_of_it(team, carla):
    mail = receive(letter(subject="The door is stuck", text="It does not open."))

    assert (mail.state, mail.ticket.team, mail.ticket.customer) == ("ticket", team, carla)
    assert (mail.ticket.subject, mail.message.body) == ("The door is stuck", "It does not open.")
    assert mail.message.placed_by == "recipient"


def test_an_unknown_author_becomes_a_contact_and_nobody_else_does(team):
    raw = letter("Nora New <nora@new.example>", Cc="boss@new.example", Reply_To="other@new.example")
    mail = receive(raw)

    assert mail.ticket.customer.name == "Nora New"
    assert session.scalars(select(Contact.email).where(Contact.email.like("%new.example"))).all() == [
        "nora@new.example"
    ]
    assert [one.email for one in mail.ticket.followers] == ["nora@new.example"]
    assert mail.copies == "boss@new.example"


def test_the_first_mail_is_answered_with_ticket_received(team):
    receive(letter())

    (answer,) = mails_to("carla@client.example")
    assert (answer.kind, answer.event.kind) == ("stage", "created")


def test_an_answer_to_the_signed_address_is_a_reply_whatever_else_it_says(printer, carla):
    to = reply_address(printer, carla)
    assert to.startswith("support+") and len(to.partition("@")[0]) <= 64

    mail = receive(letter(to=to, subject="Completely different", text="Still smoking."), to=to.upper())

    assert (mail.state, mail.ticket, mail.message.placed_by) == ("reply", printer, "reply_address")
    assert mail.message.author is carla and mail.message.body == "Still smoking."


def test_a_signed_address_that_was_tampered_with_or_revoked_leads_nowhere(printer, carla):
    to = reply_address(printer, carla)
    letters = to[:-14] + ("a" if to[-14] != "a" else "b") + to[-13:]
    assert receive(letter(to=letters), to=letters).state == "ticket"

    printer.revoke_links()
    session.commit()

    assert receive(letter(to=to, text="Too late"), to=to).state == "ticket"


def test_somebody_else_with_the_customers_address_speaks_for_themselves(printer, carla):
    to = reply_address(printer, carla)

    mail = receive(letter("Carl <carl@client.example>", to=to), to=to)

    assert (mail.state, mail.message.author.email) == ("reply", "carl@client.example")
    assert "carl@client.example" not in [one.email for one in printer.followers]


def test_a_reply_in_the_thread_lands_on_the_ticket(printer, carla):
    sent = session.scalars(select(Delivery).where(Delivery.ticket_id == printer.id)).first()

    mail = receive(letter(text="More smoke", In_Reply_To=f"<{sent.mail_id}>"))

    assert (mail.state, mail.ticket, mail.message.placed_by) == ("reply", printer, "thread")


def test_a_second_mail_that_answers_the_first_of_the_same_batch_joins_it(team):
    first = store(letter(Message_ID="<one@client.example>"))
    second = store(letter(text="And another thing", References="<one@client.example>"))
    settle()

    assert (first.state, second.state) == ("ticket", "reply")
    assert second.ticket is first.ticket


def test_a_stranger_in_the_thread_opens_a_ticket_of_their_own(printer):
    sent = session.scalars(select(Delivery).where(Delivery.ticket_id == printer.id)).first()

    mail = receive(letter("Sven <sven@elsewhere.example>", In_Reply_To=f"<{sent.mail_id}>"))

    assert mail.state == "ticket" and mail.ticket is not printer


def test_a_number_in_the_subject_is_not_enough(printer, carla):
    mail = receive(letter(subject=f"Re: [#{printer.number}] The printer is on fire"))

    assert mail.state == "ticket" and mail.ticket is not printer


def test_an_agent_answers_by_mail_with_the_own_keyed_address(printer, agnes, team):
    team.add_follower(agnes.contact)
    to = reply_address(printer, agnes.contact)

    mail = receive(letter("Agnes <agnes@acme.example>", to=to, text="We are coming."), to=to)

    assert (mail.state, mail.message.author, mail.message.internal) == ("reply", agnes.contact, False)
    assert printer.status == "answered"


def test_an_answer_to_a_note_is_a_note(printer, agnes, arthur, team):
    team.add_follower(agnes.contact)
    to = reply_address(printer, agnes.contact, note=True)

    mail = receive(letter("agnes@acme.example", to=to, text="Between us too."), to=to)

    assert mail.message.internal
    assert not any(one.kind == "reply" and one.message is mail.message for one in mails_to("carla@client.example"))


def test_nobody_speaks_as_an_agent_without_the_agents_key(printer, agnes, carla, team):
    team.add_follower(agnes.contact)
    sent = session.scalars(select(Delivery).where(Delivery.ticket_id == printer.id)).first()
    before = len(printer.messages)

    in_thread = receive(letter("agnes@acme.example", In_Reply_To=f"<{sent.mail_id}>", text="Forged"))
    to = reply_address(printer, carla)
    with_the_customers = receive(letter("agnes@acme.example", to=to, text="Forged too"), to=to)
    to = reply_address(printer, agnes.contact)
    by_a_stranger = receive(letter("eve@evil.example", to=to, text="Stolen"), to=to)
    to = reply_address(printer, agnes.contact, note=True)
    before += 1  # the note itself
    note_of_a_stranger = receive(letter("eve@evil.example", to=to, text="Stolen note"), to=to)

    for mail in (in_thread, with_the_customers, by_a_stranger, note_of_a_stranger):
        assert mail.state == "ticket" and mail.ticket is not printer
    session.refresh(printer)
    assert len(printer.messages) == before


def test_an_agents_key_counts_with_the_rights_of_now(printer, agnes, team):
    team.add_follower(agnes.contact)
    to = reply_address(printer, agnes.contact)
    team.visibility = "private"
    team.remove_follower(agnes.contact)
    session.commit()
    assert receive(letter("agnes@acme.example", to=to, text="One"), to=to).state == "ticket"

    agnes.deactivate()
    session.commit()
    assert receive(letter("agnes@acme.example", to=to, text="Two"), to=to).state == "ticket"


def test_nothing_in_the_mail_chooses_the_team(team, company):
    other = make_team("Sales", "sales", company)
    session.commit()
    raw = letter(to="sales@desk.example", Delivered_To="sales@desk.example", X_Team="sales", X_Priority="1")

    mail = receive(raw, to=SUPPORT)

    assert mail.ticket.team is team and other.id != mail.ticket.team_id
    assert mail.ticket.priority == 0


def test_without_an_envelope_the_headers_say_and_each_team_gets_it_once(team, company):
    sales = make_team("Sales", "sales", company)
    session.commit()
    receive(letter(to=f"{SUPPORT}, sales@desk.example", Cc=f"Again <{SUPPORT}>"), to=None, via="imap")

    assert sorted(session.scalars(select(Ticket.team_id))) == sorted([team.id, sales.id])


def test_a_header_that_our_own_server_sets_comes_first(app, team, company):
    make_team("Sales", "sales", company)
    session.commit()
    mail = receive(letter(to="list@elsewhere.example", Delivered_To=SUPPORT), to=None, via="imap")
    assert mail.state == "parked"

    app.config["RECIPIENT_HEADER"] = "Delivered-To"
    app.extensions.pop("guichet.reader").end()
    try:
        mail = receive(letter(to="sales@desk.example", Delivered_To=SUPPORT), to=None, via="imap")
        assert mail.ticket.team is team
    finally:
        app.extensions.pop("guichet.reader").end()


@pytest.mark.parametrize("to", ["help@desk.example", "support+anything@desk.example", "SUPPORT@Desk.Example"])
def test_aliases_and_plus_addresses_are_the_teams(to, team):
    session.add(TeamAddress(address="help@desk.example", team=team))
    session.commit()

    assert receive(letter(to=to), to=to).ticket.team is team


def test_the_same_delivery_twice_is_one_row_and_one_message(team):
    raw = letter()
    first, again = receive(raw), receive(raw)

    assert first is again
    assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_the_same_mail_by_two_ways_is_one_message_of_the_team(team):
    session.add(TeamAddress(address="help@desk.example", team=team))
    session.commit()
    raw = letter()
    first = receive(raw)
    second = receive(b"Received: by another way\r\n" + raw, to="help@desk.example")

    assert second is not first and second.ticket is first.ticket
    assert (second.state, second.reason) == ("ticket", "It came twice.")
    assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_what_no_team_takes_is_parked_and_can_be_run_again(team, company):
    mail = receive(letter(to="nobody@desk.example"), to="nobody@desk.example")
    assert (mail.state, mail.reason) == ("parked", "No team has the address that it was sent to.")

    session.add(TeamAddress(address="nobody@desk.example", team=team))
    mail.run_again()
    session.commit()
    settle()

    assert mail.state == "ticket"


def test_an_inactive_team_gets_no_tickets(team):
    team.active = False
    session.commit()

    assert receive(letter()).reason == "The team is not active."


def test_a_customers_mail_to_a_closed_ticket_reopens_it_and_later_opens_a_follow_up(printer, carla, agnes, team):
    to = reply_address(printer, carla)
    printer.close(by=agnes.contact)
    session.commit()
    assert receive(letter(to=to, text="Not solved"), to=to).state == "reply"
    assert not printer.closed

    printer.close(by=agnes.contact, at=now() - timedelta(days=30))
    printer.closing.at = now() - timedelta(days=30)
    session.commit()
    mail = receive(letter(to=to, text="Again!"), to=to)

    assert mail.ticket.follow_up_of is printer and printer.closed


def test_a_mail_to_a_ticket_that_was_merged_goes_to_the_one_that_stays(printer, carla, agnes, team):
    to = reply_address(printer, carla)
    sent = mails_to(carla.email)[0]
    other = open_ticket(team, carla, "The printer still burns", "Help!")
    printer.merge_into(other, agnes.contact)
    session.commit()

    by_key = receive(letter(to=to, text="One"), to=to)
    by_thread = receive(letter(text="Two", In_Reply_To=f"<{sent.mail_id}>"))

    assert (by_key.ticket, by_thread.ticket) == (other, other)


def test_an_agents_mail_to_a_closed_ticket_is_set_aside(printer, agnes, team):
    team.add_follower(agnes.contact)
    to = reply_address(printer, agnes.contact)
    printer.close(by=agnes.contact)
    session.commit()

    mail = receive(letter("agnes@acme.example", to=to), to=to)

    assert mail.state == "parked" and "closed" in mail.reason


def test_only_the_configured_server_vouches_for_an_author(app, team):
    said = "mx.desk.example; dmarc=pass header.from=client.example"
    assert receive(letter(Authentication_Results=said)).verified is None

    app.config["AUTHSERV_ID"] = "mx.desk.example"
    app.extensions.pop("guichet.reader").end()
    try:
        for value, expected in [
            (said, True),
            ("mx.desk.example; dmarc=fail header.from=client.example", False),
            ("mx.evil.example; dmarc=pass header.from=client.example", None),
            ("mx.desk.example; dmarc=pass header.from=evil.example", False),
            ("mx.desk.example (note; dmarc=pass header.from=client.example); spf=pass", False),
            ("mx.desk.example; spf=pass (a (b); dmarc=pass header.from=client.example )", False),
            ('mx.desk.example; spf=pass smtp.mailfrom="x; dmarc=pass header.from=client.example "@evil.example', False),
            ('mx.desk.example; spf=none smtp.mailfrom="(\\"("@a.example; dmarc=pass header.from=client.example', True),
        ]:
            assert receive(letter(Authentication_Results=value)).verified is expected, value
    finally:
        app.extensions.pop("guichet.reader").end()


def test_one_sender_opens_so_many_tickets_and_the_rest_waits_in_quarantine(app, team):
    app.config["SENDER_LIMIT"] = "3 per hour"
    mails = [store(letter(subject=f"Number {number}")) for number in range(5)]
    settle()
    assert [mail.state for mail in mails] == ["ticket"] * 3 + ["quarantined"] * 2

    mails[4].run_again()
    session.commit()
    settle()
    assert mails[4].state == "ticket"


def test_personal_links_that_were_quoted_are_taken_out(app, printer, carla):
    to = reply_address(printer, carla)
    token = printer.link_for(carla).token
    text = f"Yes.\n\n> Open the ticket:\n> {app.config['BASE_URL']}/ticket/{token}\n> From: <{to}>\n"

    mail = receive(letter(to=to, text=text), to=to)

    assert token not in mail.message.body and to not in mail.message.body
    assert "> From: <support@desk.example>" in mail.message.body


def test_what_fails_to_be_placed_is_parked_and_the_next_one_goes_on(team, monkeypatch):
    from mail import placing

    known = placing.words_kept
    monkeypatch.setattr(placing, "words_kept", lambda found: 1 / 0 if found.subject == "Bad" else known(found))
    bad, good = store(letter(subject="Bad")), store(letter(subject="Good"))
    settle()

    assert (bad.state, bad.reason) == ("parked", "It could not be placed: ZeroDivisionError")
    assert good.state == "ticket"


def test_a_mail_that_takes_its_workers_along_is_given_up(team):
    mail = store(letter())
    mail.attempts = 3
    session.commit()
    settle()

    assert mail.state == "parked" and mail.reason.startswith("Given up")


def test_originals_are_kept_until_handled_and_forgotten_later(team):
    mail, lost = receive(letter()), receive(letter(to="x@y.example"), to="x@y.example")
    settle(now() + timedelta(days=89))
    assert mail.raw

    settle(now() + timedelta(days=91))
    assert mail.raw is None and lost.raw


def test_nobody_of_another_company_is_concerned(team):
    globex = Company(name="Globex")
    session.add(globex)
    other = make_team("Globex desk", "globex", globex)
    session.commit()
    mail = receive(letter(to="globex@desk.example"), to="globex@desk.example")

    assert mail.ticket.team is other
    assert session.scalar(select(func.count()).where(IncomingMail.team_id == team.id)) == 0
