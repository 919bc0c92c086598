"""The demo: believable, in two languages, with nothing left to catch up on."""

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from demo.desk import PASSWORD, Demo
from models import Company, Contact, Delivery, Team, Ticket, User, session
from models.closing_rule import closing_teams
from models.search import matching
from models.visibility import tickets_visible_to
from tests.interchange.conftest import add, written

MOMENT = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def document():
    return Demo(MOMENT).document()


def bodies(document):
    return [message["body"] for ticket in document["tickets"] for message in ticket["messages"]]


def test_it_is_large_enough_to_judge_the_program_by(document):
    assert len(document["companies"]) == 2
    assert len(document["teams"]) == 6
    assert {team["visibility"] for team in document["teams"]} == {"public", "company", "private"}
    assert 330 <= len(document["tickets"]) <= 400
    assert sum(len(ticket["messages"]) for ticket in document["tickets"]) > 1000
    assert len([1 for ticket in document["tickets"] for one in ticket["messages"] if one["attachments"]]) > 50


def test_it_shows_every_state(document):
    closed = Counter(ticket["closed_by"] for ticket in document["tickets"])
    assert set(closed) == {None, "agent", "customer", "automatic", "merge"}
    assert closed[None] > 80
    assert {ticket["priority"] for ticket in document["tickets"]} == {0, 1, 2, 3}
    assert {rating["score"] for ticket in document["tickets"] if (rating := ticket["rating"])} == {1, 3, 5}
    for name in ("merged_into", "follow_up_of", "followers"):
        assert any(ticket[name] for ticket in document["tickets"])


def test_no_wording_is_left_unfilled(document):
    for text in [*bodies(document), *(ticket["subject"] for ticket in document["tickets"])]:
        assert not re.search(r"\[\[|\]\]|[{}|]", text)


def test_conversations_vary(document):
    first = Counter(ticket["messages"][0]["body"] for ticket in document["tickets"] if ticket["messages"])
    assert first.most_common(1)[0][1] <= 3


def test_nothing_happens_in_the_future_or_before_its_time(document):
    now = MOMENT.isoformat().replace("+00:00", "Z")
    for ticket in document["tickets"]:
        times = [one["at"] for one in ticket["messages"] + ticket["events"]]
        assert ticket["created_at"] == min(times)
        assert max(times) <= now


def test_the_same_moment_gives_the_same_demo(document):
    assert Demo(MOMENT).document() == document


def test_nothing_is_overdue_when_it_is_opened(app, document):
    """The worker of the demo finds no backlog to close, and no mail to send."""
    add(document)

    for team in closing_teams():
        assert [one.action for one in team.verdicts(MOMENT) if one.action != "spare"] == []
    assert session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_both_portal_users_have_tickets_to_look_at(app, document):
    add(document)
    for email in ("camille.garnier@courriel.example", "oliver.bennett@post.example"):
        user = User.by_email(email)
        assert user.check_password(PASSWORD)
        assert len(list(session.scalars(select(Ticket.id).where(tickets_visible_to(user))))) >= 3


def test_agents_see_their_company_alone(app, document):
    add(document)
    agnes = User.by_email("agnes.delmas@maison-lavaur.example")
    seen = session.scalars(select(Ticket).where(tickets_visible_to(agnes), Ticket.id.in_(range(1, 400)))).all()

    assert {ticket.company.name for ticket in seen} == {"Maison Lavaur"}
    assert "paie-et-rh" not in {ticket.team.slug for ticket in seen}


def test_it_is_found_in_both_languages(app, document):
    add(document)

    for query in ("imprimante", "printer"):
        assert session.scalar(select(func.count()).where(matching(Ticket.id, query, internal=True))) > 5


def test_the_command_fills_once_and_prints_who_can_sign_in(kind, own_desk):
    with own_desk(kind) as app:
        began = time.monotonic()
        outcome = app.test_cli_runner().invoke(args=["demo", "fill"])
        assert time.monotonic() - began < 15
        assert outcome.exit_code == 0, outcome.output
        assert "admin@guichet.example" in outcome.stdout
        assert PASSWORD in outcome.stdout
        first = written()
        assert json.loads(first)["tickets"]
        assert app.test_cli_runner().invoke(args=["demo"]).stdout == outcome.stdout
        assert written() == first
        assert session.scalar(select(func.count()).select_from(Team)) == 6


def test_the_command_leaves_a_database_in_use_alone(own_desk):
    with own_desk("sqlite") as app:
        session.add_all([Company(name="Acme"), Contact(email="ada@acme.example")])
        session.commit()
        outcome = app.test_cli_runner().invoke(args=["demo", "fill"])

        assert outcome.exit_code == 1
        assert outcome.stderr == "Error: This database is in use: the demo fills only an empty one.\n"
        assert session.scalar(select(func.count()).select_from(Ticket)) == 0
