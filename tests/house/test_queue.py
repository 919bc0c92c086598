"""The doorbell: rings reach a worker once, and nobody ever waits for it."""

import os
import signal
import time

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from tests.running import free_port
from web.queue import Doorbell, beat, connect


@pytest.fixture
def doorbell(valkey):
    return Doorbell(valkey.url)


def test_many_rings_of_a_name_leave_one_job(doorbell):
    for _ in range(5):
        assert doorbell.ring("deliver")
    doorbell.ring("assign")

    assert {name: [job.func_name for job in queue.jobs] for name, queue in doorbell.queues.items()} == {
        "default": ["worker.assign"],
        "mail": ["worker.deliver"],
    }


def test_a_ring_after_the_job_began_is_heard(doorbell):
    doorbell.ring("deliver")
    doorbell.queues["mail"].pop_job_id()  # the worker takes it
    doorbell.ring("deliver")

    assert doorbell.queues["mail"].count == 1


def test_a_job_carries_nothing_and_is_written_as_json(doorbell, valkey):
    doorbell.ring("deliver")
    job = Queue("mail", connection=connect(valkey.url), serializer=JSONSerializer).jobs[0]

    assert (job.args, job.kwargs) == ([], {})


def test_what_is_no_job_cannot_be_rung_for(doorbell):
    with pytest.raises(ValueError, match="no job"):
        doorbell.ring("os.system")


def test_with_the_queue_gone_nobody_waits():
    doorbell = Doorbell(f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()

    assert doorbell.ring("deliver") is False
    assert doorbell.report() is None
    assert time.monotonic() - began < 0.5


def test_with_the_queue_hanging_only_the_first_waits(doorbell, valkey):
    os.kill(valkey.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert doorbell.ring("deliver") is False
        first = time.monotonic()
        assert [doorbell.ring("deliver") for _ in range(100)] == [False] * 100
        assert first - began < 0.6
        assert time.monotonic() - first < 0.1
    finally:
        os.kill(valkey.process.pid, signal.SIGCONT)


def test_monitors_hear_of_workers_and_waiting_jobs(doorbell, valkey):
    assert doorbell.report() == {"waiting": 0, "workers": 0, "worker_age_seconds": None}
    doorbell.ring("deliver")
    beat(connect(valkey.url), "one")
    report = doorbell.report()

    assert (report["waiting"], report["workers"]) == (1, 1)
    assert report["worker_age_seconds"] < 5
