import io
import re

import pytest

from models import Message, Ticket, session


@pytest.fixture
def agent_says(printer, agnes):
    """A function: Agnes answers on the ticket about the printer."""

    def say(words="Pull the plug.", **more):
        message = printer.reply(agnes.contact, words, **more)
        session.commit()
        return message

    return say


@pytest.fixture
def link(printer, carla):
    """The address of Carla's link to the ticket about the printer."""
    address = f"/ticket/{printer.link_for(carla).token}"
    session.commit()
    return address


@pytest.fixture
def closed(printer, agnes):
    printer.close(by=agnes.contact, why="It burned down")
    session.commit()
    return printer


@pytest.fixture
def request_form():
    """What a stranger types into a public form."""
    return {
        "name": "Carla Conti",
        "email": "carla@client.example",
        "subject": "No heating",
        "description": "It is cold in here.",
        "key": "a1b2",
    }


def file(name="smoke.txt", content=b"smoke", kind="text/plain"):
    return io.BytesIO(content), name, kind


def plain(page) -> str:
    """The page without what differs each time: the tokens of its forms."""
    return re.sub(r"[\w-]{2,}\.[\w-]{6,}(\.[\w-]{20,})?", "", page.text)


def key_in(page) -> str:
    return re.search(r'name="key"[^>]*value="(\w+)"', page.text)[1]


def tickets() -> list[Ticket]:
    session.expire_all()
    return list(session.query(Ticket).order_by(Ticket.id))


def messages(ticket) -> list[Message]:
    session.expire_all()
    return list(session.query(Message).where(Message.ticket_id == ticket.id).order_by(Message.id))
