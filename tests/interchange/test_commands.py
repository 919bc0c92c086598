"""The commands, as an operator calls them."""

import io
import json

import pytest
from sqlalchemy import func, select

from models import Contact, Delivery, Stage, Team, Ticket, session
from models.base import db
from tests.interchange.conftest import add, written

LATER = "2026-11-20T10:00:00Z"


@pytest.fixture
def there(kind, own_desk, desk):
    """An app on a database of its own that holds the small desk: the commands commit."""
    with own_desk(kind) as app:
        add(desk)
        session.commit()
        yield app


def run(app, *arguments, **options):
    """The outcome of one command; a command has a context and a connection of its own."""
    session.remove()
    return app.test_cli_runner().invoke(args=arguments, **options)


def lines(outcome) -> list[dict]:
    assert outcome.exit_code == 0, outcome.output
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_export_writes_what_import_reads(there, kind, own_desk, tmp_path):
    outcome = run(there, "export")
    assert outcome.exit_code == 0
    file = tmp_path / "desk.json"
    file.write_bytes(outcome.stdout_bytes)

    with own_desk(kind) as other:
        added = run(other, "import", str(file))
        assert (added.exit_code, added.stdout) == (0, "")
        assert added.stderr.startswith("Added: companies 1, contacts 4,")
        assert written() == outcome.stdout
        again = run(other, "import", "-", input=outcome.stdout_bytes)
        assert again.stderr == "Added: nothing. Known already: 15.\n"


def test_export_of_one_team(there):
    assert [team["slug"] for team in json.loads(run(there, "export", "--team", "support").stdout)["teams"]] == [
        "support"
    ]


def test_export_of_a_team_that_is_not_there(there):
    outcome = run(there, "export", "--team", "suport")

    assert (outcome.exit_code, outcome.stderr) == (1, "Error: --team: there is no team 'suport'.\n")


def test_a_refused_import_changes_nothing_and_says_why(there, desk):
    desk["tickets"][0] |= {"number": 100, "stage": "Nwe"}
    desk["tickets"][1] |= {"number": 101, "merged_into": None}
    before = written()
    outcome = run(there, "import", "-", input=json.dumps(desk).encode())

    assert outcome.exit_code == 1
    assert outcome.stderr == 'tickets[0].stage: no stage "Nwe"\nError: Nothing was imported: the file has 1 error.\n'
    assert written() == before


def test_an_import_of_a_file_that_is_not_there(there):
    outcome = run(there, "import", "nowhere.json")

    assert outcome.exit_code == 2
    assert "nowhere.json" in outcome.stderr


def test_a_dry_run_says_what_closing_would_do_and_does_nothing(there, desk):
    file = {name: desk[name] for name in ("format", "tickets")}
    file["tickets"] = [
        {**desk["tickets"][0], "number": 20, "last_activity_at": "2026-11-10T10:00:00Z"},
        {**desk["tickets"][0], "number": 21, "last_activity_at": "2026-11-10T10:00:00Z", "never_auto_close": True},
        {**desk["tickets"][0], "number": 22, "messages": desk["tickets"][0]["messages"][:1],
         "last_activity_at": "2026-11-12T10:00:00Z"},
        {**desk["tickets"][0], "number": 23, "last_activity_at": "2026-11-19T10:00:00Z"},
    ]  # fmt: skip
    add(file)
    session.commit()
    before = written()

    assert lines(run(there, "close-inactive", "--dry-run", "--now", LATER)) == [
        {"ticket": 7, "action": "close", "to": "Closed", "why": "inactive for 7 days"},
        {"ticket": 20, "action": "close", "to": "Closed", "why": "inactive for 7 days"},
        {"ticket": 21, "action": "spare", "to": "In progress", "why": "never close automatically"},
        {"ticket": 22, "action": "spare", "to": "In progress", "why": "waits for our answer"},
    ]
    assert written() == before


def test_the_run_does_what_the_dry_run_said(there):
    said = lines(run(there, "close-inactive", "--dry-run", "--now", LATER))
    outcome = run(there, "close-inactive", "--now", LATER)

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "", "1 ticket closed.\n")
    assert [session.get(Ticket, one["ticket"]).closing.how for one in said] == ["automatic"]
    assert run(there, "close-inactive", "--now", LATER).stderr == "0 tickets closed.\n"


def test_assign_says_who_gets_what_and_then_does_it(there, desk):
    names = ("team", "subject", "customer")
    file = {"format": desk["format"]}
    file["tickets"] = [{**{name: desk["tickets"][0][name] for name in names}, "number": n} for n in (30, 31)]
    add(file)
    session.commit()
    monday = "2026-11-23T10:00:00Z"
    said = lines(run(there, "assign", "--dry-run", "--now", monday))

    assert [(one["ticket"], one["action"], one["to"]) for one in said] == [
        (30, "assign", "agnes@acme.example"), (31, "assign", "agnes@acme.example")
    ]  # fmt: skip
    assert said[0]["why"] == "equal_open: agnes@acme.example 1"
    assert session.get(Ticket, 30).assignee is None
    session.rollback()
    assert run(there, "assign", "--now", monday).stderr == "2 tickets assigned.\n"
    assert session.get(Ticket, 30).assignee.email == "agnes@acme.example"


def test_assign_says_who_waits(there, desk):
    add({"format": desk["format"], "tickets": [{"number": 30, "customer": "zoe@client.example"}]})
    session.get(Ticket, 7).assignee.takes_tickets = False
    session.commit()

    assert lines(run(there, "assign", "--dry-run")) == [
        {"ticket": 30, "action": "wait", "to": None, "why": "no member"}
    ]  # fmt: skip


def test_remind_and_deliver_take_the_clock(there):
    session.get(Ticket, 7).team.remind_days_before = 2
    session.commit()

    assert run(there, "remind", "--now", "2026-11-06T12:00:00Z").stderr == "1 ticket reminded of.\n"
    assert session.scalar(select(func.count()).select_from(Delivery)) == 1
    assert run(there, "deliver", "--now", "2099-01-01T00:00:00Z").stderr == "1 delivery handled.\n"
    assert session.scalar(select(Delivery.state)) == "sent"


@pytest.mark.parametrize("command", ["assign", "close-inactive", "remind", "deliver"])
def test_a_clock_that_is_none(there, command):
    outcome = run(there, command, "--now", "tomorrow")

    assert outcome.exit_code == 1
    assert outcome.stderr == "Error: --now: 'tomorrow' is no time like 2026-11-22T10:00:00Z.\n"


def test_backup_and_restore_bring_everything_back(there, kind, own_desk, tmp_path):
    """Threat model, rule 70."""
    before, file = written(), tmp_path / "backup.tar"
    made = run(there, "backup", str(file))
    assert made.exit_code == 0, made.output
    assert file.stat().st_mode & 0o777 == 0o600

    with own_desk(kind) as other:
        outcome = run(other, "restore", str(file))
        assert outcome.exit_code == 0, outcome.output
        assert "and 1 attached files" in outcome.stderr
        assert written() == before
        assert session.get(Ticket, 7).messages[0].attachments[0].open().read() == b"smoke"
        assert session.scalar(select(func.count()).select_from(Ticket)) == 2
        session.rollback()
        add({"format": "guichet/1", "tickets": [{"number": 13, "customer": "zoe@client.example"}]})


def test_a_restore_never_overwrites_unasked(there, tmp_path):
    file = tmp_path / "backup.tar"
    run(there, "backup", str(file))
    session.get(Ticket, 7).subject = "Changed"
    session.commit()
    refused = run(there, "restore", str(file))

    assert refused.exit_code == 1
    assert refused.stderr == "Error: The database is not empty. With --replace, what it holds is lost.\n"
    assert session.get(Ticket, 7).subject == "Changed"
    session.rollback()
    assert run(there, "restore", "--replace", str(file)).exit_code == 0
    assert session.get(Ticket, 7).subject == "The printer is on fire"


def test_a_number_is_never_used_again_after_a_restore(there, own_desk, kind, tmp_path):
    table, gone = Ticket.__table__, 40_000_000
    first = {f"{each.__name__.lower()}_id": select(func.min(each.id)).scalar_subquery() for each in (Team, Stage)}
    first["customer_id"] = select(func.min(Contact.id)).scalar_subquery()
    with db.engine.begin() as connection:
        connection.execute(table.insert().values(id=gone, subject="gone", **first))
        if kind == "postgresql":
            connection.exec_driver_sql(f"SELECT setval('tickets_id_seq', {gone})")
        connection.execute(table.delete().where(table.c.id == gone))
    file = tmp_path / "backup.tar"
    run(there, "backup", str(file))

    with own_desk(kind) as other:
        run(other, "restore", str(file))
        with db.engine.begin() as connection:
            result = connection.execute(table.insert().values(subject="new", **first))
            assert result.inserted_primary_key[0] == gone + 1


@pytest.mark.parametrize("content", [b"", b"no backup at all", b"\0" * 10240])
def test_what_is_no_backup_is_said(there, tmp_path, content):
    file = tmp_path / "backup.tar"
    file.write_bytes(content)
    outcome = run(there, "restore", str(file))

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: The file is no")
    assert len(outcome.stderr.splitlines()) == 1


def test_a_backup_of_the_other_kind_is_refused(there, kind, own_desk, tmp_path):
    file = tmp_path / "backup.tar"
    run(there, "backup", str(file))
    with own_desk({"sqlite": "postgresql", "postgresql": "sqlite"}[kind]) as other:
        outcome = run(other, "restore", str(file))

    assert outcome.exit_code == 1
    assert "use export and import" in outcome.stderr


def test_a_damaged_backup_touches_nothing(there, kind, tmp_path):
    file = tmp_path / "backup.tar"
    run(there, "backup", str(file))
    before = written()
    session.rollback()
    content = bytearray(file.read_bytes())
    cut = io.BytesIO(content[: len(content) // 2]).getvalue()
    file.write_bytes(cut)
    outcome = run(there, "restore", "--replace", str(file))

    assert (outcome.exit_code, len(outcome.stderr.splitlines())) == (1, 1)
    assert written() == before
