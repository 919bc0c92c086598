"""The commands of the house: make a user, examine the machine."""

import pytest

from models import User


@pytest.fixture
def make(app):
    def create(email="ada@example.org", role="administrator", typed="a long enough phrase\n", more=()):
        words = ["user", "create", "--email", email, "--name", "Ada", "--role", role, "--password-stdin", *more]
        return app.test_cli_runner().invoke(args=words, input=typed)

    return create


def test_a_user_is_made_once(make):
    assert make().output.strip() == "ada@example.org can sign in as administrator."
    assert User.by_email("ada@example.org").check_password("a long enough phrase")

    again = make()
    assert again.exit_code == 1
    assert "has a user already" in again.output


def test_an_agent_works_for_all_companies_unless_one_is_named(make, company):
    make(role="agent")
    assert User.by_email("ada@example.org").companies == [company]

    refused = make(email="bea@example.org", role="agent", more=("--company", "Nobody & Sons"))
    assert "there is no company 'Nobody & Sons'" in refused.output


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"email": "ada"}, "--email"),
        ({"role": "king"}, "--role"),
        ({"typed": "short\n"}, "shorter than 8"),
        ({"typed": "password1\n"}, "easy to guess"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(make, change, reason):
    refused = make(**change)

    assert refused.exit_code != 0
    assert reason in refused.output
    assert User.by_email("ada@example.org") is None


@pytest.mark.slow
def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(flask):
    assert flask("db", "upgrade").returncode == 0
    examined = flask("doctor", MAIL_URL="smtp://127.0.0.1:1")

    assert examined.returncode == 1  # nothing runs: queue, mail and web server do not answer
    assert "ok       database" in examined.stdout
    assert "ok       migrations" in examined.stdout
    assert "PROBLEM  queue" in examined.stdout
    assert "PROBLEM  mail" in examined.stdout
    assert examined.stdout.count("PROBLEM") == examined.stdout.count(" -> ")
    assert "Traceback" not in examined.stderr


@pytest.mark.slow
def test_the_doctor_sees_a_database_that_waits_for_migrations(flask):
    examined = flask("doctor")

    assert "PROBLEM  migrations" in examined.stdout
    assert "Traceback" not in examined.stderr


@pytest.mark.slow
def test_the_doctor_sees_a_reverse_proxy_that_is_not_believed(flask):
    examined = flask("doctor", BASE_URL="https://help.invalid")
    assert "set TRUSTED_PROXIES" in examined.stdout

    examined = flask("doctor", BASE_URL="https://help.invalid", TRUSTED_PROXIES="127.0.0.1")
    assert "set TRUSTED_PROXIES" not in examined.stdout
