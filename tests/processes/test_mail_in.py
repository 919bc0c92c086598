"""Guichet as it is run takes mail in: from the wire to the ticket and the answer, within seconds."""

import smtplib

import pytest
from sqlalchemy import select

from models import IncomingMail, Ticket, session
from tests.mail.arriving import SUPPORT, letter
from tests.mail.test_listener import desk  # noqa: F401 - a fixture
from tests.running import Postbox, Served, free_port, until

pytestmark = pytest.mark.slow


def test_a_mail_becomes_a_ticket_and_is_answered(desk, empty_database, tmp_path):  # noqa: F811
    port = free_port()
    with Postbox() as postbox:
        served = Served(
            tmp_path, DATABASE_URL=empty_database, LMTP_LISTEN=f"127.0.0.1:{port}", MAIL_DOMAIN="desk.example",
            MAIL_URL=postbox.url,
        ).ready()  # fmt: skip
        try:
            with smtplib.LMTP("127.0.0.1", port) as line:
                line.sendmail("carla@client.example", [SUPPORT], letter(subject="The door is stuck"))
            answer = until(lambda: postbox.to("carla@client.example"), 60)[0]
        finally:
            served.end()

    assert answer.message["Reply-To"].addresses[0].username.startswith("support+")
    assert session.scalars(select(Ticket.subject)).all() == ["The door is stuck"]
    assert session.scalars(select(IncomingMail.state)).all() == ["ticket"]
