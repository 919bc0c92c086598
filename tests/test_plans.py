"""SQLite finds what a page shows by indexes: it reads no table whole that grows with the desk."""

import re

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from models import open_ticket, session
from models.base import is_sqlite

GROWING = "tickets messages events ticket_tags ticket_followers closings contacts deliveries attachments ratings drafts"
# What it reads in the order of an index it reads as far as it needs; aliases end in a number.
WHOLE = re.compile(
    rf"(?:SCAN (?:{'|'.join(GROWING.split())})(?:_\d+)?(?: LEFT-JOIN)?|MATERIALIZE \(join.*|.*AUTOMATIC.*)"
)
PAGES = [
    "/console/",
    "/console/tickets",
    "/console/tickets?sort=-priority&assignee=me",
    "/console/tickets?tag=red",
    "/console/tickets?q=smokes",
    "/console/tickets?q=%22since+this%22&sort=created",
    "/console/tickets/mine",
    "/console/tickets/closed",
    "/console/tickets/board",
    "/console/tickets/board?q=smokes&tag=red",
    "/console/tickets/mine/board",
    "/console/teams/{team}",
    "/console/tickets/{ticket}",
    "/console/tickets/{ticket}/closing",
    "/console/tickets/{ticket}/moves",
    "/console/tickets/{ticket}/audience",
    "/console/tickets/{ticket}/duplicates",
    "/console/merge?ticket={ticket}",
    "/console/thanks",
    "/my/tickets",
    "/my/tickets?q=smokes",
    "/my/tickets/{ticket}",
]


@pytest.fixture
def plans(app):
    """A function that asks for an address, and returns the plan of each statement that this took."""

    def asked(client, address) -> list[tuple[str, str]]:
        seen = []

        def note(connection, cursor, statement, parameters, *_):
            if statement.startswith(("SELECT", "WITH")):
                seen.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert client.get(address).status_code == 200
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return [(row[3], statement) for statement, parameters in seen for row in plan(statement, parameters)]

    def plan(statement, parameters):
        return session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()

    return asked


@pytest.mark.parametrize("address", PAGES)
def test_a_page_reads_no_growing_table_whole(address, plans, sign_in, agnes, carlas_login, team, carla, printer):
    if not is_sqlite():
        pytest.skip("PostgreSQL reads whole what is as small as here")
    printer.assign_to(agnes)
    printer.edit(agnes.contact, tags=["red"])
    open_ticket(team, carla, "Closed", "It smokes").close(by=agnes.contact, why="Done")
    session.commit()
    client = sign_in(carlas_login if address.startswith("/my") else agnes)
    found = plans(client, address.format(team=team.id, ticket=printer.id))
    assert len(found) > 5
    assert [(step, statement) for step, statement in found if WHOLE.fullmatch(step)] == []
