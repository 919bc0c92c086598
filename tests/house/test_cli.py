"""The commands of the house: make a user, examine the machine."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import select

from models import Template, User, session
from models.templates_shipped import SHIPPED
from tests.running import ROOT


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


def test_the_first_administrator_finds_all_templates(make, app):
    make()

    assert set(session.scalars(select(Template.name))) == set(SHIPPED)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("export",), ("import", "-"), ("user", "create"), ("backup", "x.tar"), ("assign",)])
def test_a_database_without_tables_is_said_in_one_line(flask, words, tmp_path):
    more = {"user": ("--email", "a@example.org", "--name", "A", "--role", "administrator"), "backup": ()}
    words = [str(tmp_path / word) if word.endswith(".tar") else word for word in (*words, *more.get(words[0], ()))]
    failed = flask(*words, typed='{"format": "guichet/1", "companies": [{"name": "Acme"}]}')

    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: no such table: ")
    assert len(failed.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_setting_that_cannot_work_is_said_in_one_line(flask):
    failed = flask("export", SECRET_KEY="short")

    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: SECRET_KEY is too short")
    assert len(failed.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:create_app()"), ("worker.py",), ("preflight.py",)]
)
def test_so_do_the_services(command, tmp_path):
    environ = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": "short"}
    failed = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60
    )

    assert failed.returncode == 1
    assert failed.stderr.startswith("Guichet cannot start. SECRET_KEY is too short")
    assert len(failed.stderr.splitlines()) == 1
