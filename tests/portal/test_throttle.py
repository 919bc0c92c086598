"""How often something may be tried; what was typed stays."""

import pytest

from models import session
from web.extensions import limiter


@pytest.fixture(scope="module")
def apps(counting_apps):
    return counting_apps


@pytest.fixture(autouse=True)
def from_nothing(app, monkeypatch):
    monkeypatch.setattr("portal.throttle.SAME_SECONDS", 0)
    limiter.reset()


def is_refusal(answer) -> bool:
    return answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def last_of(times, ask):
    """The answers before the last one were none of refusal."""
    answers = [ask(n) for n in range(times)]
    assert not any(answer.status_code == 429 for answer in answers[:-1])
    return answers[-1]


def test_one_network_sends_so_many_requests(app, client, team, request_form):
    app.config["FORM_LIMIT"] = "3 per hour"

    answer = last_of(4, lambda n: client.post(
        "/helpdesk/support", data=request_form | {"email": f"n{n}@client.example", "description": f"Cold {n}"}
    ))  # fmt: skip

    assert is_refusal(answer)
    assert "Please wait some minutes" in answer.text
    assert "Cold 3" in answer.text


def test_another_network_is_not_concerned(app, client, team, request_form):
    app.config["FORM_LIMIT"] = "1 per hour"
    client.post("/helpdesk/support", data=request_form)
    other = request_form | {"email": "other@client.example"}

    assert is_refusal(client.post("/helpdesk/support", data=other))
    answer = client.post("/helpdesk/support", data=other, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert answer.status_code == 303


def test_one_address_is_written_to_so_often(client, team, request_form):
    answer = last_of(21, lambda n: client.post("/helpdesk/support", data=request_form | {"description": f"Cold {n}"}))

    assert is_refusal(answer)
    assert client.post("/helpdesk/support", data=request_form | {"email": "b@client.example"}).status_code == 303


def test_mistakes_in_a_form_do_not_count(app, client, team, request_form):
    app.config["FORM_LIMIT"] = "1 per hour"
    for _ in range(3):
        assert client.post("/helpdesk/support", data=request_form | {"subject": ""}).status_code == 422

    assert client.post("/helpdesk/support", data=request_form).status_code == 303


def test_guessing_a_password_ends(client, carlas_login):
    def guess(n, password="wrong"):
        return client.post("/login", data={"email": "carla@client.example", "password": f"{password}{n}"})

    answer = last_of(11, guess)

    assert is_refusal(answer)
    assert "carla@client.example" in answer.text
    assert is_refusal(
        client.post("/login", data={"email": "Carla@client.example", "password": "correct horse battery"})
    )
    assert client.post("/login", data={"email": "other@client.example", "password": "x"}).status_code == 422


def test_guessing_of_unknown_accounts_ends_alike(client, team):
    assert is_refusal(last_of(11, lambda n: client.post("/login", data={"email": "x@y.example", "password": "x"})))


def test_mails_to_one_address_end(client, carlas_login):
    answer = last_of(6, lambda n: client.post("/reset", data={"email": "carla@client.example"}))

    assert is_refusal(answer)
    assert "carla@client.example" in answer.text


def test_mails_to_an_unknown_address_end_alike(client, team):
    assert is_refusal(last_of(6, lambda n: client.post("/reset", data={"email": "nobody@client.example"})))


def test_questions_for_links_end(client, printer):
    form = {"email": "carla@client.example", "number": printer.number}

    assert is_refusal(last_of(6, lambda n: client.post("/links", data=form)))


def test_guessing_links_ends_and_right_ones_cost_nothing(client, link):
    for _ in range(70):
        assert client.get(link).status_code == 200

    assert is_refusal(last_of(61, lambda n: client.get(f"/ticket/guess{n}")))


def test_messages_end_and_the_last_one_is_not_lost(client, link, printer):
    answer = last_of(41, lambda n: client.post(f"{link}/replies", data={"body": f"Help {n}", "key": f"k{n}"}))

    assert is_refusal(answer)
    assert "Help 40" in answer.text
    session.expire_all()
    assert len(printer.messages) == 41


@pytest.mark.parametrize(("view", "name"), [("reopening", "body"), ("closing", "comment")])
def test_no_word_is_lost_at_the_other_forms_of_a_ticket(client, link, view, name):
    answer = last_of(41, lambda n: client.post(f"{link}/{view}", data={name: f"Help {n}"}))

    assert is_refusal(answer)
    assert "Help 40</textarea>" in answer.text and "That was a lot at once" in answer.text


def test_guessing_the_current_password_ends(sign_in, carlas_login):
    client = sign_in(carlas_login)
    form = {"current": "wrong", "password": "three green bottles"}

    assert is_refusal(last_of(11, lambda n: client.post("/my/account/password", data=form)))
