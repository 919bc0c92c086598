"""What was only read ends with a commit, so that PostgreSQL keeps its plans; what was written without one is gone."""

import pytest
from sqlalchemy import insert, select, text

from models import Company, session
from models.base import plain_rows
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
def test_what_was_written_without_a_commit_is_rolled_back(app, write):
    assert names(app) == ["Acme"]
    with app.app_context():
        write()
        assert "Other" in session.scalars(select(Company.name)).all()  # read after it was written

    assert names(app) == ["Acme"]


def test_what_was_not_flushed_is_not_written(app):
    with app.app_context(), session.no_autoflush:
        session.scalar(select(Company)).name = "Other"
        plain_rows_without_flush = session.connection().execute(select(Company.name)).all()
        assert plain_rows_without_flush == [("Acme",)]

    assert names(app) == ["Acme"]


def test_postgresql_keeps_what_it_prepared(app, kind):
    if kind == "sqlite":
        pytest.skip("SQLite prepares statements for each connection by itself")
    for _ in range(8):
        assert names(app) == ["Acme"]
        with app.app_context():
            plain_rows("WITH one AS (SELECT 1) SELECT * FROM one", {})
    with app.app_context():
        prepared = plain_rows("SELECT statement FROM pg_prepared_statements", {})
    assert any("companies.name" in statement for (statement,) in prepared)
