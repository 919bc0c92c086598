"""Automatic answers to mail: one a day to one address, none to who asks for none (threat model, rules 50 and 51)."""

from datetime import timedelta

import pytest

from mail.rendering import prepare, render
from models import Contact, now, session
from tests.mail.arriving import letter, mails_to, receive, settle


def test_one_address_gets_one_automatic_answer_a_day(team):
    at = now()
    for number in range(3):
        receive(letter(subject=f"Question {number}"), at=at + timedelta(hours=number))
    assert [one.kind for one in mails_to("carla@client.example")] == ["stage"]

    receive(letter(subject="The next day"), at=at + timedelta(hours=25))

    assert [one.kind for one in mails_to("carla@client.example")] == ["stage", "stage"]


@pytest.mark.parametrize(
    "headers",
    [
        {"List_Id": "<users.list.example>", "List_Post": "<mailto:users@list.example>"},
        {"Precedence": "list", "List_Post": "<mailto:users@list.example>"},
        {"X_Auto_Response_Suppress": "OOF, AutoReply"},
    ],
)
def test_a_person_who_may_not_be_answered_gets_a_ticket_alone(headers, team):
    mail = receive(letter(**headers))

    assert mail.state == "ticket"
    assert mails_to("carla@client.example") == []


def test_a_reopening_by_mail_is_answered_within_the_limit_too(printer, carla, team, agnes):
    from models.templates_shipped import shipped

    team.first_with_status("open").email_template = shipped("Ticket received")
    sent = mails_to(carla.email)[0]
    printer.close(by=agnes.contact)
    session.commit()
    before = len(mails_to(carla.email))
    receive(letter(subject="One more thing"))  # answered: Ticket received
    receive(letter(subject="Re: fire", text="It burns again", In_Reply_To=f"<{sent.mail_id}>"))

    assert not printer.closed
    assert [one.kind for one in mails_to(carla.email)][before:] == ["stage"]


def test_followers_are_mailed_the_new_words_alone(printer, carla, team, agnes):
    team.add_follower(agnes.contact)
    sent = mails_to(carla.email)[0]
    text = "It burns again.\n\nOn Mon, Nov 16, 2026 at 9:00 AM Support <support@desk.example> wrote:\n> We got it.\n"
    mail = receive(letter(text=text, In_Reply_To=f"<{sent.mail_id}>"))
    told = next(one for one in mails_to(agnes.email) if one.kind == "reply")

    prepare([told])
    written = render(told)

    assert "We got it." in mail.message.body
    for part in ("plain", "html"):
        assert "It burns again." in written.get_body((part,)).get_content()
        assert "We got it." not in written.get_body((part,)).get_content()


def test_two_programs_that_answer_each_other_come_to_an_end(app, printer, carla, team, agnes):
    app.config |= {"SENDER_LIMIT": "3 per hour", "REPLY_MARK": "+"}
    fred = Contact(email="fred@client.example")
    session.add(fred)
    printer.add_follower(fred)
    session.commit()
    sent = mails_to(carla.email)[0]
    ours = f"<{sent.mail_id}>"
    for number in range(5):
        mails = [
            receive(letter(f"{name}@client.example", text=f"Got it ({number})", In_Reply_To=ours))
            for name in ("carla", "fred")
        ]

    assert [mail.state for mail in mails] == ["quarantined"] * 2
    assert len(printer.messages) == 1 + 3 + 3
    mails[0].run_again()
    session.commit()
    settle()
    assert (mails[0].state, mails[0].ticket) == ("reply", printer)
