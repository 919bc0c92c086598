"""What must be true before anything starts: settings that can work, a database that answers, its migrations."""

import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

import config
from config import ConfigError
from models.base import engine_options

ROOT = Path(__file__).resolve().parent
MIGRATION_LOCK = 7_100_101  # any number, the same for all who migrate one PostgreSQL


def check(environ=os.environ) -> dict:
    """The settings, once the database answers and is up to date; raises ConfigError with one clear line."""
    settings = config.load(environ)
    url = settings["SQLALCHEMY_DATABASE_URI"]
    engine = create_engine(url, **engine_options(url))
    try:
        with engine.connect() as connection, alone(connection, settings):
            if behind(connection):
                migrate(environ)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise ConfigError(f"DATABASE_URL: the database {engine.url!r} does not answer: {reason}") from None
    finally:
        engine.dispose()
    return settings


@contextmanager
def alone(connection, settings):
    """Of several who start at once, one migrates and the others wait."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
    lock = os.open(settings["DATA_DIR"], os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def behind(connection) -> bool:
    """Whether migrations wait. Raises ConfigError when the database is newer than this Guichet."""
    script = ScriptDirectory(str(ROOT / "migrations"))
    known = {revision.revision for revision in script.walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    connection.rollback()
    if unknown := current - known:
        raise ConfigError(f"The database is of a newer Guichet (revision {unknown.pop()}): update the program first.")
    return current != set(script.get_heads())


def migrate(environ):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    done = subprocess.run(command, cwd=ROOT, env=dict(environ), capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise ConfigError(f"The database could not be migrated: {lines[-1].strip()} (flask --app wsgi db upgrade)")


def main():
    try:
        check()
    except ConfigError as error:
        sys.exit(f"Guichet cannot start. {error}")


if __name__ == "__main__":
    main()
