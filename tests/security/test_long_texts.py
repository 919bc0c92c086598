"""The longest and strangest words that forms take are kept, found and no error (threat model, rules 29 and 39)."""

import pytest

from models import session
from models.search import matching
from models.ticket import Ticket


def strange(number: int) -> str:
    """A hundred thousand characters, no word like another, each letter four bytes long."""
    letters = [chr(0x20000 + number * 2000 + n) for n in range(1600)]
    return " ".join(letter + "\U00020ad0" * 59 for letter in letters)


def test_a_ticket_takes_one_long_text_after_another(app, client, printer, carla):
    address = f"/ticket/{printer.link_for(carla).token}/replies"
    session.commit()
    for number in range(4):
        answer = client.post(address, data={"body": strange(number), "key": f"k{number}"})
        assert answer.status_code == 303

    assert session.scalar(session.query(Ticket.id).where(matching(Ticket.id, "fire", internal=False)).statement)


def test_a_ticket_with_long_texts_gets_a_new_subject(app, printer, carla, agnes):
    for number in range(4):
        printer.reply(carla, strange(number))
    printer.edit(agnes.contact, subject="Smoke")
    session.commit()

    found = session.query(Ticket.id).where(matching(Ticket.id, "smoke", internal=False)).all()
    assert [id for (id,) in found] == [printer.id]


@pytest.mark.parametrize(
    "mark", ["\ufdfa" * 5_000, "a" * 90_000, '"' * 500, "'" * 500, "\\" * 500, "* OR 1 NEAR(" * 40]
)
def test_no_words_break_the_search(mark, printer, carla, sign_in, agnes):
    printer.reply(carla, mark)
    session.commit()
    assert sign_in(agnes).get("/console/tickets", query_string={"q": mark[:500]}).status_code == 200


@pytest.mark.parametrize(
    "phone", ["+33123456789 ext. 1234567", "+33123456789;ext=12345678901234567890", "+" + "1" * 39]
)
def test_no_phone_number_is_too_long_to_keep(phone, sign_in, agnes):
    for address in ("/my/account", "/console/account"):
        answer = sign_in(agnes).post(address, data={"name": "Agnes", "language": "en", "phone": phone})
        assert answer.status_code in (303, 422)


@pytest.mark.parametrize("page", ["/signup", "/reset"])
def test_an_address_that_grows_in_lower_case_is_too_long(page, client, team):
    long = "\u0130" * 31 + "@" + ".".join(["a" * 60] * 3) + ".example"
    assert client.post(page, data={"email": long}).status_code in (200, 422)
