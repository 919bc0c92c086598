"""My Account: the profile and the password."""

import pytest

from models import session

PASSWORD, NEW = "correct horse battery", "three green bottles"


@pytest.fixture
def mine(sign_in, carlas_login):
    return sign_in(carlas_login)


def test_name_language_and_phone_are_kept(mine, carla):
    answer = mine.post("/my/account", data={"name": " Carla C. ", "language": "fr", "phone": "+33 1 23 45 67 89"})

    session.expire_all()
    assert answer.status_code == 303
    assert (carla.name, carla.language, carla.phone) == ("Carla C.", "fr", "+33123456789")


@pytest.mark.parametrize(
    "typed", [{"name": ""}, {"language": "xx"}, {"phone": "call me"}, {"phone": "12"}, {"name": "x" * 121}]
)
def test_what_cannot_be_is_refused_and_kept(mine, carla, typed):
    answer = mine.post("/my/account", data={"name": "Carla C.", "language": "en", "phone": ""} | typed)

    session.expire_all()
    assert answer.status_code == 422
    assert carla.name == "Carla Conti"
    assert all(value in answer.text for name, value in typed.items() if name != "language")


def test_address_and_role_cannot_be_changed_here(mine, carla, carlas_login):
    typed = {"name": "Carla", "language": "en", "email": "boss@acme.example", "role": "administrator"}
    mine.post("/my/account", data=typed)

    session.expire_all()
    assert (carla.email, carlas_login.role) == ("carla@client.example", "portal")


def test_a_new_password_keeps_this_login_and_ends_the_others(mine, sign_in, carlas_login):
    elsewhere = sign_in(carlas_login)

    answer = mine.post("/my/account/password", data={"current": PASSWORD, "password": NEW})

    session.expire_all()
    assert answer.status_code == 303
    assert carlas_login.check_password(NEW)
    assert mine.get("/my/account").status_code == 200
    assert elsewhere.get("/my/account").status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"current": "wrong", "password": NEW}, "not your current password"),
        ({"current": PASSWORD, "password": "short"}, "at least 8"),
        ({"current": PASSWORD, "password": "carla@client.example"}, "among the first"),
        ({"current": "", "password": NEW}, "Write your current password"),
    ],
)
def test_a_refused_password_says_why(mine, carlas_login, typed, words):
    answer = mine.post("/my/account/password", data=typed)

    session.expire_all()
    assert answer.status_code == 422
    assert words in answer.text
    assert carlas_login.check_password(PASSWORD)
