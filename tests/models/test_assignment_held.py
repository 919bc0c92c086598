"""R-ASSIGN on PostgreSQL beside others: who only adds to a ticket is not in its way, who changes it is waited for."""

import pytest
from sqlalchemy import text

import worker
from models import Company, Contact, Team, User, make_team, open_ticket, session
from models.assignment import assign_due_batch, held_by_others
from models.base import db, now
from tests.conftest import make_app
from tests.running import until


@pytest.fixture
def app(empty_database, tmp_path, kind):
    """With real transactions, and one ticket that waits."""
    if kind == "sqlite":
        pytest.skip("SQLite has one writer at a time, and no rows that are held")
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        company = Company(name="Acme", timezone="UTC")
        team = make_team("Support", "support", company, auto_assign="equal_open")
        session.add(User(contact=Contact(email="agnes@acme.example"), role="agent", companies=[company]))
        open_ticket(team, Contact(email="nina@client.example"), "No light", "It is dark.")
        session.commit()
        yield app
        session.remove()


@pytest.fixture
def elsewhere(app):
    """A transaction of somebody else."""
    with db.engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("table", ["teams", "tickets"])
def test_a_message_in_the_making_does_not_hold_up_the_rule(elsewhere, table):
    """The reference of a new row holds what it refers to as FOR KEY SHARE does."""
    elsewhere.execute(text(f"SELECT id FROM {table} FOR KEY SHARE"))
    assert assign_due_batch(now()) == 1


@pytest.mark.parametrize("table", ["teams", "tickets"])
def test_what_somebody_is_changing_is_waited_for(app, elsewhere, table, monkeypatch):
    rung = []
    monkeypatch.setattr(worker, "application", lambda: app)
    monkeypatch.setattr(worker, "HELD_SECONDS", 0.01)
    monkeypatch.setattr(worker.queue, "enqueue", rung.append)
    elsewhere.execute(text(f"UPDATE {table} SET id = id"))
    assert worker.assign() == 0
    until(lambda: rung == ["assign"])

    elsewhere.rollback()
    assert worker.assign() == 1
    assert not held_by_others()


def test_what_nobody_can_be_given_is_not_waited_for(app):
    session.query(User).update({"takes_tickets": False})
    assert assign_due_batch(now()) == 0
    assert not held_by_others()
    assert session.query(Team).one().tickets_to_assign()
