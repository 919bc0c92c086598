"""Limits count people, not spellings (threat model, rules 27 and 32)."""

import pytest

from models import Delivery, session
from web.extensions import limiter

SPELLINGS = [
    "carla@client.example", "Carla@Client.Example", " carla@client.example", "carla@client。example",
    "carla@ｃlient.example", "carla@cｌient.example", "carla@cliｅnt.example", "car\x01la@client.example",
]  # fmt: skip


@pytest.fixture(scope="module")
def apps(counting_apps):
    return counting_apps


@pytest.fixture(autouse=True)
def from_nothing(app, monkeypatch):
    monkeypatch.setattr("portal.throttle.SAME_SECONDS", 0)
    limiter.reset()


def mails_to_carla() -> int:
    return session.query(Delivery).filter_by(address="carla@client.example").count()


@pytest.mark.parametrize("page", ["/signup", "/reset", "/links"])
def test_another_spelling_of_an_address_gets_no_further_mail(page, client, carlas_login):
    statuses = [client.post(page, data={"email": email, "number": "1"}).status_code for email in SPELLINGS]

    assert statuses[5:] == [429] * 3


def test_a_stranger_is_written_to_so_often_however_the_address_is_spelt(client, team):
    for n in range(40):
        form = {"name": "X", "email": SPELLINGS[n % len(SPELLINGS)], "subject": f"No {n}", "description": "x", "key": n}
        client.post("/helpdesk/support", data=form)

    assert mails_to_carla() == 20


def test_who_is_signed_in_cannot_pester_others_either(sign_in, person, carlas_login):
    for name in ("Ines", "Ivo"):
        client = sign_in(person(name, role="portal"))
        for _ in range(4):
            answer = client.post("/reset", data={"email": "carla@client.example"})

    assert answer.status_code == 429


def test_a_password_is_guessed_so_often_however_the_address_is_spelt(client, carlas_login):
    spellings = [f"carla{chr(1 + n)}@client.example" for n in range(8)] + [" CARLA@client.example"] * 4
    answers = [client.post("/login", data={"email": email, "password": "wrong"}) for email in spellings]

    assert answers[9].status_code == 422
    assert answers[-1].status_code == 429
