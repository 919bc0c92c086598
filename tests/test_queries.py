"""No page runs more than twelve queries, whatever the number of rows: every address of the URL map that is read.

The world has more than twelve of everything that a page may show: one query for each row cannot hide.
"""

import io

import pytest

from models import Company, Contact, Upload, make_team, open_ticket, session
from tests.test_addresses import PASS, addresses, values, visitors  # noqa: F401 - two fixtures

MOST = 12
MANY = 14
PAGES = sorted(endpoint for endpoint, method in addresses() if method == "GET")


@pytest.fixture
def crowd(company, team, person, carla, printer):
    """Many colleagues, companies, teams and tickets; on the ticket about the printer everything many times over."""
    people = [person(f"Colleague {number}") for number in range(MANY)]
    for number, user in enumerate(people):
        session.add(Company(name=f"Company {number}"))
        make_team(f"Team {number}", f"team-{number}", company, visibility="public").add_follower(user.contact)
        ticket = open_ticket(team, carla, f"Ticket {number}", "Text", by=carla)
        ticket.assign_to(user)
        ticket.edit(user.contact, tags=["a", f"tag {number}"])
        for author in (user.contact, carla):
            printer.add_message(author, "Words", [Upload("a.png", "image/png", io.BytesIO(b"png"))])
        follower = Contact(email=f"follower{number}@client.example", name=f"Follower {number}")
        session.add(follower)
        printer.add_follower(follower)
        printer.link_for(follower)
    printer.edit(people[0].contact, tags=[f"tag {number}" for number in range(MANY)])
    team.set_members(people)
    session.commit()


@pytest.mark.parametrize("endpoint", PAGES)
def test_a_page_costs_at_most_twelve_queries(endpoint, app, crowd, visitors, values, sign_in, queries):  # noqa: F811
    reader = next((visitors[name] for name in ("administrator", "customer") if name in PASS[endpoint]), None)
    client = sign_in(reader) if reader and endpoint != "portal.link_page" else app.test_client()
    rule = next(rule for rule in app.url_map.iter_rules(endpoint) if "GET" in rule.methods)
    parts = {name: value for name, value in values(endpoint).items() if name in rule.arguments}
    address = app.url_map.bind("localhost").build(endpoint, parts, method="GET")
    session.remove()

    with queries() as seen:
        answer = client.get(address)
        answer.close()

    assert answer.status_code < 400 or not PASS[endpoint]
    assert len(seen) <= MOST, "\n".join(seen)
