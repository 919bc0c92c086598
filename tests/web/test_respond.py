"""A fragment for htmx, the way back for everyone else; and the reader's choices."""

import pytest

from models.base import session
from web.extensions import limiter_storage
from web.respond import respond


def test_htmx_gets_the_fragment(app):
    with app.test_request_context("/", headers={"HX-Request": "true"}):
        body, status = respond("_said.html", back="/back", message="")

    assert status == 200
    assert "<html" not in body


def test_everyone_else_is_sent_back_to_the_page(app):
    with app.test_request_context("/"):
        answer = respond("_said.html", back="/back")

    assert (answer.status_code, answer.location) == (303, "/back")


def test_the_fragment_brings_the_words_along(app):
    with app.test_request_context("/", headers={"HX-Request": "true"}):
        body, _ = respond("_said.html", back="/back", message="It is done.")

    assert "It is done." in body


def test_the_looks_are_remembered_and_served(client):
    client.post("/preferences", data={"theme": "dark"})

    assert b'data-bs-theme="dark"' in client.get("/login").data


@pytest.mark.parametrize("cookie", ["", "purple", '"><script>'])
def test_without_a_choice_the_looks_follow_the_system(client, cookie):
    client.set_cookie("theme", cookie)

    assert b'data-theme-choice="auto"' in client.get("/login").data


def test_the_language_is_the_one_chosen_here_before_that_of_the_browser(client):
    french = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}

    assert b'<html lang="fr"' in client.get("/login", headers=french).data
    client.post("/preferences", data={"lang": "en"})
    assert b'<html lang="en"' in client.get("/login", headers=french).data


def test_an_unknown_language_is_answered_in_english(client):
    assert b'<html lang="en"' in client.get("/login", headers={"Accept-Language": "tlh"}).data


def test_a_user_keeps_the_language(sign_in, agnes):
    sign_in(agnes).post("/preferences", data={"lang": "fr"})
    session.refresh(agnes.contact)

    assert agnes.contact.language == "fr"


@pytest.mark.parametrize("choice", [{"theme": "purple"}, {"lang": "tlh"}])
def test_a_choice_there_is_not_is_refused(client, choice):
    assert client.post("/preferences", data=choice).status_code == 400


def test_the_way_back_never_leaves_the_house(client):
    answer = client.post("/preferences", data={"theme": "dark", "next": "//evil.example"})

    assert answer.location == "/"


def test_rate_limits_are_counted_in_the_queue_without_waiting_for_it():
    url, options = limiter_storage("unix:///run/valkey.sock?db=0")

    assert url == "redis+unix:///run/valkey.sock?db=0"
    assert options["socket_timeout"] <= 0.3
