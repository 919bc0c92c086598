"""R-MERGE-4 under people who merge and undo at the same time: real processes on a real database, no circle, no loss."""

import subprocess
import sys

import pytest
from sqlalchemy import func, select

from models import Company, Contact, Message, Ticket, User, make_team, open_ticket, session
from models.merging import MergedPath, Merging
from tests.conftest import make_app
from tests.running import ROOT

pytestmark = pytest.mark.slow

TICKETS, PEOPLE = 8, 3


@pytest.fixture
def desk(empty_database, tmp_path):
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        company = Company(name="Acme")
        team = make_team("Support", "support", company)
        session.add(User(contact=Contact(email="agnes@acme.example"), role="agent", companies=[company]))
        for number in range(TICKETS):
            customer = Contact.get_or_create(f"c{number}@client.example")
            open_ticket(team, customer, f"Ticket {number}", f"Words {number}")
        session.commit()
        session.remove()
        yield app
        session.remove()


def test_parallel_merges_make_no_circle_and_lose_nothing(desk, empty_database, tmp_path, request):
    times = 70 if request.config.getoption("--full") else 5
    environ = {"PATH": "/usr/bin:/bin", "DATABASE_URL": empty_database, "DATA_DIR": str(tmp_path),
               "SECRET_KEY": desk.config["SECRET_KEY"], "PYTHONPATH": str(ROOT)}  # fmt: skip
    command = [sys.executable, "-m", "tests.processes.merging_people"]
    people = [
        subprocess.Popen([*command, str(seed), str(times)], cwd=ROOT, env=environ, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True) for seed in range(PEOPLE)
    ]  # fmt: skip
    for one in people:
        said, errors = one.communicate(timeout=300)
        assert one.returncode == 0, said + errors
        print(said)

    tickets = session.scalars(select(Ticket)).all()
    for ticket in tickets:
        seen = {ticket.id}
        while ticket.merged_into_id is not None:
            ticket = ticket.merged_into
            assert ticket.id not in seen, "a circle"
            seen.add(ticket.id)
    assert any(ticket.merged_into_id for ticket in tickets)
    assert session.scalar(select(func.count()).select_from(Message)) == TICKETS
    paths = {(one.ticket_id, one.into_id) for one in session.scalars(select(MergedPath))}
    assert paths == {(ticket.id, end) for ticket in tickets for end in ends(ticket)}
    merged = {ticket.id for ticket in tickets if ticket.merged_into_id is not None}
    assert merged == set(session.scalars(select(Merging.ticket_id))) == {one.id for one in tickets if one.closed}
    for message in session.scalars(select(Message)):
        assert message.ticket is session.get(Ticket, message.home_id).stays


def ends(ticket):
    while ticket.merged_into_id is not None:
        ticket = ticket.merged_into
        yield ticket.id
