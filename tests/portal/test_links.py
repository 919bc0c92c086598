"""Signed links: whom they let in, where they end, how a fresh one is mailed."""

from datetime import timedelta

import pytest

from models import Delivery, Link, now, open_ticket, session

POSTS = ("replies", "closing", "reopening", "rating")


def mails(kind="link"):
    session.expire_all()
    return session.query(Delivery).where(Delivery.kind == kind).all()


@pytest.mark.parametrize("visibility", ["private", "company", "public"])
def test_a_link_opens_its_ticket_whatever_the_visibility(client, team, link, visibility):
    team.change_visibility(visibility)
    session.commit()

    assert client.get(link).status_code == 200


def test_a_link_opens_nothing_else(client, link, printer, team, carla):
    open_ticket(team, carla, "Secret second ticket", "words")
    session.commit()

    client.get(link)

    assert client.get("/my/tickets").location.startswith("/login")
    assert "Secret second ticket" not in client.get(link).text


def test_pages_behind_a_link_keep_it_to_themselves(client, link):
    page = client.get(link)

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "_user_id" not in page.headers.get("Set-Cookie", "")


def test_a_use_is_noted_when_something_is_sent(client, link):
    client.post(f"{link}/replies", data={"body": "Hello", "key": "k"})

    session.expire_all()
    assert session.query(Link).one().last_used_at is not None


@pytest.fixture
def revoked(printer, link):
    printer.revoke_links()
    session.commit()
    return link


@pytest.fixture
def expired(printer, closed, link):
    printer.closing.at = now() - timedelta(days=181)
    session.query(Link).one().issued_at = now() - timedelta(days=200)
    session.commit()
    return link


@pytest.mark.parametrize("which", ["revoked", "expired"])
def test_a_dead_link_shows_nothing_but_the_offer(client, which, request):
    page = client.get(request.getfixturevalue(which))

    assert page.status_code == 410
    assert "This link does not work any more" in page.text
    assert "Mail me a fresh link" in page.text
    for private in ("printer", "Carla", "carla@", "Support"):
        assert private not in page.text


@pytest.mark.parametrize("token", ["x", "W10.abc", "WzEsMV0.kPuT7K4hBq5QXELPGrWIsU-K0fSXNW-7xO64oGPhBA8", "é"])
def test_a_forged_link_shows_nothing_and_asks_for_the_address(client, printer, token):
    page = client.get(f"/ticket/{token}")

    assert page.status_code == 404
    assert "This link does not work any more" in page.text
    assert 'action="/links"' in page.text


@pytest.mark.parametrize("what", POSTS)
def test_nothing_is_done_by_a_dead_link(client, revoked, printer, what):
    answer = client.post(f"{revoked}/{what}", data={"body": "Hello", "score": "5", "key": "k"})

    assert answer.status_code == 410
    session.expire_all()
    assert len(printer.messages) == 1


@pytest.mark.parametrize("which", ["revoked", "expired"])
def test_a_fresh_link_goes_to_the_address_on_file(client, which, request, printer, carla):
    address = request.getfixturevalue(which)

    answer = client.post(f"{address}/fresh")

    assert answer.status_code == 303
    (mail,) = mails()
    assert (mail.address, mail.ticket.number) == ("carla@client.example", printer.number)
    assert client.get(f"/ticket/{printer.link_for(carla).token}").status_code == 200
    assert client.get(address).status_code == 410


def test_asking_again_does_not_end_the_link_that_was_mailed(client, revoked, printer, carla):
    client.post(f"{revoked}/fresh")
    session.expire_all()
    token = printer.link_for(carla).token
    client.post(f"{revoked}/fresh")

    assert client.get(f"/ticket/{token}").status_code == 200
    assert len(mails()) <= 2


def test_a_forged_link_mails_nothing(client, printer):
    assert client.post("/ticket/forged/fresh").status_code == 404
    assert mails() == []


def test_the_link_is_mailed_for_address_and_number(client, printer, carla):
    answer = client.post("/links", data={"email": " Carla@Client.example", "number": printer.number})

    assert answer.status_code == 303
    assert [mail.contact.id for mail in mails()] == [carla.id]


def test_a_wrong_address_or_number_gets_the_same_answer_and_no_mail(client, printer, agnes):
    right = client.post("/links", data={"email": "carla@client.example", "number": printer.number})
    sent = len(mails())
    wrong = [
        client.post("/links", data={"email": email, "number": number})
        for email, number in (
            ("carla@client.example", 2000000000),
            ("agnes@acme.example", printer.number),
            ("x@y.example", printer.number),
        )
    ]

    assert {(answer.status_code, answer.location) for answer in [right, *wrong]} == {(303, "/links/sent")}
    assert len(mails()) == sent == 1


@pytest.mark.parametrize("typed", [{"number": "1"}, {"email": "a@b.example", "number": "x"},
                                   {"email": "a@b.example", "number": "99999999999999999999"}])  # fmt: skip
def test_what_is_missing_is_said_at_the_field(client, team, typed):
    answer = client.post("/links", data=typed)

    assert answer.status_code == 422
    assert all(str(value) in answer.text for value in typed.values())


def test_a_follower_who_is_not_the_customer_gets_no_link(client, printer, agnes):
    printer.add_follower(agnes.contact)
    session.commit()

    client.post("/links", data={"email": agnes.email, "number": printer.number})

    assert mails() == []
