"""Out of one database, into an empty one of the other kind, and out again: the same bytes."""

import io
import json
import random
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import interchange
from interchange.stream import CHUNK, records
from models import Contact, Ticket, Upload, make_team, open_ticket, session
from models.sweep import close_due_batch
from models.templates_shipped import ship_all
from tests.interchange.conftest import DESK, add, encoded, written

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


def copied(text, kind, own_desk) -> str:
    """The export of an empty database of this kind after an import of this text."""
    with own_desk(kind):
        interchange.read(encoded(text.encode()))
        session.commit()
        return written()


def test_an_empty_desk_is_a_short_file(app):
    assert json.loads(written()) == {
        "format": "guichet/1", "companies": [], "contacts": [], "users": [], "templates": [], "stages": [], "teams": [],
        "tickets": [],
    }  # fmt: skip


def test_a_file_survives_the_journey(kind, own_desk):
    with own_desk(kind):
        add(DESK)
        session.commit()
        first = written()

    assert copied(first, OTHER[kind], own_desk) == first
    assert '"base64": "c21va2U="' in first


def test_a_desk_that_was_lived_in_survives_the_journey(kind, own_desk):
    with own_desk(kind):
        live()
        first = written()
        session.rollback()

    assert copied(first, OTHER[kind], own_desk) == first


def live():
    """A desk made by its own verbs: replies, notes, files, moves, closings, reopenings, ratings, removals."""
    ship_all()
    add({**DESK, "tickets": []})
    session.commit()
    agnes, carla = Contact.by_email("agnes@acme.example"), Contact.by_email("carla@client.example")
    team = make_team("Returns", "returns", agnes.user.companies[0], visibility="public", closure_by_customers=True)
    team.set_members([agnes.user])
    team.auto_close = True
    at = datetime(2026, 10, 1, tzinfo=UTC)
    tickets = [
        open_ticket(team, carla, f"Return {n}", "Näh\u2028tte\U0001f9f5", at=at + timedelta(hours=n)) for n in range(6)
    ]
    tickets[0].reply(agnes, "Send it back", [Upload("größe.png", "image/png", io.BytesIO(bytes(range(256)) * 400))])
    tickets[0].reply(agnes, "Grumpy", internal=True)
    tickets[1].assign_to(agnes.user, by=agnes)
    tickets[1].close(by=agnes, why="done")
    tickets[1].reply(carla, "Not yet")
    tickets[2].close_by_customer(carla, "thanks", 5)
    tickets[3].remove_follower(carla, by=agnes)
    tickets[3].edit(agnes, priority=2, tags=["zebra", "Äpfel", "apple"], never_auto_close=True)
    tickets[4].reply(agnes, "Hello?", at=at + timedelta(days=1))
    session.commit()
    assert close_due_batch(at + timedelta(days=30))
    session.commit()


def test_one_team_is_exported_with_what_it_needs(kind, own_desk):
    with own_desk(kind):
        live()
        returns = written(session.scalar(select(Ticket).order_by(Ticket.id).limit(1)).team)
        session.rollback()
    desk = json.loads(returns)

    assert [team["slug"] for team in desk["teams"]] == ["returns"]
    assert [contact["email"] for contact in desk["contacts"]] == ["agnes@acme.example", "carla@client.example"]
    assert [user["email"] for user in desk["users"]] == ["agnes@acme.example"]
    assert "Feedback" not in [stage["name"] for stage in desk["stages"]]
    assert len(desk["tickets"]) == 6
    assert copied(returns, OTHER[kind], own_desk) == returns


def test_a_team_names_no_other_company_and_no_ticket_of_another_team(app, desk):
    desk["companies"].append({"name": "Secret"})
    desk["users"][0]["companies"] = desk["users"][1]["companies"] = ["Acme", "Secret"]
    desk["teams"].append({**desk["teams"][0], "slug": "sales"})
    desk["tickets"][1]["team"] = "sales"
    add(desk)
    text = written(session.get(Ticket, 12).team)

    assert "Secret" not in text
    assert json.loads(text)["tickets"][0]["merged_into"] is None


def test_no_password_leaves(app, desk):
    add(desk)

    assert "password" not in written()
    assert "argon2" not in written()


def test_a_file_that_the_store_lost_is_named(app, desk):
    add(desk)
    from models.attachment import discard

    discard(session.get(Ticket, 7).messages[0].attachments[0].storage_key)
    out = io.StringIO()

    assert interchange.write(out) == ["ticket 7: the attachment smoke.txt is gone from the store"]
    assert json.loads(out.getvalue())["tickets"][0]["messages"][0]["attachments"] == []


def test_a_nul_that_sqlite_kept_does_not_bar_the_way(own_desk):
    with own_desk("sqlite"):
        add(DESK)
        session.get(Ticket, 7).messages[0].body = "a\0b\\u0000"
        session.commit()
        first = written()

    assert copied(first, "postgresql", own_desk) == first
    assert json.loads(first)["tickets"][0]["messages"][0]["body"] == "ab\\u0000"


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text(st.characters(categories=["L", "N", "Zs", "P", "S"]), min_size=1, max_size=20).filter(str.strip)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.isoformat().replace("+00:00", "Z")
)
emails = ["a@x.example", "b@x.example", "c@y.example"]
people = st.sampled_from(emails)
files = st.fixed_dictionaries({"name": words, "type": words, "base64": st.sampled_from(["", "AP8="])})
messages = st.fixed_dictionaries({
    "at": moments, "author": people, "body": words, "internal": st.booleans(),
    "attachments": st.lists(files, max_size=2),
})  # fmt: skip
events = st.fixed_dictionaries({
    "at": moments, "kind": st.sampled_from(["created", "assigned", "stage", "closed", "reopened", "reminded", "team"]),
    "by": st.none() | people, "from": st.none() | words, "to": st.none() | words | people, "why": words,
})  # fmt: skip
ratings = st.fixed_dictionaries({"score": st.sampled_from([1, 3, 5]), "comment": words, "hidden": st.booleans()})
tickets = st.fixed_dictionaries(
    {"customer": people, "subject": words, "stage": st.sampled_from(["New", "Done"])},
    optional={
        "assignee": people, "priority": st.integers(0, 3), "tags": st.lists(names, max_size=3), "created_at": moments,
        "last_activity_at": moments, "never_auto_close": st.booleans(), "messages": st.lists(messages, max_size=3),
        "events": st.lists(events, max_size=4), "followers": st.lists(st.just(emails[0]), max_size=1),
        "excluded": st.lists(st.sampled_from(emails[1:]), max_size=2), "merged_into": st.just(1),
        "follow_up_of": st.integers(1, 3),
        "rating": ratings,
    },
)  # fmt: skip


@st.composite
def desks(draw):
    found = draw(st.lists(tickets, min_size=3, max_size=5))
    for number, ticket in enumerate(found, 1):
        ticket["number"] = number
        for name in ("merged_into", "follow_up_of"):
            if ticket.get(name) == number:
                del ticket[name]
    return {
        "format": "guichet/1",
        "companies": [
            {"name": draw(names), "working_hours": draw(st.sampled_from([{}, {"sun": [["00:00", "24:00"]]}]))}
        ],
        "contacts": [{"email": email, "name": draw(words)} for email in emails],
        "users": [{"email": email, "active": draw(st.booleans())} for email in emails],
        "stages": [{"name": "New", "description": draw(words)}, {"name": "Done", "folded": True}],
        "teams": [
            {"slug": "t", "stages": ["New", "Done"], "description": draw(words), "members": draw(st.lists(people))}
        ],
        "tickets": found,
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(desk=desks())
def test_any_desk_survives_the_journey(own_desk, apps_of_both, desk):
    texts = [json.dumps(desk)]
    for inside in apps_of_both:
        with inside():
            interchange.read(encoded(texts[-1].encode()))
            texts.append(written())
            session.rollback()

    assert texts[1] == texts[2] == texts[3]


@pytest.fixture
def apps_of_both(new_database, tmp_path_factory):
    """SQLite, PostgreSQL, SQLite: each a way into an app whose work is rolled back, the app made once."""
    from models.base import db
    from tests.conftest import make_app

    made = [make_app(new_database(kind), tmp_path_factory.mktemp("desk")) for kind in ("sqlite", "postgresql")]
    yield [one.app_context for one in (*made, made[0])]
    for one in made:
        with one.app_context():
            db.engine.dispose()


def test_values_longer_than_a_piece_are_read_whole():
    long = {"a": "é" * (3 * CHUNK), "b": list(range(50_000))}
    text = json.dumps({"x": [long, 1, "two", None], "y": {"z": long}}, ensure_ascii=False, indent=2)

    assert [value for _, index, value, _ in records(encoded(text.encode())) if index is not None] == [
        long,
        1,
        "two",
        None,
    ]


def test_every_cut_between_pieces_is_harmless():
    text = b'{"a": [12, true, "x\\u00e9\\n", {"b": [1.5e3, null]}], "c": false}'

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(1)

    assert list(records(Slow(text)))[1:5] == list(records(io.BytesIO(text)))[1:5]


class Many(io.RawIOBase):
    """A file of so many tickets that is made while it is read."""

    def __init__(self, number):
        self.pieces, self.rest = self.parts(number), b""

    def parts(self, number):
        yield json.dumps({**DESK, "tickets": []}).encode()[:-2]
        chance = random.Random(1)
        for one in range(1, number + 1):
            said = " ".join(chance.choices(("printer", "paper", "toner", "jam", "again"), k=60))
            said = [{"at": "2026-11-01T09:00:00Z", "body": said} for _ in range(3)]
            ticket = {"number": one, "customer": "carla@client.example", "subject": f"Ticket {one}", "messages": said}
            ticket["events"] = [{"at": "2026-11-01T09:00:00Z", "kind": "created"}]
            yield (b"," if one > 1 else b"") + json.dumps(ticket).encode()
        yield b"]}"

    def read(self, size=-1):
        while len(self.rest) < size and (piece := next(self.pieces, None)):
            self.rest += piece
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


class Nowhere(io.StringIO):
    written = 0

    def write(self, text):
        self.written += len(text)


def peak(work) -> int:
    """The most memory in bytes that this work held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_tickets(app):
    first = peak(lambda: interchange.read(Many(600)))
    out = Nowhere()
    read = peak(lambda: interchange.write(out))
    session.rollback()
    later = peak(lambda: interchange.read(Many(2400)))
    more = Nowhere()
    later_read = peak(lambda: interchange.write(more))

    assert more.written > 3.5 * out.written > 1_000_000
    assert later < first + 2_000_000
    assert later_read < read + 2_000_000
