"""What is only read needs no transaction, or ends with a commit, so that PostgreSQL keeps its plans; what is held or
written begins one, and without a commit is gone."""

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import func, insert, select, text

from models import Company, session
from models.base import db, plain_rows, reading
from tests.conftest import make_app


@pytest.fixture
def app(empty_database, tmp_path):
    """With real transactions."""
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        session.add(Company(name="Acme", timezone="UTC"))
        session.commit()
    return app


def names(app) -> list[str]:
    with app.app_context():
        return list(session.scalars(select(Company.name)))


@pytest.fixture(params=[True, False], ids=["while reading", "while writing"])
def begun(request):
    """The transaction begins as that of a request that only reads, or of one that writes."""
    before = reading.set(request.param)
    yield request.param
    reading.reset(before)


@pytest.mark.parametrize(
    "write",
    [
        lambda: session.add(Company(name="Other")),
        lambda: session.execute(insert(Company).values(name="Other", timezone="UTC")),
        lambda: session.execute(text("UPDATE companies SET name = 'Other'")),
        lambda: session.connection().exec_driver_sql("UPDATE companies SET name = 'Other'"),
        lambda: session.execute(text("WITH one AS (SELECT 1)\nUPDATE companies SET name = 'Other'")),
    ],
)
def test_what_was_written_without_a_commit_is_rolled_back(app, write, begun):
    assert names(app) == ["Acme"]
    with app.app_context():
        write()
        assert "Other" in session.scalars(select(Company.name)).all()  # read after it was written

    assert names(app) == ["Acme"]


def test_what_is_written_after_a_question_is_one_transaction(app, begun):
    with app.app_context():
        session.scalar(select(Company)).name = "Other"
        session.flush()
        session.rollback()
        session.scalar(select(Company)).timezone = "Europe/Paris"
        session.flush()
        session.scalar(select(Company)).name = "New"
        session.commit()
        session.scalar(select(Company)).name = "Late"
        session.flush()

    with app.app_context():
        company = session.scalar(select(Company))
        assert (company.name, company.timezone) == ("New", "Europe/Paris")


def test_what_was_not_flushed_is_not_written(app):
    with app.app_context(), session.no_autoflush:
        session.scalar(select(Company)).name = "Other"
        plain_rows_without_flush = session.connection().execute(select(Company.name)).all()
        assert plain_rows_without_flush == [("Acme",)]

    assert names(app) == ["Acme"]


@pytest.fixture
def on_postgresql(kind):
    if kind == "sqlite":
        pytest.skip("SQLite begins without waiting for anybody, and prepares statements by itself")


def status() -> TransactionStatus:
    return session.connection().connection.dbapi_connection.info.transaction_status


def test_a_question_begins_no_transaction_of_postgresql(app, on_postgresql, begun):
    with app.app_context():
        assert session.scalar(select(Company.name)) == "Acme"
        assert status() == (TransactionStatus.IDLE if begun else TransactionStatus.INTRANS)
        session.scalar(text("SELECT pg_advisory_xact_lock(1)"))
        assert status() == TransactionStatus.INTRANS


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_try_advisory_xact_lock(5)",
        "SELECT 1,\npg_advisory_xact_lock(5)",
        "select id from companies\nfor update",
        "SELECT id FROM companies FOR KEY SHARE",
        "SELECT set_config('lock_timeout', '1s', true)",
        "SELECT id INTO TEMPORARY known FROM companies",
        "with gone as (delete from companies returning id) select id from gone",
        "EXPLAIN ANALYZE DELETE FROM companies",
    ],
)
def test_what_writes_or_holds_begins_a_transaction_of_postgresql(app, on_postgresql, statement):
    with app.app_context():
        before = reading.set(True)
        assert session.scalar(select(Company.name)) == "Acme"
        session.execute(text(statement))
        assert status() == TransactionStatus.INTRANS
        session.remove()
        reading.reset(before)
    assert names(app) == ["Acme"]


def test_an_asked_isolation_is_kept_while_reading(app, on_postgresql, begun):
    count = select(func.count()).select_from(Company)
    with app.app_context(), db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as still:
        assert still.scalar(count) == 1
        session.add(Company(name="Other"))
        session.commit()
        assert still.scalar(count) == 1
        assert session.scalar(count) == 2


def test_rows_can_be_fetched_bit_by_bit(app, begun):
    with app.app_context():
        assert session.scalar(select(Company.name)) == "Acme"
        assert list(session.scalars(select(Company.name).execution_options(yield_per=10))) == ["Acme"]


def test_sql_without_values_goes_as_it_is(app):
    with app.app_context():
        assert plain_rows("SELECT 5 % 3, '%%', 'a:b', 'a\\:b'", {}) == [(2, "%%", "a:b", "a\\:b")]


@pytest.mark.parametrize("how", [{}, {"key_share": True}, {"read": True}, {"read": True, "key_share": True}])
def test_what_is_held_while_reading_is_held_until_the_end(app, on_postgresql, how):
    held = select(Company.id).with_for_update(**how)
    with app.app_context():
        before = reading.set(True)
        assert session.scalar(select(Company.id)) == session.scalar(held)
        with db.engine.connect() as another:
            assert another.scalar(select(Company.id).with_for_update(skip_locked=True)) is None
        session.rollback()
        with db.engine.connect() as another:
            assert another.scalar(select(Company.id).with_for_update(skip_locked=True))
        reading.reset(before)


def test_a_connection_that_read_is_as_before(app, on_postgresql):
    with app.app_context():
        before = reading.set(True)
        driver = session.connection().connection.dbapi_connection
        assert driver.autocommit
        session.remove()
        reading.reset(before)
        assert session.connection().connection.dbapi_connection is driver
        assert not driver.autocommit


def test_postgresql_keeps_what_it_prepared(app, on_postgresql, begun):
    for _ in range(8):
        assert names(app) == ["Acme"]
        with app.app_context():
            plain_rows("WITH one AS (SELECT 1) SELECT * FROM one", {})
    with app.app_context():
        prepared = plain_rows("SELECT statement FROM pg_prepared_statements", {})
    assert any("companies.name" in statement for (statement,) in prepared)
