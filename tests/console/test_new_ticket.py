"""A ticket that an agent writes for a customer."""

import pytest

from models import Contact, Ticket, session

FIELDS = {
    "email": "Dora@Client.example",
    "name": "Dora",
    "subject": "No light",
    "description": "It is dark.",
    "priority": "2",
}


@pytest.fixture
def write(agnes, team, sign_in):
    client = sign_in(agnes)
    return lambda **fields: client.post("/console/tickets/new", data={"team": team.id, **FIELDS, **fields})


def test_a_ticket_is_opened_for_a_customer(write, agnes, team):
    answer = write(assignee=agnes.id)
    ticket = session.query(Ticket).one()

    assert answer.status_code == 303 and answer.location.endswith(f"/console/tickets/{ticket.id}")
    assert ticket.customer.email == "dora@client.example" and ticket.customer.name == "Dora"
    assert (ticket.team, ticket.priority, ticket.assignee) == (team, 2, agnes)
    assert ticket.messages[0].author is agnes.contact


def test_the_same_form_sent_twice_is_one_ticket(write):
    write(key="k1")
    write(key="k1")

    assert session.query(Ticket).count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "dora"),
        ("subject", ""),
        ("description", " "),
        ("team", "2000000000"),
        ("priority", "7"),
        ("assignee", "2000000000"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(field, value, write):
    answer = write(**{field: value})

    assert answer.status_code == 422 and ("It is dark." in answer.text or field == "description")
    assert session.query(Ticket).count() == 0


def test_a_known_customer_keeps_their_name(write, carla):
    write(email=carla.email, name="Somebody else")

    assert carla.name == "Carla Conti" and Contact.by_email(carla.email) is carla
