"""Signing in and out."""

import pytest

from models import session

from .conftest import plain

PASSWORD = "correct horse battery"


def sign_in_with(client, email="carla@client.example", password=PASSWORD, **more):
    return client.post("/login", data={"email": email, "password": password, **more})


def test_a_customer_goes_to_their_tickets(client, carlas_login):
    answer = sign_in_with(client)

    assert (answer.status_code, answer.location) == (303, "/my/tickets")
    assert client.get("/my/tickets").status_code == 200


def test_an_internal_user_goes_to_the_console(client, agnes):
    assert sign_in_with(client, "agnes@acme.example").location == "/console/"


def test_the_address_is_read_as_people_write_it(client, carlas_login):
    assert sign_in_with(client, "  CARLA@client.example ").status_code == 303


def test_wrong_address_and_wrong_password_are_one_answer(client, carlas_login, carla, team):
    wrong = sign_in_with(client, password="something else")
    unknown = sign_in_with(client, email="nobody@client.example")

    assert wrong.status_code == unknown.status_code == 422
    assert "The address or the password is wrong." in wrong.text
    assert plain(wrong).replace("carla@", "nobody@") == plain(unknown)


def test_an_unknown_address_costs_the_work_of_a_comparison(client, team, monkeypatch):
    compared = []
    monkeypatch.setattr("portal.sign_in.verify", lambda *words: compared.append(words) or False)

    sign_in_with(client, email="nobody@client.example")

    assert compared == [(None, PASSWORD)]


def test_who_may_no_longer_enter_stays_outside(client, carlas_login):
    carlas_login.deactivate()
    session.commit()

    assert sign_in_with(client).status_code == 422


@pytest.mark.parametrize("typed", [{"email": ""}, {"password": ""}, {"email": "a\x00b@c.example"}])
def test_what_is_missing_is_said(client, carlas_login, typed):
    assert sign_in_with(client, **typed).status_code == 422


def test_one_goes_on_where_one_wanted_to(client, carlas_login):
    assert sign_in_with(client, next="/my/account").location == "/my/account"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x()"])
def test_nobody_is_sent_to_another_site(client, carlas_login, target):
    assert f'value="{target}"' not in client.get("/login", query_string={"next": target}).text
    assert sign_in_with(client, next=target).location == "/my/tickets"


def test_signing_in_renews_the_cookie(client, carlas_login):
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    sign_in_with(client)

    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_signing_out_ends_the_login_on_the_server(client, carlas_login):
    sign_in_with(client)
    stolen = client.get_cookie("guichet").value

    assert client.post("/logout").status_code == 303
    client.set_cookie("guichet", stolen)

    assert client.get("/my/tickets").status_code == 303


def test_signing_out_needs_a_post(client, carlas_login):
    sign_in_with(client)

    assert client.get("/logout").status_code == 405
    assert client.get("/my/tickets").status_code == 200


def test_who_is_signed_in_needs_no_form(sign_in, carlas_login):
    assert sign_in(carlas_login).get("/login").location == "/my/tickets"
