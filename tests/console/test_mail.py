"""The mail page: everything that came in, in scope, safe to look at, and what an administrator can decide."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from mail.rendering import prepare, render
from models import AddressCheck, Company, Delivery, IncomingMail, TeamAddress, make_team, now, session
from models.outbox import queue_mail
from tests.mail.arriving import SUPPORT, letter, receive, settle, store


def test_what_came_in_is_listed_with_what_became_of_it(office, team):
    placed = receive(letter(subject="The door"))
    parked = receive(letter(to="x@y.example", subject="Lost"), to="x@y.example")
    page = office.get("/console/mail").text

    assert "The door" in page and f"/console/tickets/{placed.ticket.number}" in page
    assert "Lost" in page and "No team has the address that it was sent to." in page
    assert "The door" not in office.get("/console/mail?state=parked").text
    assert "The door" in office.get("/console/mail?q=DOOR").text
    assert "Lost" not in office.get("/console/mail?q=carla%25").text
    assert office.get(f"/console/mail?before={parked.id}").text.count("Lost") == 0


def test_one_mail_says_why_it_landed_there_and_shows_itself_as_it_came(office, team):
    mail = receive(letter(subject="The door", text="It is <b>stuck</b>."))
    page = office.get(f"/console/mail/{mail.id}").text

    assert "it is a new one of the team that it was sent to" in page
    assert "It is &lt;b&gt;stuck&lt;/b&gt;." in page


def test_the_original_is_a_download_without_the_keys_of_others(app, office, printer, carla):
    key = b"support+1.1.abcdefghijklmnopqrstuvwx@desk.example"
    raw = letter(to=key.decode(), text=f"> {app.config['BASE_URL']}/ticket/{printer.link_for(carla).token}\n")
    mail = receive(raw, to=key.decode())
    answers = [
        office.get(f"/console/mail/{mail.id}/original"),
        office.get(f"/console/tickets/{mail.ticket.number}/originals/{mail.message.id}"),
    ]

    for answer in answers:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert b"It" not in answer.data and b"Subject: Help" in answer.data
        assert key not in answer.data and printer.link_for(carla).token.encode() not in answer.data
    assert key.decode() not in office.get(f"/console/mail/{mail.id}").text


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_no_encoding_of_an_original_shows_a_key_or_link(encoding, office, team, printer, carla, app):
    link = f"{app.config['BASE_URL']}/ticket/{printer.link_for(carla).token}"
    words = f"> reset: {app.config['BASE_URL']}/reset?code={printer.link_for(carla).token}\n"
    for blanks in range(0, 80, 3):  # so that lines break at each place of them
        for mark in "+-":
            words += f"{'x' * blanks} Support <support{mark}1.1.abcdefghijklmnopqrstuvwx@desk.example> {link} end\n"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "carla@client.example", SUPPORT, "Re: fire"
    mail.set_content(words, cte=encoding)
    found = receive(mail.as_bytes())
    shown = message_from_bytes(office.get(f"/console/mail/{found.id}/original").data, policy=policy.default)
    said = shown.get_content()

    assert said.count(" end\n") == words.count(" end\n") and "> reset: " in said
    assert printer.link_for(carla).token not in said and "abcdefghijklmnopqrstuvwx" not in said


def test_what_was_set_aside_is_run_again_or_discarded(office, team):
    lost, other = (receive(letter(to=to), to=to) for to in ("lost@desk.example", "other@desk.example"))
    session.add(TeamAddress(address="lost@desk.example", team=team))
    session.commit()

    assert office.post(f"/console/mail/{lost.id}/run").status_code == 303
    settle()
    office.post("/console/mail/discards", data={"mail": [other.id, lost.id, "x"]})
    session.expire_all()

    assert (lost.state, other.state) == ("ticket", "discarded")
    assert office.post(f"/console/mail/{lost.id}/run").status_code == 303
    assert session.get(IncomingMail, lost.id).state == "ticket"


def test_what_a_machine_wrote_can_be_made_a_ticket_all_the_same_but_is_not_answered(office, team):
    mail = receive(letter("root@server.example", subject="Disk full", Auto_Submitted="auto-generated"))
    assert mail.state == "automatic"

    office.post(f"/console/mail/{mail.id}/run")
    settle()

    assert (mail.state, mail.ticket.subject) == ("ticket", "Disk full")
    assert session.scalars(select(Delivery).where(Delivery.address == "root@server.example")).all() == []


def test_an_administrator_sees_the_mail_of_the_own_companies(team, person, sign_in):
    globex = Company(name="Globex")
    session.add(globex)
    make_team("Globex", "globex", globex)
    session.commit()
    mail = receive(letter(subject="Confidential"))
    frida = sign_in(person("Frida", role="administrator", companies=[globex]))

    assert "Confidential" not in frida.get("/console/mail").text
    for address in (f"/console/mail/{mail.id}", f"/console/mail/{mail.id}/original"):
        assert frida.get(address).status_code == 404
    frida.post("/console/mail/discards", data={"mail": mail.id})
    assert frida.post("/console/mail/checks", data={"address": SUPPORT}).status_code == 404


def test_what_came_back_is_listed_and_stands_at_the_mail(office, printer):
    delivery = session.scalars(select(Delivery).where(Delivery.ticket_id == printer.id)).first()
    delivery.bounced_at, delivery.error = now(), "The mail came back: 550 no such user"
    session.commit()

    assert "550 no such user" in office.get("/console/mail/bounced").text
    assert "carla" not in office.get("/console/mail/bounced?q=nobody").text
    assert "550 no such user" in office.get(f"/console/outbox/{delivery.id}").text


def test_further_addresses_are_added_and_taken_away(office, team):
    office.post("/console/mail/addresses", data={"address": "Help@Desk.example", "team": team.id})
    alias = session.scalars(select(TeamAddress)).one()
    assert (alias.address, alias.team) == ("help@desk.example", team)
    assert "help@desk.example" in office.get("/console/mail/addresses").text

    for taken in ("help@desk.example", SUPPORT, "not an address"):
        assert office.post("/console/mail/addresses", data={"address": taken, "team": team.id}).status_code == 422
    office.post(f"/console/mail/addresses/{alias.id}/removal")
    assert session.scalars(select(TeamAddress)).all() == []


@pytest.fixture
def server(app):
    from tests.mail.server import MailServer

    server = MailServer().start()
    app.config["MAIL_URL"] = server.url
    yield server
    server.stop()


def test_a_check_sends_a_mail_to_the_address_and_watches_it_arrive(office, team, server):
    office.post("/console/mail/checks", data={"address": SUPPORT})
    check = session.scalars(select(AddressCheck)).one()
    assert "On its way" in office.get("/console/mail/addresses").text

    mail = store(server.taken[0].content, to=server.recipients()[0], sender=server.taken[0].mail_from)
    settle()

    assert (mail.state, mail.reason) == ("automatic", "It is our own check of this address.")
    assert "Arrives" in office.get(f"/console/mail/checks/{check.id}").text


def test_a_check_that_nobody_takes_says_why(app, office, team):
    app.config["MAIL_URL"] = "smtp://127.0.0.1:1"
    answer = office.post("/console/mail/checks", data={"address": SUPPORT}, follow_redirects=True)

    assert "was not taken by the mail server" in answer.text
    assert session.scalars(select(AddressCheck)).all() == []


def test_an_alias_is_no_requester_on_the_public_form(client, team):
    session.add(TeamAddress(address="help@desk.example", team=team))
    session.commit()
    answer = client.post("/helpdesk/support", data={"name": "x", "email": "help@desk.example", "subject": "x"})

    assert "This is an address of this helpdesk" in answer.text


def test_the_ticket_says_why_a_message_landed_there_and_offers_those_in_copy(office, team):
    raw = letter("Nora <nora@new.example>", Cc=f"Boss <boss@new.example>, {SUPPORT}")
    ticket = receive(raw, sender="nora@new.example").ticket
    page = office.get(f"/console/tickets/{ticket.number}").text

    assert "it is a new one of the team that it was sent to" in page
    assert f"/console/tickets/{ticket.number}/originals/" in page
    assert "Add boss@new.example as a follower" in page and page.count("as a follower") == 1
    assert [one.email for one in ticket.followers] == ["nora@new.example"]

    office.post(f"/console/tickets/{ticket.number}/followers", data={"email": "boss@new.example"})

    assert "Add boss@new.example as a follower" not in office.get(f"/console/tickets/{ticket.number}").text


def test_who_only_claims_to_be_a_colleague_or_failed_the_check_is_marked(office, team, agnes):
    forged = receive(letter("Agnes <agnes@acme.example>"))
    failed, plain = receive(letter(subject="Failed")), receive(letter(subject="Plain"))
    failed.verified = False
    session.commit()
    marked = [
        "Sender not verified" in office.get(f"/console/tickets/{mail.ticket.number}").text
        for mail in (forged, failed, plain)
    ]

    assert marked == [True, True, False]


def test_a_stranger_who_takes_the_customers_name_is_shown_with_the_address(office, printer, carla, app):
    app.config["REPLY_MARK"] = "+"
    delivery = queue_mail("link", carla, "test", ticket=printer)
    prepare([delivery])
    to = render(delivery)["Reply-To"].addresses[0].addr_spec
    for author in ("Carla Conti <carla@client.example>", "Carla Conti <eve@evil.example>"):
        assert receive(letter(author, to=to), to=to).ticket is printer
    page = office.get(f"/console/tickets/{printer.number}").text

    assert re.findall(r'class="message-address">([^<]+)<', page) == ["eve@evil.example"]


def test_the_ticket_says_that_a_mail_to_its_customer_came_back(office, printer, carla):
    address = f"/console/tickets/{printer.number}"
    assert "A mail to this address came back" not in office.get(address).text
    carla.bounced_at = now()
    session.commit()

    assert "A mail to this address came back on" in office.get(address).text


def test_nothing_is_checked_while_mail_stays_here(app, office, team):
    app.config["MAIL_URL"] = ""
    page = office.get("/console/mail/addresses").text

    assert SUPPORT in page and "MAIL_URL is not set" in page
    assert "Send a mail there" not in page
