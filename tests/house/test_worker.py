"""The worker: repeats until nothing is due, survives what fails, and does without Redis."""

import logging
import signal
import subprocess
import sys

import pytest

import worker
from tests.running import ROOT, until
from web import queue
from web.queue import Doorbell


@pytest.fixture
def app(tmp_path):
    from wsgi import create_app

    app = create_app({"DATA_DIR": str(tmp_path), "TESTING": True})
    with app.app_context():
        yield app


def drained(*answers):
    """A job whose batch gives these answers, one after the other."""
    left = list(answers)

    def batch():
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    batch.left = left
    return worker.drain(batch), left


def test_a_job_repeats_its_batch_until_nothing_is_due(app):
    job, left = drained(3, 2, 0, 9)

    assert job() == 5
    assert left == [9]


def test_a_failing_batch_is_logged_and_ends_the_job_alone(app, caplog):
    job, left = drained(3, RuntimeError("broken"), 2)

    assert job() == 3
    assert "a batch failed" in caplog.text
    assert left == [2]


def test_a_job_says_in_one_line_how_much_it_did(app, caplog):
    caplog.set_level(logging.INFO)
    drained(3, 0)[0]()
    drained(0)[0]()

    assert len([record for record in caplog.records if record.name == "worker"]) == 1


def test_the_timetable_rings_for_every_job_each_minute():
    assert {job.__name__ for job in worker.TIMETABLE} == {
        "deliver", "receive", "assign", "close_inactive", "remind", "compare", "bulk",
    }  # fmt: skip
    assert set(worker.TIMETABLE.values()) == {"* * * * *"}


def test_every_job_has_a_queue_that_somebody_serves():
    assert {queue.JOBS[job.__name__] for job in worker.TIMETABLE} <= set(queue.QUEUES)


class Runs:
    """worker.py in a process of its own."""

    def __init__(self, environ, folder, *words):
        self.log = folder / f"worker{'-'.join(words)}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py", *words], cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self):
        return self.log.read_text()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@pytest.fixture
def run(flask, tmp_path, valkey):
    import os

    assert flask("db", "upgrade").returncode == 0
    environ = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "REDIS_URL": valkey.url, "LOG_LEVEL": "INFO"}
    running = []

    def start(*words):
        running.append(Runs(environ, tmp_path, *words))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.slow
def test_a_worker_takes_what_was_rung_for_and_ends_when_told(run, valkey):
    doorbell = Doorbell(valkey.url)
    doorbell.ring("deliver")
    process = run()

    until(lambda: doorbell.report()["workers"] == 1 and doorbell.report()["waiting"] == 0)
    assert process.end() == 0
    assert "Traceback" not in process.said()


@pytest.mark.slow
def test_worker_and_schedule_outlive_the_queue(run, valkey):
    valkey.stop()
    process, schedule = run(), run("schedule")
    until(lambda: "does not answer" in process.said() and "does not answer" in schedule.said())

    valkey.start()
    until(lambda: Doorbell(valkey.url).report()["workers"] == 1)
    valkey.stop()
    valkey.start()  # empty
    doorbell = Doorbell(valkey.url)
    doorbell.ring("deliver")

    until(lambda: doorbell.report()["waiting"] == 0 and doorbell.report()["workers"] == 1)
    assert process.process.poll() is None
    assert schedule.process.poll() is None
    assert (process.end(), schedule.end()) == (0, 0), process.said() + schedule.said()
