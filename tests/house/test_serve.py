"""bin/serve: one command, one log, and nothing left behind."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

import config
from tests.running import ROOT, Served, free_port, gone, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One that runs for all tests that leave it running."""
    guichet = Served(tmp_path_factory.mktemp("running")).ready()
    yield guichet
    guichet.end()


def test_it_serves_and_ctrl_c_leaves_no_process(serve):
    guichet = serve().ready()
    family = guichet.family()
    assert guichet.get() == 200
    assert all(
        guichet.named(word) for word in ("gunicorn", "worker.py default", "worker.py mail", "schedule", "valkey-server")
    )

    assert guichet.end(signal.SIGINT) == 0
    until(lambda: gone(family), 5)


def test_killing_the_supervisor_leaves_no_process(serve):
    guichet = serve().ready()
    family = guichet.family()
    assert len(family) >= 7

    guichet.end(signal.SIGKILL)

    until(lambda: gone(family), 5)
    assert guichet.get() is None


def test_killed_web_server_worker_and_queue_come_back(running):
    before = {word: running.named(word)[0] for word in ("gunicorn", "worker.py", "valkey-server")}

    for process in before.values():
        process.kill()

    until(lambda: all(running.named(word) for word in before) and gone(before.values()))
    until(lambda: running.get() == 200)
    assert "and is started again" in running.said()


def test_pages_answer_while_the_queue_hangs(running):
    queue = until(lambda: running.named("valkey-server"))[0]
    queue.suspend()
    try:
        for path in ("/", "/login", "/health/ready"):
            began = time.monotonic()
            assert running.get(path) == 200
            assert time.monotonic() - began < 2
    finally:
        queue.resume()


def test_pages_answer_without_a_queue(serve):
    guichet = serve(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0").ready()
    assert not guichet.named("valkey-server")
    began = time.monotonic()

    assert guichet.get("/") == 200
    assert time.monotonic() - began < 2


def test_a_second_one_on_the_same_folder_is_refused(running, serve):
    assert refusal(serve(DATA_DIR=running.environ["DATA_DIR"]), "already runs on") == "already runs on"


REFUSALS = {
    "a key that is too short": ({"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
    "a key that is easy to guess": ({"SECRET_KEY": "changeme" * 4}, "SECRET_KEY is easy to guess"),
    "a database of another kind": ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL names mysql"),
    "a database that does not answer": ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "does not answer"),
    "a folder that is missing": ({"DATABASE_URL": "sqlite:////missing/folder/x.db"}, "does not exist"),
    "no port": ({"PORT": "http"}, "PORT must be a whole number"),
    "no web address": ({"BASE_URL": "help.example.org"}, "BASE_URL is no web address"),
    "no mail server": ({"MAIL_URL": "mail.example.org"}, "MAIL_URL is no address"),
}


@pytest.mark.parametrize(("settings", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_settings_that_cannot_work_are_said_in_one_line(serve, settings, reason):
    assert refusal(serve(**settings), reason) == reason


def test_a_port_in_use_is_said_in_one_line(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert refusal(serve(PORT=str(taken.getsockname()[1])), "cannot be used") == "cannot be used"


def test_a_database_of_a_newer_guichet_is_left_alone(serve, tmp_path):
    database = sqlite3.connect(tmp_path / "newer.db")
    database.executescript(
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('x9');"
    )
    database.close()

    run = serve(DATABASE_URL=f"sqlite:///{tmp_path}/newer.db")
    assert refusal(run, "of a newer Guichet") == "of a newer Guichet"


def refusal(run, words: str) -> str:
    """The words, if they stand in the one line that the run ended with."""
    assert run.process.wait(60) == 1
    lines = run.said().splitlines()
    assert len(lines) == 1, run.said()
    assert lines[0].startswith("Guichet cannot start. ")
    return words if words in lines[0] else lines[0]


def test_tokens_do_not_reach_the_log(running):
    for path in ("/ticket/tell-nobody", "/reset?code=tell-nobody", "/signup?email=a&code=tell-nobody"):
        running.get(path)

    until(lambda: "/ticket/" in running.said() and "/signup" in running.said())
    assert "tell-nobody" not in running.said()


def test_an_address_with_a_search_of_ten_thousand_characters_is_answered(running):
    assert running.get("/login?q=" + "%C3%A9" * 10_000) == 200
    assert len(max(running.said().splitlines(), key=len)) < 5000


def test_setup_is_done_in_under_a_second_and_silent_the_second_time(tmp_path):
    environ = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path)}
    subprocess.run([ROOT / "bin" / "setup"], env=environ, check=True)
    assert (tmp_path / "guichet.db").exists()

    before = os.times()
    again = subprocess.run([ROOT / "bin" / "setup"], env=environ, check=True, capture_output=True, cwd=tmp_path)
    after = os.times()

    assert again.stdout + again.stderr == b""
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5  # s of CPU


def test_setup_migrates_a_database_that_took_another_ones_place(tmp_path):
    environ = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path)}
    subprocess.run([ROOT / "bin" / "setup"], env=environ, check=True)
    (tmp_path / "guichet.db").unlink()
    subprocess.run([ROOT / "bin" / "setup"], env=environ, check=True)

    assert (tmp_path / "guichet.db").stat().st_size > 0


def test_the_embedded_queue_is_nobody_elses(running):
    folder = config.embedded_socket(Path(running.environ["DATA_DIR"])).parent
    queue = until(lambda: running.named("valkey-server"))[0]

    assert queue.net_connections("inet") == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
