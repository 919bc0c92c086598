"""Fields are taken from an allow-list; what nobody offered never reaches a model (threat model, rule 6)."""

import pytest

from models import Message, Ticket, User, session

UNASKED = {
    "id": "1", "role": "administrator", "active": "1", "companies": "1", "company_ids": "1", "contact_id": "1",
    "login_key": "known", "password_hash": "known", "takes_tickets": "1", "administrator": "1", "code_version": "99",
    "author": "1", "author_id": "1", "by": "1", "customer": "1", "customer_id": "1", "stage": "5", "stage_id": "5",
    "assignee": "1", "assignee_id": "1", "priority": "3", "internal": "1", "at": "1999-01-01",
    "placed_by": "reply address", "mail_id": "forged@desk.example", "merged_into_id": "1", "submission_key": "x",
    "origin_id": "1", "user": "1", "totp_secret": "x", "bounced_at": "1999-01-01", "version": "9",
}  # fmt: skip
FREE = {"changed_at", "last_activity_at", "waiting_since", "rank", "stage_id", "stage_changed_at", "reminded_at"}


def columns(thing) -> dict:
    session.refresh(thing)
    return {column.key: getattr(thing, column.key) for column in type(thing).__mapper__.column_attrs}


@pytest.mark.parametrize(
    ("address", "form", "free"),
    [("/my/account", {"name": "Carla", "language": "en"}, set()), ("/preferences", {"lang": "fr"}, set())],
)
def test_a_customer_stays_a_customer(address, form, free, carlas_login, sign_in):
    before, contact = columns(carlas_login), columns(carlas_login.contact)
    answer = sign_in(carlas_login).post(address, data=UNASKED | {"email": "ada@acme.example"} | form)

    assert answer.status_code == 303
    assert columns(carlas_login) == before
    changed = {name for name, value in columns(carlas_login.contact).items() if value != contact[name]}
    assert changed <= {"name", "language", "phone"}


def test_an_agent_stays_an_agent(agnes, sign_in):
    before = columns(agnes)
    form = {"name": "Agnes", "language": "en", "phone": "", "email": "ada@acme.example"}
    assert sign_in(agnes).post("/console/account", data=UNASKED | form).status_code == 303
    assert columns(agnes) == before
    assert agnes.email == "agnes@acme.example"


def test_a_new_login_is_a_customers(app, client, carla):
    from models.links import code_for

    form = {"code": code_for(carla, "signup"), "name": "Carla", "password": "three green bottles"}
    assert client.post("/signup", data=UNASKED | form).status_code == 303
    user = User.by_email(carla.email)
    assert (user.role, user.companies, user.takes_tickets) == ("portal", [], False)


@pytest.mark.parametrize("path", ["replies", "reopening"])
def test_a_customers_message_is_public_and_their_own(path, app, printer, carla):
    before = columns(printer)
    address = f"/ticket/{printer.link_for(carla).token}/{path}"
    session.commit()
    assert app.test_client().post(address, data=UNASKED | {"body": "Still burning"}).status_code == 303

    message = session.query(Message).order_by(Message.id.desc()).first()
    assert (message.internal, message.author_id, message.ticket_id) == (False, carla.id, printer.id)
    assert (message.mail_id, message.placed_by, message.origin_id) == (None, None, None)
    assert {name for name, value in columns(printer).items() if value != before[name]} <= FREE


def test_a_request_is_a_new_ticket_and_nothing_more(client, team, request_form):
    assert client.post("/helpdesk/support", data=UNASKED | request_form).status_code == 303
    ticket = session.query(Ticket).order_by(Ticket.id.desc()).first()

    assert (ticket.priority, ticket.assignee, ticket.stage.name) == (0, None, "New")
    assert ticket.messages[0].internal is False


@pytest.fixture
def request_form():
    return {"name": "Carla", "email": "carla@client.example", "subject": "Cold", "description": "It is.", "key": "k"}


def test_an_edit_changes_what_the_form_offers(agnes, printer, sign_in):
    before = columns(printer)
    unasked = {name: value for name, value in UNASKED.items() if name not in ("priority", "team")}
    answer = sign_in(agnes).post(f"/console/tickets/{printer.id}/edit", data=unasked | {"subject": "Fire"})

    assert answer.status_code == 303
    changed = {name for name, value in columns(printer).items() if value != before[name]}
    assert changed <= {"subject", "last_activity_at", "changed_at"}


@pytest.mark.parametrize("first", ["agent", "administrator"])
def test_a_field_sent_twice_gives_no_right(first, ada, agnes, sign_in):
    """Of a repeated field the first counts, everywhere alike; an agent who sends it gets nowhere at all."""
    assert sign_in(agnes).post(f"/console/users/{agnes.id}", data={"role": [first, "administrator"]}).status_code == 403
    session.refresh(agnes)
    assert agnes.role == "agent"
