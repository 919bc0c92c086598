"""What an import makes of a file."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from models import Attachment, Contact, Delivery, Event, Message, Stage, Team, Ticket, User, open_ticket, session
from models.assignment import waits_for_assignment
from models.search import matching
from tests.interchange.conftest import add

NOVEMBER = datetime(2026, 11, 1, 9, tzinfo=UTC)


def ticket(number=7) -> Ticket:
    return session.get(Ticket, number)


def count(model) -> int:
    return session.scalar(select(func.count()).select_from(model))


def test_a_ticket_arrives_with_its_number_people_and_words(app, desk):
    add(desk)

    assert str(ticket()) == "#7 The printer is on fire"
    assert ticket().customer.name == "Carla Conti"
    assert ticket().assignee.email == "agnes@acme.example"
    assert [tag.name for tag in ticket().tags] == ["fire", "printer"]
    assert [message.body for message in ticket().messages] == ["It smokes.", "Unplug it.", "Again!"]
    assert ticket().messages[0].attachments[0].open().read() == b"smoke"


def test_left_out_fields_take_their_defaults(app, desk):
    desk["tickets"] = [{"number": 1, "customer": "zoe@client.example"}]
    add(desk)

    assert (ticket(1).team.slug, ticket(1).stage.name, ticket(1).priority) == ("support", "New", 0)
    assert ticket(1).last_activity_at == ticket(1).created_at


def test_a_team_without_stages_gets_the_standard_pipeline(app):
    add({"format": "guichet/1", "companies": [{"name": "Acme"}], "teams": [{"slug": "support"}]})

    team = session.scalar(select(Team))
    assert team.name == "support"
    assert [stage.name for stage in team.stages] == ["New", "In progress", "Customer feedback", "Resolved", "Closed"]


def test_without_last_activity_it_is_the_time_of_the_last_message(app, desk):
    add(desk)

    assert ticket().last_activity_at == NOVEMBER.replace(hour=11)


def test_times_of_any_zone_become_utc(app, desk):
    desk["tickets"][0]["created_at"] = "2026-11-01T10:00:00.1234567+01:00"
    add(desk)

    assert ticket().created_at == NOVEMBER.replace(microsecond=123456)


def test_an_address_is_one_address_however_it_is_typed(app, desk):
    desk["tickets"][0]["customer"] = " CARLA@client.example"
    add(desk)

    assert ticket().customer.email == "carla@client.example"
    assert count(Contact) == 4


def test_a_user_without_a_contact_gets_one(app, desk):
    desk["users"].append({"email": "ada@acme.example", "name": "Ada", "role": "administrator"})
    add(desk)

    ada = User.by_email("ada@acme.example")
    assert (ada.name, ada.administrator, [str(company) for company in ada.companies]) == ("Ada", True, ["Acme"])


def test_a_password_works_afterwards(app, desk):
    add(desk)

    assert User.by_email("agnes@acme.example").check_password("correct horse battery")


def test_members_follow_the_team_and_assignees_their_ticket(app, desk):
    """R-VIS-1."""
    add(desk)

    assert [contact.email for contact in ticket().team.followers] == ["agnes@acme.example"]
    assert "agnes@acme.example" in [contact.email for contact in ticket().followers]


def test_who_was_removed_from_a_ticket_stays_removed(app, desk):
    """R-VIS-4."""
    desk["tickets"][0]["excluded"] = ["carla@client.example"]
    add(desk)

    assert "carla@client.example" not in [contact.email for contact in ticket().followers]


def test_what_the_history_says_fills_in_the_columns(app, desk):
    add(desk)

    assert ticket().assigned_at == NOVEMBER.replace(minute=30)
    assert ticket().stage_changed_at == NOVEMBER.replace(minute=45)
    assert ticket().rank == ticket().stage_changed_at.timestamp()


def test_a_closed_ticket_remembers_when_and_how(app, desk):
    add(desk)

    assert ticket(12).closed
    assert (ticket(12).closing.how, ticket(12).closing.at) == ("merge", NOVEMBER.replace(day=3))
    assert ticket(12).merged_into is ticket()
    assert ticket().closing is None


def test_who_closed_and_why_come_from_the_history(app, desk):
    closed = {"at": "2026-11-03T09:00:00Z", "kind": "closed", "by": "carla@client.example", "from": "Feedback",
              "to": "Closed", "why": "It works"}  # fmt: skip
    desk["tickets"][1] |= {"events": [closed], "closed_by": None, "closed_at": None}
    add(desk)

    closing = ticket(12).closing
    assert (closing.how, closing.by.email, closing.why) == ("customer", "carla@client.example", "It works")
    assert (closing.at, closing.from_stage.name) == (NOVEMBER.replace(day=3), "Feedback")


def test_a_ticket_waits_from_the_customers_first_message_without_an_answer(app, desk):
    """R-CLOSE-3b; a note is no answer."""
    said = desk["tickets"][0]["messages"]
    said.append({"at": "2026-11-01T12:00:00Z", "author": "carla@client.example", "body": "And now?"})
    said.append({"at": "2026-11-01T13:00:00Z", "author": "zoe@client.example", "body": "Hello?"})
    said.append({"at": "2026-11-01T14:00:00Z", "author": "agnes@acme.example", "body": "Hm.", "internal": True})
    add(desk)

    assert ticket().waiting_since == NOVEMBER.replace(hour=12)


def test_an_answered_ticket_waits_for_nothing(app, desk):
    add(desk)

    assert ticket().waiting_since is None


def test_not_solved_without_a_word_waits_too(app, desk):
    """R-CLOSE-7."""
    moved = {"at": "2026-11-02T09:00:00Z", "kind": "stage", "by": "carla@client.example", "to": "In progress"}
    desk["tickets"][0]["events"].append(moved)
    add(desk)

    assert ticket().waiting_since == NOVEMBER.replace(day=2)


def test_a_ticket_that_a_person_freed_is_left_alone_by_the_rule(app, desk):
    freed = {"kind": "assigned", "at": "2026-11-01T12:00:00Z", "by": "agnes@acme.example", "from": "agnes@acme.example"}
    desk["tickets"][0]["assignee"] = None
    desk["tickets"][0]["events"].append(freed)
    desk["tickets"].append({"number": 8, "customer": "zoe@client.example"})
    add(desk)

    assert list(session.scalars(select(Ticket.id).where(waits_for_assignment()))) == [8]


def test_a_ticket_freed_by_a_change_of_team_waits_for_the_new_rule(app, desk):
    at = "2026-11-01T12:00:00Z"
    desk["tickets"][0]["assignee"] = None
    desk["tickets"][0]["events"] += [
        {"kind": "team", "at": at, "by": "agnes@acme.example", "from": "sales", "to": "support"},
        {"kind": "assigned", "at": at, "by": "agnes@acme.example", "from": "agnes@acme.example"},
    ]
    add(desk)

    assert list(session.scalars(select(Ticket.id).where(waits_for_assignment()))) == [7]


def test_a_reminder_counts_until_the_next_activity(app, desk):
    first = desk["tickets"][0]
    first["events"].append({"kind": "reminded", "at": "2026-11-06T09:00:00Z", "to": "carla@client.example"})
    desk["tickets"].append({**first, "number": 8, "last_activity_at": "2026-11-07T09:00:00Z"})
    add(desk)

    assert ticket().reminded_at == NOVEMBER.replace(day=6)
    assert ticket(8).reminded_at is None


def test_customers_find_public_words_and_no_notes(app, desk):
    add(desk)

    def found(query, internal):
        return list(session.scalars(select(Ticket.id).where(matching(Ticket.id, query, internal)).order_by(Ticket.id)))

    assert found("unplug conti", internal=False) == [7]
    assert found("again", internal=False) == [12]
    assert found("again", internal=True) == [7]  # 12 was merged into it: we find what was said there by 7


def test_references_may_point_forward(app, desk):
    desk["tickets"][0] |= {"follow_up_of": 12}
    desk["tickets"][0]["messages"][0]["origin"] = 12
    add(desk)

    assert ticket().follow_up_of is ticket(12)
    assert ticket().messages[0].origin_id == 12


def test_nothing_is_mailed_and_nothing_rings(app, desk, rings):
    add(desk)
    session.commit()

    assert count(Delivery) == 0
    assert rings == []


def test_the_same_file_twice_adds_nothing(app, desk):
    add(desk)
    before = [count(model) for model in (Contact, User, Stage, Team, Ticket, Message, Event, Attachment)]
    summary = add(desk)

    assert [count(model) for model in (Contact, User, Stage, Team, Ticket, Message, Event, Attachment)] == before
    assert summary.added == dict.fromkeys(summary.added, 0)
    assert summary.known["tickets"] == 2


def test_what_is_known_stays_as_it_is(app, desk):
    add(desk)
    desk["companies"][0]["timezone"] = "UTC"
    desk["tickets"][0]["subject"] = "Something else"
    add(desk)

    assert ticket().subject == "The printer is on fire"
    assert ticket().company.timezone == "Europe/Paris"


def test_stages_keep_the_order_of_the_file_behind_those_that_are_there(team, desk):
    desk["stages"].insert(1, {"name": "Triage"})
    desk["stages"].append({"name": "Archive"})
    add(desk)

    names = [stage.name for stage in Stage.all()]
    assert names[-3:] == ["Triage", "Feedback", "Archive"]


def test_the_next_ticket_gets_a_new_number(app, desk):
    desk["tickets"][1]["number"] = 4711
    add(desk)
    team = session.scalar(select(Team))
    opened = open_ticket(team, Contact.by_email("zoe@client.example"), "Next", "Hello")

    assert opened.number > 4711
    assert opened.messages[0].id
