"""Locked means locked (R-CLOSE-8): every verb of the models, and every address that takes a form.

Of a closed ticket nothing may change but by reopening, linking, rating and noting attempts to reach the customer.
"""

import io
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from models import Closing, Event, Message, Ticket, Upload, make_team, now, session
from models.closing import ClosureNotOffered, TicketClosed
from models.closing_rule import ClosedByRule
from models.contact_attempt import Contacted
from models.follower import Followed
from models.message import Conversation
from models.people import Contact
from models.reopening import Reopenable
from models.stage import Staged
from models.ticket import Assignable, Closable, Linked, Rated

CAPABILITIES = (
    Closable,
    Reopenable,
    ClosedByRule,
    Staged,
    Assignable,
    Conversation,
    Followed,
    Linked,
    Rated,
    Contacted,
)


@pytest.fixture
def closed(printer, agnes, team):
    printer.reply(agnes.contact, "Pull the plug.")
    printer.close(by=agnes.contact, why="Burned down")
    session.commit()
    return printer


def state(ticket) -> dict:
    """Everything that is said of the ticket, but the lines of its history."""
    session.expire_all()
    columns = {column.key: getattr(ticket, column.key) for column in inspect(Ticket).column_attrs}
    columns.pop("last_activity_at")
    told = [(one.id, one.body, one.internal) for one in ticket.messages]
    return columns | {
        "messages": told,
        "tags": [tag.name for tag in ticket.tags],
        "followers": [one.email for one in ticket.followers],
        "closing": session.execute(select(Closing.at, Closing.why, Closing.how)).all(),
        "tickets": session.query(Ticket).count(),
    }


def refused(cast):
    """Each verb that a closed ticket refuses, as a call; by the name of the verb."""
    ticket, agnes, arthur, carla, team = cast
    other = team.stages[-1]
    file = Upload("a.txt", "text/plain", io.BytesIO(b"x"))
    return {
        "reply": lambda: ticket.reply(agnes.contact, "One more thing"),
        "note": lambda: ticket.reply(agnes.contact, "A note", internal=True),
        "file": lambda: ticket.reply(agnes.contact, "", [file]),
        "edit subject": lambda: ticket.edit(agnes.contact, subject="Other"),
        "edit priority": lambda: ticket.edit(agnes.contact, priority=3),
        "edit tags": lambda: ticket.edit(agnes.contact, tags=["x"]),
        "edit team": lambda: ticket.edit(agnes.contact, team=make_team("B", "b", team.company)),
        "edit never": lambda: ticket.edit(agnes.contact, never_auto_close=True),
        "assign_to": lambda: ticket.assign_to(arthur, by=agnes.contact),
        "assign_to by the rule": lambda: ticket.assign_to(arthur),
        "add_follower": lambda: ticket.add_follower(arthur.contact, by=agnes.contact),
        "remove_follower": lambda: ticket.remove_follower(carla, by=agnes.contact),
        "move_to": lambda: ticket.move_to(other, by=agnes.contact),
        "ask_supervisor": lambda: ticket.ask_supervisor(agnes.contact, arthur, "May I?"),
        "not_solved": lambda: ticket.not_solved(carla),
        "close_by_customer": lambda: ticket.close_by_customer(agnes.contact),
    }


ALLOWED = {"reopen", "rate", "note_attempt", "link_for", "revoke_links", "follow_up"}
REFUSED = {"reply", "edit", "assign_to", "add_follower", "remove_follower", "move_to", "ask_supervisor", "not_solved",
           "close_by_customer"}  # fmt: skip
# Parts of the verbs above, questions, and what changes nothing on a closed ticket.
PARTS = {"add_message", "say", "unanswered_since", "put_into", "follow_conversation", "refuse_if_closed",
         "close", "public_messages",         "on_customers_side", "reopening_allowed", "closing_needs_reason",
         "drop_followers_who_may_not_see"}  # fmt: skip


def test_every_verb_is_in_one_of_the_lists():
    """A new capability has to say what it does to a closed ticket."""
    verbs = {
        name
        for capability in CAPABILITIES
        for name, member in vars(capability).items()
        if callable(member) and not name.startswith("_")
    }
    assert verbs - ALLOWED - REFUSED - PARTS == set()


def test_every_verb_refuses_and_changes_nothing(closed, agnes, arthur, carla, team):
    from models import Stage

    team.stages.append(Stage(name="Cancelled", folded=True, position=99))
    session.commit()
    cast = (closed, agnes, arthur, carla, team)
    before = state(closed)
    for name, verb in refused(cast).items():
        with pytest.raises((TicketClosed, ClosureNotOffered)):
            verb()
        session.rollback()
        assert state(closed) == before, name


@pytest.mark.parametrize("days", [1, 30])
def test_a_note_is_refused_even_of_a_customer_who_is_one_of_us(closed, agnes, days):
    """Else it would reopen the ticket, or be the public beginning of a follow-up (R-VIS-9)."""
    closed.customer, closed.closing.at = agnes.contact, now() - timedelta(days=days)
    session.commit()
    before = state(closed)

    with pytest.raises(TicketClosed):
        closed.reply(agnes.contact, "Between us: it was my fault", internal=True)
    session.rollback()
    assert state(closed) == before


def test_what_is_allowed_leaves_it_closed(closed, agnes, carla):
    closed.rate(3, by=carla)
    closed.note_attempt(agnes.contact, "call", "no_answer")
    closed.revoke_links()
    session.commit()

    assert closed.closed


def test_folding_rules_and_rights_may_still_take_a_follower_away(closed, carla):
    closed.remove_follower(carla)
    assert carla not in closed.followers


# What a form of a closed ticket may be sent with; every address that names a ticket is tried with all of it.
TYPED = {
    "body": "More words, and no thanks.", "internal": "", "subject": "Other", "priority": "3", "tags": "x",
    "why": "Again", "never_auto_close": "1", "assignee": "me", "email": "new@client.example",
    "question": "May I?", "page": "closing",
}  # fmt: skip
MAY_CHANGE = {
    "console.reopen", "console.revoke_link", "console.revoke_links", "console.note_attempt", "portal.fresh",
    "portal.link_rating", "portal.my_rating",
    # a customer's message reopens within the window
    "portal.link_replies", "portal.my_replies", "portal.link_reopening", "portal.my_reopening",
}  # fmt: skip


def addresses(app, ticket, carla):
    """(endpoint, address) of every form that names a ticket."""
    parts = {"number": ticket.number, "token": ticket.link_for(carla).token, "id": carla.id}
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and {"number", "token"} & rule.arguments and rule.arguments <= set(parts):
            values = {name: parts[name] for name in rule.arguments}
            yield rule.endpoint, app.url_map.bind("localhost").build(rule.endpoint, values, method="POST")


def test_every_form_of_a_closed_ticket_is_refused(app, closed, ada, arthur, carla, carlas_login, team, sign_in):
    from models import Stage

    cancelled = Stage(name="Cancelled", folded=True, position=99)
    team.stages.append(cancelled)
    closed.link_for(carla)
    session.commit()
    desk, portal = sign_in(ada), sign_in(carlas_login)
    before, tried = state(closed), []
    for endpoint, address in list(addresses(app, closed, carla)):
        if endpoint in MAY_CHANGE:
            continue
        typed = TYPED | {"stage": cancelled.id, "supervisor": arthur.id, "team": team.id}
        answer = (desk if endpoint.startswith("console") else portal).post(address, data=typed)
        assert answer.status_code < 500, endpoint
        assert state(closed) == before, endpoint
        tried.append(endpoint)
    assert {"console.reply", "console.edit", "console.assign", "console.move", "console.follow"} <= set(tried)
    assert {"console.unfollow", "console.ask_supervisor", "portal.link_closing", "portal.my_closing"} <= set(tried)


def test_bulk_actions_leave_closed_tickets_as_they_are(closed, ada, arthur, sign_in, team):
    before = state(closed)
    desk = sign_in(ada)
    for more in (
        {"action": "assign", "assignee": arthur.id}, {"action": "tag", "tags": "x"},
        {"action": "move", "stage": team.closing_stage.id}, {"action": "close", "why": "Again"},
    ):  # fmt: skip
        desk.post("/console/tickets/bulk", data={"ticket": closed.number, **more})
        assert state(closed) == before, more


def test_history_keeps_the_attempts_on_a_closed_ticket(closed, agnes):
    closed.note_attempt(agnes.contact, "mail", "wrong_contact", "Bounced")
    session.commit()

    assert [event.kind for event in closed.events][-1] == "contact_attempt"
    assert session.query(Message).count() == 2 and session.query(Event).count()
    assert session.query(Contact).count() and closed.last_activity_at <= now()
