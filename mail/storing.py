"""Received mail is written down, durably, before anybody is told that it was taken (threat model, rule 41).

Many deliveries at the same moment share one commit: that is what a disk can do only so often in a second.
"""

import logging
import queue
import threading
from concurrent.futures import Future

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from models.incoming import IncomingMail

TOGETHER = 200  # deliveries of one commit
TOGETHER_BYTES = 20_000_000
ENOUGH = object()

log = logging.getLogger(__name__)


def write(connection, rows: list[dict]):
    """Insert these rows; a delivery that is there already was tried again, and stays as it is."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(IncomingMail).on_conflict_do_nothing(index_elements=["key"]), rows)


class Writer:
    """A thread that writes what it is handed. As a context it ends when all is written."""

    def __init__(self, engine: Engine, after_commit=lambda: None):
        self.engine, self.after_commit, self.waiting = engine, after_commit, queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.waiting.put(ENOUGH)
        self.thread.join()

    def store(self, rows: list[dict]) -> Future:
        """Done when these rows are committed; fails where the database does not take them."""
        done = Future()
        self.waiting.put((rows, done))
        return done

    def _run(self):
        first = self.waiting.get()
        while first is not ENOUGH:
            group, first = self._group(first)
            self._write(group)
            first = first or self.waiting.get()

    def _group(self, first) -> tuple[list, object]:
        """What waits now, up to a limit, and what comes after it, if that was taken out already."""
        group, size = [first], sum(row["size"] for row in first[0])
        while len(group) < TOGETHER:
            try:
                other = self.waiting.get_nowait()
            except queue.Empty:
                return group, None
            if other is ENOUGH or (size := size + sum(row["size"] for row in other[0])) > TOGETHER_BYTES:
                return group, other
            group.append(other)
        return group, None

    def _write(self, group):
        try:
            with self.engine.begin() as connection:
                write(connection, [row for rows, _ in group for row in rows])
        except SQLAlchemyError as error:
            if len(group) > 1:  # one of them may be to blame: each for itself
                for one in group:
                    self._write([one])
                return
            log.error("A received mail cannot be stored: %s", type(error).__name__)
            group[0][1].set_exception(error)
            return
        for _, done in group:
            done.set_result(None)
        self.after_commit()
