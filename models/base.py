"""The database: one engine for both kinds, real transactions on SQLite, UTC everywhere."""

import logging
import re
import select
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache

from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus
from sqlalchemy import DateTime, MetaData, TypeDecorator, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import Pool

log = logging.getLogger(__name__)

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class _Model(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=_Model)
Base = db.Model
session = db.session

PAGES_KEPT_KIB = 16_000  # of a SQLite database in the memory of each connection; its own default is 2,000

# True while a request only reads. SQLite then begins without taking the one write lock. On PostgreSQL each question
# stands alone, outside of any transaction, and sees what is committed by then, as it would within one; what writes or
# holds something begins the transaction.
reading: ContextVar[bool] = ContextVar("reading", default=False)


class Refusal(Exception):
    """The domain says no. Subclasses name the reason; views find words for it."""


def add_unless_there(thing) -> bool:
    """Insert the thing now; False, and nothing was done, where somebody inserted the same a moment ago."""
    try:
        with session.begin_nested():
            session.add(thing)
    except IntegrityError:
        return False
    return True


def flush_many():
    """Flush many new rows with few statements: they are given their ids beforehand, as ``number_new`` does."""
    number_new()
    session.flush()


def number_new():
    """Give the new rows of this session their ids before they are inserted.

    To learn ids from an INSERT, SQLite is asked row by row, and PostgreSQL with one long statement of all rows. On
    SQLite the write lock is held from here to the commit, so that nobody else takes them.
    """
    waiting: dict[type, list] = {}
    for one in session.new:
        if "id" in one.__table__.c:
            waiting.setdefault(type(one), []).append(one)
    with session.no_autoflush:
        for model, ones in waiting.items():
            nameless = [one for one in ones if one.id is None]
            if nameless:
                for one, id in zip(nameless, _ids(model.__table__.name, ones, len(nameless)), strict=True):
                    one.id = id


def _ids(table: str, ones: list, count: int):
    if not is_sqlite():
        numbers = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")
        return session.scalars(numbers, {"table": table, "count": count}).all()
    last = session.scalar(text(f"SELECT max(id) FROM {table}")) or 0  # noqa: S608
    used = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table}) or 0
    first = max(last, used, *(one.id or 0 for one in ones)) + 1
    return range(first, first + count)


def plain_rows(statement, values: dict) -> list:
    """The rows of a statement that asks for columns and no objects: as the session's own, without its preparations.

    It may be SQL with ``:names``, which is read once for each wording; without values it goes as it is.
    """
    session.flush()
    if isinstance(statement, str) and not values:
        return session.connection().exec_driver_sql(statement, execution_options={"no_parameters": True}).all()
    statement = _read(statement) if isinstance(statement, str) else statement
    return session.connection().execute(statement, values).all()


_read = lru_cache(maxsize=128)(text)


def in_words(statement, **how) -> tuple[str, dict]:
    """A statement as text for ``plain_rows``, and its values; ``how`` is what SQLAlchemy calls ``compile_kwargs``."""
    dialect = sqlite.dialect if is_sqlite() else postgresql.psycopg2.dialect  # which writes no casts
    compiled = statement.compile(dialect=dialect(paramstyle="named"), compile_kwargs=how)
    return str(compiled), dict(compiled.params)


def now() -> datetime:
    """The present moment, in UTC and with its zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator):
    """A moment, always aware and in UTC; a naive one is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect, coltype):
        """In one step: a list reads hundreds of moments."""
        return _read_moment if dialect.name == "sqlite" else _in_utc


def _read_moment(written: str | None) -> datetime | None:
    return _in_utc(datetime.fromisoformat(written)) if written else None


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def sqlite_driver():
    """The SQLite module to use: a current one from its wheel, else the interpreter's own."""
    try:
        import pysqlite3.dbapi2 as driver
    except ImportError:
        import sqlite3 as driver
    return driver


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset defect (threat model, rule 69)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def engine_options(url: str) -> dict:
    """What create_engine needs for this kind of database."""
    secret = {"hide_parameters": True}  # what people wrote has no business in a log (threat model, rule 17)
    if url.startswith("sqlite"):
        return {**secret, "module": sqlite_driver(), "connect_args": {"timeout": 20}}
    return {**secret, "pool_timeout": 5, "connect_args": {"connect_timeout": 3}}


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection, record):
    if not hasattr(connection, "isolation_level") or "sqlite" not in type(connection).__module__:
        return
    connection.isolation_level = None  # the driver begins nothing; we do, in _begin
    cursor = connection.cursor()
    safe = wal_is_safe(sqlite_driver().sqlite_version_info)
    if not safe:
        log.warning("SQLite %s can lose data in WAL mode: using a rollback journal", sqlite_driver().sqlite_version)
    cursor.execute(f"PRAGMA journal_mode={'WAL' if safe else 'DELETE'}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=20000")
    cursor.execute(f"PRAGMA cache_size=-{PAGES_KEPT_KIB}")
    cursor.close()


@event.listens_for(Engine, "connect")
def _prepare_postgresql(connection, record):
    """It would compile a statement of many parts each time, which takes ten times as long as to carry it out."""
    if hasattr(connection, "pgconn"):
        connection.autocommit = True
        connection.execute("SET jit = off")
        connection.autocommit = False


LONGEST_UNASKED_SECONDS = 30


@event.listens_for(Pool, "checkout")
def _replace_what_was_cut(connection, record, _proxy):
    """A server that ends a connection says so, and the socket tells it without asking. One that was lost says nothing:
    whatever rested for long is asked, which is a round trip."""
    if (server := getattr(connection, "pgconn", None)) is None:
        return
    spoken = select.poll()
    spoken.register(server.socket, select.POLLIN)
    long_ago = time.monotonic() - LONGEST_UNASKED_SECONDS
    lost = spoken.poll(0) or (record.info.get("rests_since", long_ago) < long_ago and not _answers(server))
    if lost:
        raise InvalidatePoolError


def _answers(server) -> bool:
    return server.exec_(b"").status == ExecStatus.EMPTY_QUERY


@event.listens_for(Pool, "checkin")
def _rest(connection, record):
    record.info["rests_since"] = time.monotonic()
    _stand_together(connection, record)


@event.listens_for(Engine, "begin")
def _begin(connection):
    connection.info["only_read"] = True
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reading.get() else "BEGIN IMMEDIATE")
        return
    driver = connection.connection.dbapi_connection
    if not reading.get():
        _stand_together(driver, connection)
    elif not driver.autocommit and "isolation_level" not in connection.get_execution_options():
        driver.autocommit = True
        connection.info["alone"] = True


def _stand_together(driver, holder):
    """From here on everything is one transaction, on PostgreSQL too."""
    if driver is not None and holder.info.pop("alone", False):
        driver.autocommit = False


_ASKS = re.compile(r"\s*(?:SELECT|BEGIN|EXPLAIN|WITH)\b", re.IGNORECASE)
# What asks as well, and writes or holds something until the transaction ends.
_DOES = re.compile(
    r"\b(?:INSERT|UPDATE|DELETE|MERGE|INTO|FOR\s+(?:KEY\s+)?SHARE|pg_(?:try_)?advisory\w*|set_config)\b", re.IGNORECASE
)


@lru_cache(maxsize=512)
def _only_asks(statement: str) -> bool:
    """In doubt it does not: then a transaction begins, and ends as it always would."""
    return bool(_ASKS.match(statement)) and not _DOES.search(statement)


@event.listens_for(Engine, "before_cursor_execute")
def _note_what_is_no_question(connection, cursor, statement, parameters, context, *_):
    asks = _only_asks(statement)
    if not asks:
        connection.info["only_read"] = False
    if "alone" in connection.info and not (asks and not context.execution_options.get("stream_results")):
        _stand_together(connection.connection.dbapi_connection, connection)  # rows that are fetched bit by bit, too


@event.listens_for(Session, "after_begin")
def _remember(begun, _transaction, connection):
    begun.info["connection"] = connection


def end_reading(_error=None):
    """End a transaction that only read by a commit. Without this it ends with the session, by a rollback: psycopg then
    forgets all statements that it prepared, and PostgreSQL plans each one of the next page again."""
    connection = session.info.pop("connection", None) if session.registry.has() else None
    if connection is None or connection.closed or connection.invalidated or not connection.in_transaction():
        return
    if connection.info["only_read"]:
        with suppress(DBAPIError):  # the database went away: there is nothing to end
            connection.get_transaction().commit()


@contextmanager
def only_reading():
    """A transaction that takes no lock on SQLite, and ends here."""
    before = reading.set(True)
    try:
        yield
    finally:
        session.rollback()
        reading.reset(before)


def is_sqlite() -> bool:
    return session.get_bind().dialect.name == "sqlite"


LONGEST_REST_SECONDS = 0.1


def batches(batch):
    """Repeat a batch, one transaction each, until it finds nothing to do; yields how much each one did.

    SQLite has one writer at a time and no queue of those who wait: between two batches the others get half the time
    that the last one took, so that a page never waits for a whole backlog.
    """
    began = time.monotonic()
    while count := batch():
        session.commit()
        if is_sqlite():
            time.sleep(min(LONGEST_REST_SECONDS, (time.monotonic() - began) / 2))
        yield count
        began = time.monotonic()
    session.commit()
