"""The doorbell's wire: asks the worker, through Redis or Valkey, to look again.

Nothing is lost when it cannot be reached: the worker looks by itself every minute.
"""

import logging
import time
from uuid import uuid4

from flask import current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from models import bell

# Each job and its queue: a mail server that takes its time must not hold up the rest.
JOBS = {"deliver": "mail"} | dict.fromkeys(
    ("receive", "assign", "close_inactive", "remind", "bulk", "compare"), "default"
)
QUEUES = ("default", "mail")
TIMEOUT_SECONDS = 0.3
REST_SECONDS = 5  # after a failure nobody waits for Redis again so soon
JOB_SECONDS = 600
HEARTBEATS = "guichet:worker:"
HEARTBEAT_SECONDS = 300
KEPT_SECONDS = 60  # how long a job's outcome stays to be looked at

log = logging.getLogger(__name__)


def init_app(app):
    app.extensions["guichet.queue"] = Doorbell(app.config["REDIS_URL"])
    bell.on_ring(enqueue)


def enqueue(name: str) -> bool:
    """Ring for this job; True when a worker will hear it. Redis away is a line in the log, never an error."""
    return current_app.extensions["guichet.queue"].ring(name)


def report() -> dict | None:
    """What monitors want to know: jobs waiting, workers, the age of the youngest heartbeat; None with Redis away."""
    return current_app.extensions["guichet.queue"].report()


def connect(url: str, timeout: float | None = TIMEOUT_SECONDS) -> Redis:
    """A connection that gives up at once, so that no page waits for it."""
    return Redis.from_url(
        url, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def beat(redis: Redis, name: str):
    """A worker says that it lives."""
    redis.set(f"{HEARTBEATS}{name}", time.time(), ex=HEARTBEAT_SECONDS)


class Doorbell:
    def __init__(self, url: str):
        self.redis = connect(url)
        self.queues = {name: Queue(name, connection=self.redis, serializer=JSONSerializer) for name in QUEUES}
        self.rests_until = 0.0

    def ring(self, name: str) -> bool:
        if name not in JOBS:
            raise ValueError(f"no job is called {name!r}")
        if time.monotonic() < self.rests_until:
            return False
        try:
            if not self.waits(name):
                self.push(name)
        except RedisError as error:
            self.rests_until = time.monotonic() + REST_SECONDS
            log.warning("The queue does not answer (%s); %s waits for the worker's next round.", error, name)
            return False
        return True

    def waits(self, name: str) -> bool:
        """Whether a job of this name has yet to begin: that one will see our commit as well."""
        return any(waiting.startswith(f"{name}-") for waiting in self.queues[JOBS[name]].get_job_ids())

    def push(self, name: str):
        self.queues[JOBS[name]].enqueue(
            f"worker.{name}",
            job_id=f"{name}-{uuid4().hex}",
            job_timeout=JOB_SECONDS,
            result_ttl=KEPT_SECONDS,
            failure_ttl=KEPT_SECONDS,
            description=name,
        )

    def report(self) -> dict | None:
        try:
            keys = list(self.redis.scan_iter(match=f"{HEARTBEATS}*", count=1000))
            beats = [float(beat) for beat in (self.redis.mget(keys) if keys else ()) if beat]
            age = round(time.time() - max(beats), 1) if beats else None
            waiting = sum(queue.count for queue in self.queues.values())
            return {"waiting": waiting, "workers": len(beats), "worker_age_seconds": age}
        except RedisError:
            return None
