"""What tests of merging share: Carla's second ticket, and Paul's about the same printer."""

import pytest

from models import Contact, open_ticket, session


@pytest.fixture
def paul(team):
    contact = Contact(email="paul@other.example", name="Paul Petit")
    session.add(contact)
    return contact


@pytest.fixture
def again(team, carla):
    """Carla writes a second time about the same thing."""
    return open_ticket(team, carla, "Printer burns", "Still on fire!")


@pytest.fixture
def other(team, paul):
    """Paul's ticket about the same printer."""
    return open_ticket(team, paul, "Fire in the office", "I am Paul and smell smoke.")
