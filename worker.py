"""The jobs, one line each, and at the bottom their timetable.

A job carries no data: it means *look again*. `python worker.py` works, `python worker.py mail` only on that queue,
`python worker.py schedule` rings every minute. Without Redis, and without anybody who rings, the worker looks by
itself once a minute.
"""

import functools
import gc
import logging
import signal
import sys
import threading
import time
from contextlib import suppress

from flask import current_app, has_app_context
from redis.exceptions import RedisError
from rq import SimpleWorker, cron, get_current_job
from rq.exceptions import SchedulerNotFound, StopRequested
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from config import ConfigError
from mail import incoming, outgoing
from models import assignment, lookalikes, sweep
from models import bulk as bulk_actions
from models.base import batches, now, session
from web import queue

ROUND_SECONDS = 60  # at least so often everything is looked at
SLICE_SECONDS = 5  # a job with more to do than this lets the others go first
HELD_SECONDS = 1  # until the next look at what somebody else was changing
PATIENCE_SECONDS = 2  # between two attempts to reach Redis

log = logging.getLogger("worker")
stopping = threading.Event()


@functools.cache
def application():
    from wsgi import create_app

    return create_app()


def drain(batch):
    """Make a job of one batch: repeat it, one transaction each, until nothing is due; return how much was done.

    A batch that fails is rolled back and logged, and the job ends: whatever was due still is, the next round finds it.
    """

    @functools.wraps(batch)
    def job() -> int:
        if has_app_context():
            return repeat(batch)
        with application().app_context():
            return repeat(batch)

    return job


def repeat(batch) -> int:
    name, total, began = batch.__name__, 0, time.monotonic()
    try:
        for count in batches(batch):
            total += count
            late = get_current_job() and time.monotonic() - began > SLICE_SECONDS
            if stopping.is_set() or (late and queue.enqueue(name)):
                break
    except StopRequested:
        session.rollback()
        raise
    except Exception:
        session.rollback()
        log.exception("%s: a batch failed; the next round tries again.", name)
    if total:
        log.info("%s: %d done in %.1f s.", name, total, time.monotonic() - began)
    return total


@drain
def deliver():
    """A mail that is due in a moment is an answer that can still be taken back."""
    return outgoing.deliver_due_batch(now()) or ring_again("deliver", outgoing.seconds_until_next(now()))


to_ring: set[str] = set()  # the jobs for which a bell is set


def ring_again(job: str, seconds: float | None) -> int:
    """Look once more in so many seconds, if any; returns 0, as a batch does that found nothing to do."""
    if seconds is not None and job not in to_ring:
        to_ring.add(job)
        timer = threading.Timer(seconds, _ring, [application(), job])
        timer.daemon = True
        timer.start()
    return 0


def _ring(app, job):
    to_ring.discard(job)
    with app.app_context():
        queue.enqueue(job)


@drain
def receive():
    return incoming.receive_due_batch(now())


@drain
def assign():
    """Tickets that others are changing just now are left to them for a moment."""
    if done := assignment.assign_due_batch(now()):
        return done
    return ring_again("assign", HELD_SECONDS if assignment.held_by_others() else None)


@drain
def close_inactive():
    return sweep.close_due_batch(now())


@drain
def remind():
    return sweep.remind_due_batch(now())


@drain
def bulk():
    return bulk_actions.carry_out_batch(now())


@drain
def compare():
    return lookalikes.compare_due_batch(now())


TIMETABLE = dict.fromkeys((deliver, receive, assign, close_inactive, remind, bulk, compare), "* * * * *")


class Rounds:
    """The worker's own look at everything, for what nobody rang for."""

    def __init__(self):
        self.last, self.looking, self.queues = float("-inf"), False, queue.QUEUES

    def look(self):
        """Do every job, if the last look is a round ago."""
        if self.looking or time.monotonic() - self.last < ROUND_SECONDS:
            return
        self.last, self.looking = time.monotonic(), True
        try:
            for job in TIMETABLE:
                if queue.JOBS[job.__name__] in self.queues and not stopping.is_set():
                    job()
        finally:
            self.looking = False
        if stopping.is_set():
            raise StopRequested


rounds = Rounds()


class Clockwork(SimpleWorker):
    """Works in this process, for ever: a Redis that comes and goes only changes who rings.

    RQ's loop sends a heartbeat before each wait for a job, whether Redis is there or not: that is when the worker
    makes its round.
    """

    max_connection_wait_time = 5.0

    def heartbeat(self, timeout=None, pipeline=None):
        if pipeline is None and self.get_state() != WorkerStatus.BUSY:
            rounds.look()
        super().heartbeat(timeout, pipeline)
        queue.beat(self.connection, self.name)

    def request_stop(self, signum, frame):
        self._stop_requested = True
        request_stop(busy=self.get_state() == WorkerStatus.BUSY)

    def subscribe(self):
        """Listen to no commands over Redis: whoever reaches it must not be able to steer us."""


def request_stop(signum=None, frame=None, busy=False):
    """End after the batch at hand; at once when nothing is being done."""
    stopping.set()
    if not busy and not rounds.looking:
        raise StopRequested


def work(*queues: str):
    """Serve these queues, or all, until told to stop."""
    rounds.queues = queues or queue.QUEUES
    signal.signal(signal.SIGINT, request_stop)
    signal.signal(signal.SIGTERM, request_stop)
    with suppress(StopRequested):
        url = application().config["REDIS_URL"]
        gc.freeze()  # what is loaded by now stays: the collector need not go through it again and again
        while not stopping.is_set():
            try:
                rounds.look()
                listen(url)
            except RedisError as error:
                log.warning("The queue does not answer (%s); trying again in %d s.", error, PATIENCE_SECONDS)
            stopping.wait(PATIENCE_SECONDS)


def listen(url: str):
    worker = Clockwork(
        rounds.queues,
        connection=queue.connect(url, timeout=None),
        serializer=JSONSerializer,
        worker_ttl=35,  # seconds; RQ waits for a job, and for an answer of Redis, a little less
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")


class Timetable(cron.CronScheduler):
    """RQ's scheduler, ringing the bell: as for any other ring, one waiting job of a name is enough."""

    def enqueue_jobs(self):
        moment = now()
        due = [job for job in self.get_jobs() if job.should_run()]
        for job in due:
            queue.enqueue(job.func.__name__)
            job.set_enqueue_time(moment)
        return due

    def _request_stop(self, signum, frame):
        stopping.set()
        raise StopRequested

    def register_death(self, pipeline=None):
        with suppress(SchedulerNotFound):  # a queue that was restarted has forgotten us already
            super().register_death(pipeline)


def schedule():
    """Ring every minute until told to stop."""
    with application().app_context(), suppress(StopRequested):
        timetable = Timetable(queue.connect(current_app.config["REDIS_URL"]), logging_level="WARNING")
        for job, times in TIMETABLE.items():
            timetable.register(job, queue_name=queue.JOBS[job.__name__], cron=times)
        while not stopping.is_set():
            try:
                timetable.start()
            except RedisError as error:
                log.warning("The queue does not answer (%s); trying again in %d s.", error, PATIENCE_SECONDS)
            stopping.wait(PATIENCE_SECONDS)


if __name__ == "__main__":
    import worker  # as the queue knows it: the jobs must find this module's state, not a second one

    try:
        match sys.argv[1:]:
            case ["schedule"]:
                worker.schedule()
            case queues if set(queues) <= set(queue.QUEUES):
                worker.work(*queues)
            case _:
                sys.exit("usage: worker.py [schedule | default | mail]")
    except ConfigError as error:
        sys.exit(f"Guichet cannot start. {error}")
