"""All or nothing, and what the database promises (threat model, rules 61, 68, 69 and 73)."""

import logging
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text

from models import Contact, Upload, open_ticket, session
from models.base import db, reading, wal_is_safe
from models.event import Event
from tests.conftest import make_app


def files(app) -> list[Path]:
    return [path for path in Path(app.config["ATTACHMENTS_URL"].removeprefix("file://")).rglob("*") if path.is_file()]


def smoke():
    return Upload("smoke.txt", "text/plain", BytesIO(b"smoke"))


def test_what_is_not_committed_leaves_no_file(app, team, carla):
    before = len(files(app))
    open_ticket(team, carla, "Fire", "It smokes.", attachments=[smoke()])
    Contact.get_or_create("somebody@client.example")  # has a savepoint of its own
    assert len(files(app)) == before + 1
    session.rollback()
    assert len(files(app)) == before


def test_what_is_committed_stays(app, team, carla):
    before = len(files(app))
    open_ticket(team, carla, "Fire", "It smokes.", attachments=[smoke()])
    session.commit()
    session.rollback()
    session.remove()
    assert len(files(app)) == before + 1


def test_a_request_that_fails_halfway_leaves_nothing(app, team, client, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = app.config["TESTING"] = False
    monkeypatch.setattr("models.ticket.Ticket.tell_followers_of_new_ticket", lambda *a, **k: 1 / 0)
    before = len(files(app)), session.query(Event).count()
    form = {"name": "N", "email": "n@client.example", "subject": "Fire", "description": "x", "key": "k"}
    answer = client.post("/helpdesk/support", data=form | {"attachments": (BytesIO(b"smoke"), "smoke.txt")})

    assert answer.status_code == 500
    session.rollback()
    assert (len(files(app)), session.query(Event).count()) == before


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 51, 3), True), ((3, 53, 0), True), ((3, 51, 2), False), ((3, 50, 7), True), ((3, 50, 6), False),
     ((3, 44, 6), True), ((3, 45, 0), False), ((3, 40, 1), False)],
)  # fmt: skip
def test_wal_is_for_versions_without_its_defect(version, safe):
    assert wal_is_safe(version) is safe


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sqlite_keeps_what_it_promised(empty_database, tmp_path):
    with make_app(empty_database, tmp_path).app_context(), db.engine.connect() as connection:
        said = {name: connection.scalar(text(f"PRAGMA {name}")) for name in
                ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
        assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20000}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_writers_take_the_lock_first_and_readers_none(empty_database, tmp_path):
    with make_app(empty_database, tmp_path).app_context(), db.engine.connect() as first, db.engine.connect() as second:
        first.exec_driver_sql("PRAGMA busy_timeout=50")
        first.rollback()
        second.exec_driver_sql("SELECT 1")  # BEGIN IMMEDIATE
        with pytest.raises(Exception, match="locked"):
            first.exec_driver_sql("SELECT 1")
        token = reading.set(True)
        first.rollback()
        assert first.scalar(text("SELECT count(*) FROM teams")) == 0
        reading.reset(token)


def test_sign_ins_refusals_and_links_are_logged_with_actor_and_object(client, ada, printer, carla, sign_in, caplog):
    caplog.set_level(logging.INFO)
    printer.link_for(carla)
    session.commit()
    client.post("/login", data={"email": ada.email, "password": "wrong words"})
    client.post("/login", data={"email": ada.email, "password": "correct horse battery"})
    sign_in(ada).post(f"/console/tickets/{printer.id}/links/revocation")

    said = [record.getMessage() for record in caplog.records]
    assert any("sign-in refused" in line for line in said)
    assert f"sign-in of user {ada.id}" in said
    assert f"links of ticket {printer.id} revoked by user {ada.id}" in said
