"""Every error of a file is reported with its path, and nothing of such a file stays."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

import interchange
from models import Company, Ticket, open_ticket, session
from tests.interchange.conftest import add, encoded, errors


def bend(desk, place, value):
    """Put a value at a place like ``tickets[0].stage`` of a desk."""
    *way, last = place.replace("[", ".").replace("]", "").split(".")
    for step in way:
        desk = desk[int(step) if step.isdecimal() else step]
    desk[int(last) if last.isdecimal() else last] = value


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("format", "guichet/2", 'must be "guichet/1", not "guichet/2"'),
        ("companies[0].name", "", "is empty"),
        ("companies[0].timezone", "Europe/Atlantis", '"Europe/Atlantis" is no time zone like Europe/Paris'),
        ("companies[0].colour", "red", "unknown field"),
        ("companies[0].holidays", ["2026-13-01"], None),
        ("companies[0].holidays", "never", 'must be a list, not "never"'),
        ("companies[0].working_hours", {"mon": [["17:00", "09:00"]]}, None),
        ("companies[0].working_hours", {"mon": [["9", "17"]]}, None),
        ("companies[0].working_hours", {"monday": []}, None),
        ("contacts[2].email", "carla", '"carla" is no e-mail address'),
        ("contacts[2].email", "agnes@acme.example", "agnes@acme.example stands in the file already"),
        ("contacts[2].language", "klingon", "is 7 characters long, 5 is the most"),
        ("contacts[2].language", "zz", '"zz" is no language like en or fr'),
        ("contacts[2].name", "x" * 121, "is 121 characters long, 120 is the most"),
        ("contacts[2].name", "a\0b", "holds a NUL character"),
        ("contacts[2].name", "\ud800", "holds half of a surrogate pair"),
        ("contacts[2].phone", 33, "must be a text, not 33"),
        ("contacts[2]", "carla", 'must be an object, not "carla"'),
        ("users[0].role", "boss", '"boss" is none of portal, agent, administrator'),
        ("users[0].companies", ["Acmee"], None),
        ("users[0].active", 1, "must be true or false, not 1"),
        ("users[0].password", "secret", "is shorter than 8 characters"),
        ("users[0].password", "password1", "is easy to guess"),
        ("users[1].time_off", [["2026-11-08T00:00:00Z", "2026-11-01T00:00:00Z"]], None),
        ("users[1].time_off", [["tomorrow", "2026-11-01T00:00:00Z"]], None),
        ("users[1].time_off", [["2026-11-08T00:00:00Z"]], None),
        ("templates[0].channel", "fax", '"fax" is none of email, sms'),
        ("templates[0].body", {"en": "{{ password }}"}, "there is no placeholder password"),
        ("stages[0].status", "closed", '"closed" is none of new, open, answered, resolved'),
        ("stages[0].email_template", "Welcome", 'no template "Welcome"'),
        ("teams[0].slug", "Support!", '"Support!" is no slug: small letters, digits and hyphens'),
        ("teams[0].company", "Acmee", 'no company "Acmee"'),
        ("teams[0].visibility", "secret", '"secret" is none of private, company, public'),
        ("teams[0].stages", ["New", "Nwe"], None),
        ("teams[0].members", ["carla@client.example"], None),
        ("teams[0].followers", ["nobody@client.example"], None),
        ("teams[0].auto_assign", "random", '"random" is none of None, equal_total, equal_open'),
        ("teams[0].auto_close.after_days", 0, "must be from 1 to 3650, not 0"),
        ("teams[0].auto_close.in_stages", ["Nwe"], None),
        ("teams[0].auto_close.to_stage", "Nwe", 'no stage "Nwe"'),
        ("tickets[0].number", "7", 'must be a whole number, not "7"'),
        ("tickets[0].number", True, "must be a whole number, not true"),
        ("tickets[0].number", 2**31, "must be from 1 to 2147483647, not 2147483648"),
        ("tickets[1].number", 7, "7 stands in the file already"),
        ("tickets[0].team", "suport", 'no team "suport"'),
        ("tickets[0].stage", "Nwe", 'no stage "Nwe"'),
        ("tickets[0].customer", "nobody@client.example", 'no contact "nobody@client.example"'),
        ("tickets[0].assignee", "carla@client.example", 'no user "carla@client.example"'),
        ("tickets[0].priority", 4, "must be from 0 to 3, not 4"),
        ("tickets[0].priority", 1.0, "must be a whole number, not 1.0"),
        ("tickets[0].subject", "x" * 251, "is 251 characters long, 250 is the most"),
        ("tickets[0].tags", ["x" * 41], None),
        ("tickets[0].created_at", "yesterday", '"yesterday" is no time like 2026-11-22T10:00:00Z'),
        ("tickets[0].created_at", "2026-02-30T10:00:00Z", '"2026-02-30T10:00:00Z" is no time like'),
        ("tickets[0].created_at", "2026-11-22T10:00:00", '"2026-11-22T10:00:00" is no time like'),
        ("tickets[0].created_at", "2026-11-22", '"2026-11-22" is no time like'),
        ("tickets[0].closed_at", "2026-11-22T10:00:00Z", 'the stage "In progress" is not folded: the ticket is open'),
        ("tickets[0].closed_by", "agent", 'the stage "In progress" is not folded: the ticket is open'),
        ("tickets[0].merged_into", 99, "no ticket 99"),
        ("tickets[0].merged_into", 7, "is the ticket itself"),
        ("tickets[0].follow_up_of", 99, "no ticket 99"),
        ("tickets[0].followers[0]", "nobody@client.example", 'no contact "nobody@client.example"'),
        ("tickets[0].excluded", ["zoe@client.example"], "zoe@client.example is among the followers, too"),
        ("tickets[1].rating.score", 4, "4 is none of 5, 3, 1"),
        ("tickets[0].messages[1].author", "nobody@client.example", 'no contact "nobody@client.example"'),
        ("tickets[0].messages[1].origin", 99, "no ticket 99"),
        ("tickets[0].messages[0].attachments[0].base64", "!", "is no base64"),
        ("tickets[0].messages[0].attachments[0].base64", 7, "is no base64"),
        ("tickets[0].messages[0].attachments[0].size", 7, "unknown field"),
        ("tickets[0].events[0].kind", "exploded", '"exploded" is none of created, assigned'),
        ("tickets[0].events[0].by", "nobody@client.example", 'no contact "nobody@client.example"'),
        ("tickets", {}, "must be a list, not an object"),
        ("agents", [], "unknown field"),
    ],
)
def test_an_error_is_reported_with_its_path(app, desk, place, value, message):
    bend(desk, place, value)
    found = errors(desk)

    assert [line for line in found if line.startswith(f"{place}: {message}" if message else place)]
    assert session.scalar(select(func.count()).select_from(Company)) == 0


@pytest.mark.parametrize("place", ["contacts[0].email", "stages[0].name", "teams[0].slug", "tickets[0].customer"])
def test_what_nothing_can_stand_for_is_missed(app, desk, place):
    block, field = place.split("[0].")
    del desk[block][0][field]

    assert f"{place}: is missing" in errors(desk)


def test_a_stage_of_another_team_is_no_stage_of_this_one(app, desk):
    desk["stages"].append({"name": "Triage"})
    desk["tickets"][0]["stage"] = "Triage"

    assert errors(desk) == ['tickets[0].stage: team "support" has no stage "Triage"']


def test_all_errors_are_reported_at_once(app, desk):
    bend(desk, "contacts[3].language", "klingon")
    bend(desk, "tickets[0].priority", 9)
    bend(desk, "tickets[1].stage", "Nwe")

    assert [line.partition(":")[0] for line in errors(desk)] == [
        "contacts[3].language", "tickets[0].priority", "tickets[1].stage"
    ]  # fmt: skip


def test_what_refers_to_a_broken_record_is_not_reported_too(app, desk):
    bend(desk, "contacts[2].language", "klingon")

    assert [line.partition(":")[0] for line in errors(desk)] == ["contacts[2].language"]


def test_nor_is_a_company_missed_that_could_be_the_broken_one(app, desk):
    bend(desk, "companies[0].timezone", "nowhere")

    assert errors({**desk, "teams": [], "tickets": []}) == [
        'companies[0].timezone: "nowhere" is no time zone like Europe/Paris'
    ]


def test_a_company_must_be_named_where_there_are_several(app, desk):
    desk["companies"].append({"name": "Bolt"})
    del desk["teams"][0]["company"]

    assert "teams[0].company: is missing" in errors(desk)
    assert "users[0].companies: is missing: an internal user has one or more" in errors(desk)


def test_two_teams_cannot_share_an_address(app, desk):
    desk["teams"][0]["address"] = "help@acme.example"
    desk["teams"].append({**desk["teams"][0], "slug": "sales"})

    assert errors(desk) == ["teams[1].address: help@acme.example belongs to another team"]


def test_merges_never_go_round_in_circles(app, desk):
    """R-MERGE-4."""
    desk["tickets"][0]["merged_into"] = 12

    assert errors(desk) == [
        "tickets: ticket 7 would be merged into itself, by way of others",
        "tickets: ticket 12 would be merged into itself, by way of others",
    ]


def test_a_number_of_another_ticket_is_refused(team, carla, desk):
    for _ in range(7):
        last = open_ticket(team, carla, "Mine", "Hello")
    session.commit()
    desk["tickets"][0]["number"] = last.number
    desk["tickets"][1]["merged_into"] = None
    desk["teams"][0] |= {"slug": "helpdesk", "stages": ["New", "In progress", "Closed"]}
    for one in desk["tickets"]:
        one["team"] = "helpdesk"

    assert errors(desk) == [f"tickets[0].number: {last.number} is the number of another ticket here"]


def test_blocks_come_in_the_order_of_the_format(app, desk):
    desk = {"format": desk["format"], "contacts": desk["contacts"], "companies": desk["companies"]}

    assert errors(desk) == ["companies: must come before contacts"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "line 1, column 1: expected {, but the file ends"),
        (b"[]", "line 1, column 1: expected {"),
        (b'{"format": "guichet/1",\n "companies": [{"name": "A"},]}', "line 2"),
        (b'{"format": "guichet/1",\n "companies": [{"name": "A" "timezone": "UTC"}]}', "line 2, column 29"),
        (b'{"format": "guichet/1", "companies": [{"name": "A"}', "line 1, column 52: expected , or ]"),
        (b'{"format": "guichet/1"} x', "line 1, column 25: something follows the end"),
        (b'{"format": "guichet/1", "teams": [{"slug": 1, "slug": 2}]}', 'line 1, column 35: "slug" is given twice'),
        (b'{"format": NaN}', "line 1, column 12: NaN is no value of JSON"),
        (b'{"format": ' + b"9" * 5000 + b"}", "line 1, column 12: Exceeds the limit"),
        (b'{"format": ' + b"[" * 100_000, "line 1, column"),
        (b'{"format": "\xff"}', "after line 1: the file is not UTF-8"),
        (b"\xef\xbb\xbf{}", 'format: must be "guichet/1"'),
    ],
)  # fmt: skip
def test_what_is_no_json_is_said_with_its_line(app, text, message):
    assert errors(text)[-1].startswith(message)


def test_an_import_that_fails_leaves_no_files(app, desk):
    before = set(Path(app.config["DATA_DIR"]).rglob("attachments/*/*"))
    bend(desk, "tickets[1].merged_into", 99)
    errors(desk)

    assert set(Path(app.config["DATA_DIR"]).rglob("attachments/*/*")) == before


def test_a_file_over_the_limit_is_refused(app, desk):
    app.config["MAX_ATTACHMENT_BYTES"] = 4

    assert errors(desk) == ["tickets[0].messages[0].attachments[0].base64: is larger than MAX_ATTACHMENT_BYTES"]


def test_thousands_of_errors_are_counted_and_not_kept(app, desk):
    desk["tickets"] = [{"number": 0} for _ in range(3000)]
    with pytest.raises(interchange.ImportRefused) as refused:
        interchange.read(encoded(desk))

    assert (len(refused.value.errors), refused.value.count) == (1000, 6000)


def test_a_good_file_goes_in_after_a_bad_one(app, desk):
    errors({**desk, "agents": []})
    add(desk)

    assert session.get(Ticket, 7)
