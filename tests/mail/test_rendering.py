"""What the mails say, to whom, and in which language."""

import io
import re
from datetime import timedelta

import pytest
from flask import current_app

from mail.recipient import Obsolete
from mail.rendering import render
from models import Contact, Upload, make_team, now, open_ticket, session
from models.links import contact_of_code
from models.outbox import queue_mail
from models.template import Template
from tests.mail.server import delivery, html_of, text_of


@pytest.fixture
def known(carla, carlas_login):
    """Carla proved her mailbox: she has a login."""
    return carla


def written(ticket, author, body, **more):
    message = ticket.reply(author, body, **more)
    session.commit()
    return message


def account_mail(kind, contact):
    return render(queue_mail(kind, contact, "test"))


def test_ticket_received_comes_from_the_team_and_says_the_number(printer, carla, known):
    mail = render(delivery("stage"))

    assert str(mail["From"]) == "Support <support@desk.example>"
    assert mail["To"].addresses[0].addr_spec == "carla@client.example"
    assert mail["Subject"] == f"We received your request: The printer is on fire (#{printer.number})"
    assert "Hello Carla Conti," in text_of(mail)


def test_a_mail_is_plain_text_and_html(printer):
    mail = render(delivery("stage"))

    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_the_date_is_that_of_the_delivery(printer):
    queued = delivery("stage")

    assert render(queued)["Date"].datetime == queued.created_at


def test_templates_speak_the_language_of_the_customer(printer, carla, known):
    carla.language = "fr"
    mail = render(delivery("stage"))

    assert mail["Subject"].startswith("Nous avons bien reçu votre demande : The printer is on fire")
    assert "Bonjour Carla Conti," in text_of(mail)
    assert '<html lang="fr">' in html_of(mail)


def test_an_unknown_language_falls_back(printer, carla):
    carla.language = "xx"

    assert '<html lang="en">' in html_of(render(delivery("stage")))


def test_a_reply_carries_the_words_of_its_author(printer, carla, known, agnes):
    written(printer, agnes.contact, "Please **unplug** it.\n\nThen wait.")
    mail = render(delivery("reply", carla))

    assert mail["Subject"] == f"Re: The printer is on fire (#{printer.number})"
    assert "Agnes wrote:" in text_of(mail)
    assert "Please **unplug** it.\n\nThen wait." in text_of(mail).replace("\r\n", "\n")
    assert "Please <strong>unplug</strong> it." in html_of(mail)


def test_markup_of_a_stranger_is_made_harmless(printer, carla, agnes, team):
    team.add_follower(agnes.contact)
    written(printer, carla, "<script>alert(1)</script> ![spy](https://spy.example/x.png)")
    html = html_of(render(delivery("reply", agnes.contact)))

    assert "<script" not in html
    assert "<img" not in html


def test_a_mail_loads_nothing_from_anywhere(printer, carla, agnes):
    written(printer, agnes.contact, "Hello")

    for queued in (delivery("stage"), delivery("reply", carla)):
        assert not re.search(r"<(?:img|link|script|iframe)|url\(|@import|\ssrc=", html_of(render(queued)))


def test_automatic_mails_say_that_they_are(printer, carla, agnes):
    written(printer, agnes.contact, "Hello")
    received, reply = render(delivery("stage")), render(delivery("reply", carla))

    assert (received["Auto-Submitted"], received["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert (reply["Auto-Submitted"], reply["X-Auto-Response-Suppress"]) == (None, None)


@pytest.mark.parametrize("letter", ["signup", "reset", "invitation"])
def test_mails_about_accounts_are_generated_and_come_from_the_helpdesk(agnes, letter):
    mail = account_mail(letter, agnes.contact)

    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["From"]) == "Guichet <guichet@localhost.localdomain>"


def test_the_mail_of_a_stage_says_which_stage_was_reached(printer, team, known, agnes):
    resolved = next(stage for stage in team.stages if stage.status == "resolved")
    resolved.email_template = Template(name="Where it is", subject={"en": "{{ stage }}"}, body={"en": "{{ agent }}"})
    printer.assign_to(agnes)
    printer.move_to(resolved, by=agnes.contact)
    printer.move_to(team.first_stage, by=agnes.contact)
    session.commit()
    mail = next(render(one) for one in mails_of(printer) if one.template and one.template.name == "Where it is")

    assert mail["Subject"] == "Resolved"
    assert "Agnes" in text_of(mail)
    assert mail["Auto-Submitted"] == "auto-generated"


def mails_of(ticket):
    from models import Delivery

    return session.query(Delivery).filter(Delivery.ticket_id == ticket.id, Delivery.kind == "stage")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"by": "agnes", "why": "bought a new one"}, "is closed: bought a new one"),
        ({"by": "agnes"}, "is closed: our work on it is done."),
        ({"by": "carla"}, "is closed: you closed it yourself."),
        ({"by": None, "why": "inactive for 7 days", "how": "automatic"}, "is closed: nobody wrote for 7 days."),
    ],
)
def test_the_closing_mail_says_why_and_how_to_come_back(printer, team, carla, agnes, how, words):
    people = {"agnes": agnes.contact, "carla": carla, None: None}
    printer.close(**{**how, "by": people[how["by"]]})
    session.commit()
    text = text_of(render(next(one for one in mails_of(printer) if one.event.kind == "closed")))

    assert words in text
    assert f"within {team.reopen_days} days" in text


def test_the_reminder_names_the_day_of_the_closing_in_the_companys_zone(printer, team):
    team.auto_close, team.spare_waiting = True, False
    printer.last_activity_at = now().replace(year=2026, month=11, day=1, hour=23, minute=30)
    printer.reminded_at = now()
    queue_mail("reminder", printer.customer, "event:0", ticket=printer)
    session.commit()

    assert "It closes on November 9, 2026 unless you write" in text_of(render(delivery("reminder")))


def test_a_reminder_of_a_ticket_that_no_rule_closes_any_more_does_not_leave(printer, team):
    """It would name no day."""
    team.auto_close, printer.reminded_at = True, now()  # but spared: the ticket waits for our answer
    queue_mail("reminder", printer.customer, "event:0", ticket=printer)
    session.commit()

    with pytest.raises(Obsolete):
        render(delivery("reminder"))


def test_the_closing_mail_names_the_days_of_what_was_tried_in_the_companys_zone(printer, company, agnes):
    company.timezone = "Pacific/Auckland"
    late = now().replace(year=2026, month=6, day=3, hour=20, minute=0)
    printer.created_at = late - timedelta(days=1)
    printer.messages[0].at = late - timedelta(days=1)
    printer.note_attempt(agnes.contact, "call", "no_answer", at=late)
    printer.close(by=agnes.contact, why="No answer")
    session.commit()
    text = text_of(render(next(one for one in mails_of(printer) if one.event.kind == "closed")))

    assert "June 4, 2026: we called you" in text


def test_an_unproven_mailbox_gets_none_of_the_submitters_words(team):
    victim = Contact(email="victim@elsewhere.example", name="Win $1000 at evil.example")
    session.add(victim)
    ticket = open_ticket(team, victim, "Visit evil.example", "Buy at evil.example")
    session.commit()
    mail = render(delivery("stage"))

    assert b"evil" not in mail.as_bytes() + text_of(mail).encode() + html_of(mail).encode()
    assert mail["Subject"] == f"We received your request: your message (#{ticket.number})"


def test_a_reply_to_an_unproven_mailbox_names_the_ticket_by_its_number(printer, carla, agnes):
    written(printer, agnes.contact, "Hello")
    mail = render(delivery("reply", carla))

    assert mail["Subject"] == f"Re: ticket {printer.number}"
    assert "Conti" not in str(mail["To"])


def test_a_link_that_was_used_proves_the_mailbox(printer, carla):
    printer.link_for(carla).last_used_at = now()

    assert "The printer is on fire" in render(delivery("stage"))["Subject"]


def test_a_ticket_that_an_agent_opened_for_a_customer_is_named(team, carla, agnes):
    open_ticket(team, carla, "Your call of today", "She called.", by=agnes.contact)
    session.commit()

    assert "Your call of today" in render(delivery("stage"))["Subject"]


def test_files_travel_with_the_message(printer, carla, agnes):
    size = Upload("Größe, neu.pdf", "application/pdf", io.BytesIO(b"%PDF-1"))
    written(printer, agnes.contact, "See", attachments=[size])
    enclosed = list(render(delivery("reply", carla)).iter_attachments())

    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in enclosed] == [
        ("Größe, neu.pdf", "application/pdf", b"%PDF-1")
    ]


@pytest.mark.parametrize("letter", ["message/rfc822", "text/html", "multipart/mixed", "image/svg+xml"])
def test_files_of_any_type_arrive_as_they_are(printer, carla, agnes, letter):
    written(printer, agnes.contact, "See", attachments=[Upload("it", letter, io.BytesIO(b"Subject: x\r\n\r\n\xff"))])
    (enclosed,) = render(delivery("reply", carla)).iter_attachments()

    assert enclosed.get_payload(decode=True) == b"Subject: x\r\n\r\n\xff"
    assert enclosed.get_content_disposition() == "attachment"


def test_files_beyond_ten_megabytes_stay_and_are_named(printer, carla, agnes):
    files = [Upload(f"{size}.bin", "", io.BytesIO(b"x" * size * 1_000_000)) for size in (6, 5, 3)]
    written(printer, agnes.contact, "Big", attachments=files)
    mail = render(delivery("reply", carla))

    assert [one.get_filename() for one in mail.iter_attachments()] == ["6.bin", "3.bin"]
    assert "- 5.bin (5 MB)" in text_of(mail)
    assert "5.bin" in html_of(mail)


def test_a_file_that_the_store_lost_does_not_hold_up_the_mail(printer, carla, agnes):
    written(printer, agnes.contact, "See", attachments=[Upload("a.txt", "text/plain", io.BytesIO(b"a"))])
    printer.messages[-1].attachments[0].storage_key = "no/where"

    assert "- a.txt (1 B)" in text_of(render(delivery("reply", carla)))


def test_a_new_account_is_proven_by_a_code(app, carla):
    text = text_of(account_mail("signup", carla))
    code = re.search(rf"^{current_app.config['BASE_URL']}/signup\?code=(\S+)$", text, re.M)[1]

    assert contact_of_code(code, "signup") is carla
    assert "Carla" not in text


def test_who_has_an_account_is_told_so(carla, carlas_login):
    text = text_of(account_mail("signup", carla))

    assert "/login" in text
    assert "code=" not in text


@pytest.mark.parametrize("letter", ["reset", "invitation"])
def test_a_password_is_chosen_by_a_code(agnes, letter):
    code = re.search(r"/reset\?code=(\S+)", text_of(account_mail(letter, agnes.contact)))[1]

    assert contact_of_code(code, letter) is agnes.contact


def test_a_reset_without_an_account_says_so(carla):
    text = text_of(account_mail("reset", carla))

    assert "/signup" in text
    assert "code=" not in text


def test_every_kind_can_be_written(printer, team, carla, agnes, arthur):
    team.add_follower(agnes.contact)
    open_ticket(team, carla, "Another", "One more")
    printer.assign_to(arthur, by=agnes.contact)
    written(printer, carla, "Still burning")
    written(printer, agnes.contact, "She is upset", internal=True)
    queue_mail("link", carla, "asked", ticket=printer)
    printer.reminded_at, team.auto_close, team.spare_waiting = now(), True, False
    queue_mail("reminder", printer.customer, "event:0", ticket=printer)
    session.commit()

    for kind, contact in [("new_ticket", agnes.contact), ("assigned", arthur.contact), ("reply", arthur.contact)]:
        assert "#" in render(delivery(kind, contact))["Subject"]
    assert "She is upset" in text_of(render(delivery("note", arthur.contact)))
    assert f"ticket {printer.number}" in render(delivery("link"))["Subject"]
    assert "closes soon" in render(delivery("reminder"))["Subject"]


def test_a_team_without_address_writes_as_the_helpdesk(company, carla):
    open_ticket(make_team("Sales", "sales", company, address=None), carla, "Offer", "Please")
    session.commit()
    mail = render(delivery("stage"))

    assert str(mail["From"]) == "Sales <guichet@localhost.localdomain>"
    assert mail["Reply-To"] is None
