"""The phone number of a ticket's customer, which SMS go to."""

import pytest

from models import open_ticket, session


@pytest.fixture
def client(agnes, sign_in):
    return sign_in(agnes)


def test_the_customers_number_is_noted_on_the_ticket(client, printer, carla):
    page, address = f"/console/tickets/{printer.number}", f"/console/tickets/{printer.number}/phone"
    answer = client.post(address, data={"phone": "+33 6 39 98 00 12"})
    session.refresh(carla)
    assert (answer.status_code, carla.phone) == (303, "+33639980012")
    assert "+33\N{NO-BREAK SPACE}6\N{NO-BREAK SPACE}39" in client.get(page).text

    refused = client.post(address, data={"phone": "ask my sister"})
    assert refused.status_code == 422 and "ask my sister" in refused.text and 'id="phone-error"' in refused.text
    assert client.post(address, data={"phone": ""}, headers={"HX-Request": "true"}).status_code == 200
    session.refresh(carla)
    assert carla.phone is None


def test_the_number_of_a_colleague_is_their_own(client, team, arthur):
    ticket = open_ticket(team, arthur.contact, "Help", "Me")
    session.commit()

    assert client.post(f"/console/tickets/{ticket.number}/phone", data={"phone": "+33639980012"}).status_code == 403
    assert "phone number" not in client.get(f"/console/tickets/{ticket.number}").text
