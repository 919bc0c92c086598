"""The outbox: newest first, in scope, readable, and never a way into somebody's ticket or login."""

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from mail import sms
from models import Company, Delivery, make_team, now, open_ticket, session
from models.outbox import queue_mail


@pytest.fixture
def received(printer):
    """The mail *Ticket received* to Carla, rendered as it is sent."""
    from mail.rendering import render

    delivery = session.scalar(select(Delivery).where(Delivery.kind == "stage"))
    delivery.raw = bytes(render(delivery))
    session.commit()
    return delivery


def test_the_list_shows_what_waits_and_what_failed(office, received):
    received.state, received.error = "failed", "550 no such user"
    session.commit()
    page = office.get("/console/outbox").text

    assert "carla@client.example" in page and "550 no such user" in page
    assert "carla" not in office.get("/console/outbox?state=sent").text
    assert "carla" in office.get("/console/outbox?state=failed&q=CARLA").text
    assert "carla@" not in office.get("/console/outbox?q=100%25").text
    assert office.get("/console/outbox?state=x&before=x").status_code == 200


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("The recipient no longer follows the ticket.", "Le destinataire ne suit plus le ticket."),
        (
            "The mail server cannot be reached: refused",
            "Le serveur de messagerie est injoignable\N{NO-BREAK SPACE}: refused",
        ),
        ("550 5.1.1: no such user", "550 5.1.1: no such user"),
    ],
)
def test_why_a_mail_was_not_sent_is_said_in_the_readers_language(app, error, words):
    with app.test_request_context(), force_locale("fr"):
        assert Delivery(error=error).reason == words


def test_a_mail_is_readable_but_its_link_is_not(office, received, printer):
    page = office.get(f"/console/outbox/{received.id}")

    assert page.status_code == 200
    assert "Hello carla@client.example" in page.text or "Hello Carla" in page.text
    assert received.mail_id in page.text
    assert printer.link_for(printer.customer).token not in page.text and "/ticket/••••••" in page.text


def test_codes_are_never_shown(office, agnes):
    from mail.rendering import render

    delivery = queue_mail("invitation", agnes.contact, "code:1")
    delivery.raw = bytes(render(delivery))
    session.commit()
    from models.links import code_for

    page = office.get(f"/console/outbox/{delivery.id}").text
    assert code_for(agnes.contact, "invitation").partition(".")[0] not in page and "code=••••••" in page


def test_before_the_first_attempt_there_is_nothing_to_read(office, printer):
    delivery = session.scalar(select(Delivery))

    assert "first attempt" in office.get(f"/console/outbox/{delivery.id}").text


def test_a_failed_mail_is_tried_again(office, received, rings):
    received.state, received.error, received.attempts = "failed", "550 no", 9
    session.commit()
    assert office.post(f"/console/outbox/{received.id}/attempt").status_code == 303

    session.refresh(received)
    assert (received.state, received.attempts, received.error) == ("queued", 0, "")
    assert "deliver" in rings


def test_a_sent_mail_is_not_sent_again(office, received):
    received.state, received.sent_at = "sent", now()
    session.commit()
    office.post(f"/console/outbox/{received.id}/attempt")

    session.refresh(received)
    assert received.state == "sent"


def test_mail_of_another_company_is_not_there(office, received, carla, person):
    other = Company(name="Other")
    theirs = open_ticket(make_team("Theirs", "theirs", other), carla, "Hidden", "…")
    session.commit()
    hidden = session.scalar(select(Delivery).where(Delivery.ticket_id == theirs.id))
    reset = queue_mail("reset", person("Oscar", companies=[other]).contact, "code:1")
    session.commit()

    page = office.get("/console/outbox").text
    assert f"/console/outbox/{received.id}" in page
    for delivery in (hidden, reset):
        assert f'/console/outbox/{delivery.id}"' not in page
        assert office.get(f"/console/outbox/{delivery.id}").status_code == 404
        assert office.post(f"/console/outbox/{delivery.id}/attempt").status_code == 404


def test_without_a_mail_server_the_page_says_where_mails_are(app, office, printer):
    app.config["MAIL_URL"] = None
    assert app.config["DATA_DIR"] in office.get("/console/outbox").text

    app.config["MAIL_URL"] = "smtp://mail.example"
    assert app.config["DATA_DIR"] not in office.get("/console/outbox").text


def test_the_list_goes_on_where_it_ended_at_a_fixed_cost(office, agnes, queries):
    queue_mail("assigned", agnes.contact, "0")
    session.commit()
    with queries() as few:
        office.get("/console/outbox")
    for number in range(1, 61):
        queue_mail("assigned", agnes.contact, str(number))
    session.commit()
    with queries() as many:
        page = office.get("/console/outbox").text

    assert len(many) == len(few) <= 12
    oldest = session.scalar(select(Delivery.id).order_by(Delivery.id))
    assert f'/console/outbox/{oldest}"' not in page
    before = page.partition("before=")[2].partition('"')[0]
    assert f'/console/outbox/{oldest}"' in office.get(f"/console/outbox?before={before}").text


@pytest.fixture
def held(printer, carla):
    """A function (ticket): an SMS about it that no gateway takes."""

    def make(ticket=printer, address="+33639980012"):
        delivery = queue_mail(
            "stage", ticket.customer, f"sms:{ticket.id}", ticket=ticket, channel="sms", address=address
        )
        delivery.state, delivery.error = "held", "The SMS gateway gives no more credit: 402 empty"
        delivery.raw = f"Read it: https://help.example.org/ticket/{ticket.link_for(carla).token}".encode()
        session.commit()
        return delivery

    return make


def test_what_is_held_stands_on_the_dashboard_and_in_the_outbox_for_administrators(office, held, agnes, sign_in):
    held()

    for address in ("/console/", "/console/outbox"):
        assert "1 SMS is held. It is not lost." in office.get(address).text
        assert "no more credit: 402 empty" in office.get(address).text
    assert "402 empty" not in sign_in(agnes).get("/console/").text


def test_an_sms_is_readable_but_its_link_is_not(office, held):
    page = office.get(f"/console/outbox/{held().id}").text

    assert "/ticket/••••••" in page and "+33\N{NO-BREAK SPACE}6\N{NO-BREAK SPACE}39" in page


def test_one_button_sends_what_is_held_of_ones_own_companies(office, held, carla, person, sign_in):
    ours = held()
    globex = Company(name="Globex")
    session.add(globex)
    theirs = held(open_ticket(make_team("Else", "else", globex), carla, "Hidden", "Hidden"))
    assert "1 SMS is held." in office.get("/console/outbox").text

    answer = office.post("/console/outbox/held/attempt")
    assert answer.status_code == 303
    session.expire_all()
    assert (ours.state, ours.error, theirs.state) == ("queued", "", "held")
    assert "No SMS is held." in office.post("/console/outbox/held/attempt", follow_redirects=True).text


def test_the_page_asks_for_the_balance_without_waiting_for_it(office, team, gateway, monkeypatch):
    assert 'hx-get="/console/outbox/balance"' in office.get("/console/outbox").text
    assert "does not tell its balance" in office.get("/console/outbox/balance", headers={"HX-Request": "true"}).text
    assert "does not tell its balance" in office.get("/console/outbox/balance", follow_redirects=True).text

    monkeypatch.setattr(sms, "BALANCES", {"json": (f"http://{gateway.address}/", lambda said: (said["value"], "EUR"))})
    gateway.balance = (200, '{"value": 1234.5}')
    assert "Balance: €1,234.50" in office.get("/console/outbox/balance", headers={"HX-Request": "true"}).text


def test_an_sms_is_tried_again_once_there_is_a_number(office, held, carla):
    delivery = held(address="")
    address = f"/console/outbox/{delivery.id}/attempt"
    assert "The customer has no phone number." in office.post(address, follow_redirects=True).text
    session.refresh(delivery)
    assert delivery.state == "held"

    carla.phone = "+33639980012"
    session.commit()
    office.post(address)
    session.refresh(delivery)
    assert (delivery.state, delivery.address) == ("queued", "+33639980012")
