"""What tests of merging and moving share: Carla's second ticket, and Paul's about the same printer."""

import pytest

from models import open_ticket


@pytest.fixture
def again(team, carla):
    """Carla writes a second time about the same thing."""
    return open_ticket(team, carla, "Printer burns", "Still on fire!")


@pytest.fixture
def other(team, paul):
    """Paul's ticket about the same printer."""
    return open_ticket(team, paul, "Fire in the office", "I am Paul and smell smoke.")
