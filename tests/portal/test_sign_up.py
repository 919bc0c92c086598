"""Logins by proof of the mailbox: sign-up, new password, invitation."""

import pytest

from models import Contact, Delivery, User, session
from models.links import code_for

from .conftest import plain

GOOD = "three green bottles"


def mails(kind):
    session.expire_all()
    return session.query(Delivery).where(Delivery.kind == kind).all()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("portal.throttle.SAME_SECONDS", 0)


def test_signing_up_mails_a_code(client, team):
    answer = client.post("/signup", data={"email": "Nina@Client.example"})

    assert answer.status_code == 200
    assert [mail.address for mail in mails("signup")] == ["nina@client.example"]
    assert session.query(User).count() == 0


def test_known_and_unknown_addresses_sign_up_alike(client, carlas_login):
    known = client.post("/signup", data={"email": "carla@client.example"})
    unknown = client.post("/signup", data={"email": "nobody@client.example"})

    assert plain(known).replace("carla@", "nobody@") == plain(unknown)
    assert len(mails("signup")) == 2


@pytest.mark.parametrize("email", ["", "nina", "support@desk.example", "guichet@localhost.localdomain"])
def test_an_address_that_cannot_be_is_refused(client, team, email):
    answer = client.post("/signup", data={"email": email})

    assert answer.status_code == 422
    assert email in answer.text
    assert mails("signup") == []


@pytest.fixture
def code(carla):
    return code_for(carla, "signup")


def test_opening_the_code_changes_nothing(client, code):
    for _ in range(2):
        page = client.get(f"/signup?code={code}")
        client.head(f"/signup?code={code}")

    assert page.status_code == 200
    assert "carla@client.example" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert session.query(User).count() == 0


def test_a_name_and_a_password_make_a_login_with_the_tickets_of_the_address(client, printer, code):
    page = client.post("/signup", data={"code": code, "name": "Carla C.", "password": GOOD}, follow_redirects=True)

    assert page.request.path == "/my/tickets"
    assert "The printer is on fire" in page.text
    session.expire_all()
    user = User.by_email("carla@client.example")
    assert (user.role, user.name, user.check_password(GOOD)) == ("portal", "Carla C.", True)


def test_a_code_works_once(client, code):
    client.post("/signup", data={"code": code, "name": "Carla", "password": GOOD})

    again = client.post("/signup", data={"code": code, "name": "Eve", "password": "another long one"})

    session.expire_all()
    assert again.status_code == 410
    assert User.by_email("carla@client.example").name == "Carla"


def test_only_the_newest_code_works(client, carla, code):
    client.post("/signup", data={"email": carla.email})

    assert client.get(f"/signup?code={code}").status_code == 410


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 8"),
        ("password123", "among the first"),
        ("", "Choose a"),
        ("x" * 1025, "at most 1024"),
    ],
)
def test_a_weak_password_is_refused_at_the_field(client, code, password, words):
    answer = client.post("/signup", data={"code": code, "name": "Carla C.", "password": password})

    assert answer.status_code == 422
    assert words in answer.text
    assert "Carla C." in answer.text
    assert session.query(User).count() == 0


@pytest.mark.parametrize("path", ["/signup", "/reset"])
@pytest.mark.parametrize("wrong", ["", "x", "%00", "W10.a.b"])
def test_a_wrong_code_is_one_page(client, team, path, wrong):
    assert client.get(f"{path}?code={wrong}").status_code == 410


def test_a_code_serves_one_purpose(client, carlas_login, carla):
    assert client.get(f"/signup?code={code_for(carla, 'reset')}").status_code == 410
    assert client.get(f"/reset?code={code_for(carla, 'signup')}").status_code == 410


def test_a_forgotten_password_is_mailed_for(client, carlas_login):
    answer = client.post("/reset", data={"email": "carla@client.example"})

    assert answer.status_code == 200
    assert [mail.address for mail in mails("reset")] == ["carla@client.example"]


def test_without_a_login_the_answer_is_the_same_and_no_mail_goes_out(client, carlas_login, printer):
    known = client.post("/reset", data={"email": "carla@client.example"})
    unknown = client.post("/reset", data={"email": "nobody@client.example"})

    assert plain(known).replace("carla@", "nobody@") == plain(unknown)
    assert len(mails("reset")) == 1
    assert Contact.by_email("nobody@client.example") is None


def test_both_answers_take_the_same_time(client, carlas_login, monkeypatch):
    waited = []
    monkeypatch.setattr("portal.throttle.SAME_SECONDS", 5)
    monkeypatch.setattr("portal.throttle.time.sleep", waited.append)

    for email in ("carla@client.example", "nobody@client.example"):
        client.post("/reset", data={"email": email})

    assert [round(seconds) for seconds in waited] == [5, 5]


@pytest.mark.parametrize("purpose", ["reset", "invitation"])
def test_a_new_password_ends_every_other_login(client, sign_in, carlas_login, carla, purpose):
    elsewhere = sign_in(carlas_login)
    code = code_for(carla, purpose)
    assert client.get(f"/reset?code={code}").status_code == 200

    answer = client.post("/reset", data={"code": code, "password": GOOD})

    assert (answer.status_code, answer.location) == (303, "/my/tickets")
    assert client.get("/my/tickets").status_code == 200
    assert elsewhere.get("/my/tickets").status_code == 303
    assert client.post("/reset", data={"code": code, "password": "yet another one"}).status_code == 410


def test_a_newer_code_voids_the_older(client, carlas_login, carla):
    code = code_for(carla, "reset")
    client.post("/reset", data={"email": carla.email})

    assert client.get(f"/reset?code={code}").status_code == 410


def test_a_weak_new_password_is_refused(client, carlas_login, carla):
    answer = client.post("/reset", data={"code": code_for(carla, "reset"), "password": "12345678"})

    assert answer.status_code == 422
    assert "among the first" in answer.text


def test_who_may_no_longer_enter_gets_no_new_password(client, carlas_login, carla):
    carlas_login.deactivate()
    session.commit()

    client.post("/reset", data={"email": carla.email})

    assert mails("reset") == []
    assert client.get(f"/reset?code={code_for(carla, 'reset')}").status_code == 410
