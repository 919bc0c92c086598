"""The same thing at the same moment: one outcome, and no error of ours (threat model, rules 31, 59 and 60)."""

import threading
import time

import pytest
from sqlalchemy import create_engine, func, select, text

from models import Company, Contact, Delivery, Tag, Team, Ticket, User, make_team, open_ticket, session
from models.templates_shipped import ship_all
from tests.conftest import make_app
from tests.running import until

AT_ONCE = 6


@pytest.fixture
def desk(empty_database, tmp_path):
    """An app on a database with real commits, its administrator and a team."""
    app = make_app(empty_database, tmp_path)
    app.config["PROPAGATE_EXCEPTIONS"] = app.config["TESTING"] = False
    with app.app_context():
        ship_all()
        company = Company(name="Acme")
        make_team("Support", "support", company, visibility="public")
        session.add(User(contact=Contact(email="ada@acme.example"), role="administrator", companies=[company]))
        session.commit()
        session.remove()
    return app


def together(app, send) -> list[int]:
    """The statuses of AT_ONCE requests that leave at the same moment; ``send`` is given a client and a number."""
    gate, statuses = threading.Barrier(AT_ONCE), []

    def one(number):
        client = app.test_client()
        gate.wait()
        statuses.append(send(client, number).status_code)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def count(app, model) -> int:
    with app.app_context():
        found = session.scalar(select(func.count()).select_from(model))
        session.remove()
    return found


def enter(client, login):
    with client.session_transaction() as cookie:
        cookie.update(_user_id=login, _fresh=True, since=int(time.time()))


FORM = {"name": "Nina", "email": "nina@client.example", "subject": "No light", "description": "Dark.", "key": "k1"}


def test_the_same_form_many_times_at_once_is_one_ticket_and_one_mail(desk):
    statuses = together(desk, lambda client, n: client.post("/helpdesk/support", data=FORM))

    assert statuses == [303] * AT_ONCE
    assert (count(desk, Ticket), count(desk, Delivery)) == (1, 1)


def test_a_stranger_who_asks_several_things_at_once_is_one_contact(desk):
    statuses = together(desk, lambda client, n: client.post("/helpdesk/support", data=FORM | {"subject": f"No {n}"}))

    assert statuses == [303] * AT_ONCE
    assert (count(desk, Ticket), count(desk, Contact)) == (AT_ONCE, 2)


@pytest.mark.parametrize("page", ["/signup", "/reset"])
def test_asking_for_a_code_many_times_at_once_is_no_error(desk, page, monkeypatch):
    monkeypatch.setattr("portal.throttle.SAME_SECONDS", 0)
    statuses = together(desk, lambda client, n: client.post(page, data={"email": "ada@acme.example"}))

    assert statuses == [200] * AT_ONCE


def test_the_same_new_tag_on_several_tickets_at_once_is_one_tag(desk):
    with desk.app_context():
        ada, team = session.scalar(select(User)), session.scalar(select(Team))
        numbers = [open_ticket(team, ada.contact, f"No {n}", "Dark").id for n in range(AT_ONCE)]
        session.commit()
        login = ada.get_id()
        session.remove()

    def tag(client, n):
        enter(client, login)
        return client.post(f"/console/tickets/{numbers[n]}/edit", data={"tags": "Light"})

    assert together(desk, tag) == [303] * AT_ONCE
    assert count(desk, Tag) == 1


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_merge_that_the_database_stops_for_another_change_begins_anew(desk, empty_database):
    """SQLite has one writer at a time, who waits for nobody."""
    with desk.app_context():
        ada, team = session.scalar(select(User)), session.scalar(select(Team))
        first, second = (open_ticket(team, ada.contact, f"No {n}", "Dark").id for n in range(2))
        session.commit()
        login = ada.get_id()
        session.remove()
    client, hold = desk.test_client(), "SELECT id FROM tickets WHERE id = :id FOR UPDATE"
    enter(client, login)
    answers = []
    merges = threading.Thread(
        target=lambda: answers.append(client.post("/console/mergings", data={"ticket": second, "into": first}))
    )
    engine = create_engine(empty_database)
    waiting = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with engine.connect() as other, engine.connect() as onlooker:
        other.execute(text(hold), {"id": second})
        merges.start()
        until(lambda: onlooker.scalar(waiting))  # the merge holds the first and waits for the second
        other.execute(text(hold), {"id": first})  # each waits for the other, until the database stops the merge
        other.rollback()
    merges.join()
    engine.dispose()

    assert [answer.status_code for answer in answers] == [303]
    with desk.app_context():
        assert session.get(Ticket, second).merged_into_id == first
        session.remove()
