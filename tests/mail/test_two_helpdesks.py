"""Two installations that write to each other stop: at most two automatic mails, whoever begins (R-MAIL-3)."""

from email import message_from_bytes, policy

import pytest

from mail.outgoing import deliver_due_batch
from models import Company, Contact, Team, make_team, now, open_ticket, session
from models.templates_shipped import ship_all
from tests.conftest import make_app
from tests.mail.arriving import settle, store
from tests.mail.server import MailServer

ROUNDS = 8


class Helpdesk:
    """An installation with a database and a mail server of its own."""

    def __init__(self, url, folder, domain):
        self.domain, self.address = domain, f"support@{domain}"
        self.server = MailServer().start()
        self.app = make_app(url, folder, MAIL_DOMAIN=domain, MAIL_URL=self.server.url, REPLY_MARK="+",
                            MAIL_FROM=f"guichet@{domain}")  # fmt: skip
        with self.app.app_context():
            ship_all()
            company = Company(name=domain)
            self.team = make_team("Support", "support", company, visibility="public").id
            session.commit()
            session.remove()

    def send(self) -> list:
        """Everything that it wants to send now."""
        self.server.taken.clear()
        with self.app.app_context():
            while deliver_due_batch(now()):
                pass
            session.remove()
        return list(self.server.taken)

    def take(self, envelopes):
        with self.app.app_context():
            for envelope in envelopes:
                store(envelope.content, to=envelope.rcpt_tos[0], sender=envelope.mail_from)
            settle()
            session.remove()


@pytest.fixture
def helpdesks(new_database, tmp_path, kind):
    pair = [Helpdesk(new_database(kind), tmp_path / name, f"{name}.example") for name in ("one", "other")]
    yield pair
    for one in pair:
        one.server.stop()


def test_a_ticket_in_the_name_of_the_other_ends_soon(helpdesks):
    first, second = helpdesks
    with first.app.app_context():
        team = session.get(Team, first.team)
        open_ticket(team, Contact.get_or_create(second.address), "Hello", "Can you help us?")
        session.commit()
        session.remove()

    assert 1 <= automatic(correspondence(helpdesks)) <= 2


def test_an_answer_of_a_person_is_answered_once(helpdesks):
    first, second = helpdesks
    with first.app.app_context():
        team = session.get(Team, first.team)
        ticket = open_ticket(team, Contact.get_or_create(second.address), "Hello", "Can you help us?")
        agnes = Contact(email="agnes@one.example")
        session.add(agnes)
        ticket.add_follower(agnes)
        message = ticket.add_message(agnes, "Please tell us more.")
        ticket.tell_followers_of_message(message)
        session.commit()
        session.remove()

    mails = correspondence(helpdesks)

    assert len(mails) > automatic(mails) and automatic(mails) <= 2


def correspondence(helpdesks) -> list:
    """What goes to and fro between the two, until nobody says anything any more."""
    said = []
    for _ in range(ROUNDS):
        before = len(said)
        for here, there in (helpdesks, helpdesks[::-1]):
            envelopes = [one for one in here.send() if one.rcpt_tos[0].endswith(f"@{there.domain}")]
            said += [message_from_bytes(one.content, policy=policy.default) for one in envelopes]
            there.take(envelopes)
        if len(said) == before:
            return said
    raise AssertionError(f"They still write after {ROUNDS} rounds: {[str(mail['Subject']) for mail in said]}")


def automatic(mails) -> int:
    return sum(mail.get("Auto-Submitted", "no") != "no" for mail in mails)
