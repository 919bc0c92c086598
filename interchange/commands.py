"""The commands around the file, and those that do what the worker does, with the clock as an option."""

import json
import sys

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from models.assignment import assign_due_batch, teams_with_work
from models.base import batches, is_sqlite, now, reading, session
from models.closing_rule import closing_teams
from models.sweep import close_due_batch, remind_due_batch
from models.team import Team

from .checking import ImportRefused, parse_moment
from .reading import read
from .writing import write

WORDED = 100  # errors printed


def init_app(app):
    for command in (export, import_, assign, close_inactive, remind, deliver):
        app.cli.add_command(command)


@click.command("export")
@click.option("--team", "slug", metavar="SLUG", help="Only this team, with what it needs.")
@with_appcontext
def export(slug):
    """Write the desk, or one team of it, as an interchange file to standard output."""
    hold_still()
    team = session.scalar(select(Team).where(Team.slug == slug)) if slug else None
    if slug and team is None:
        raise click.ClickException(f"--team: there is no team {slug!r}.")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    lost = write(sys.stdout, team)
    for line in lost:
        click.echo(line, err=True)
    raise SystemExit(1 if lost else 0)


def hold_still():
    """See the database as it is at this moment, however long the reading takes, without keeping writers out."""
    if is_sqlite():
        reading.set(True)
    elif not session().in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


@click.command("import")
@click.argument("file", type=click.File("rb"))
@with_appcontext
def import_(file):
    """Add what an interchange FILE (or - for standard input) holds: all of it, or nothing if it has an error."""
    try:
        added = read(file)
        session.commit()
    except ImportRefused as refused:
        session.rollback()
        for line in refused.errors[:WORDED]:
            click.echo(line, err=True)
        if refused.count > WORDED:
            click.echo(f"… and {refused.count - WORDED} more", err=True)
        errors = "1 error" if refused.count == 1 else f"{refused.count} errors"
        raise click.ClickException(f"Nothing was imported: the file has {errors}.") from None
    click.echo(added, err=True)


def moment(context, parameter, value):
    """The clock: RFC 3339, or the present moment."""
    if value is None:
        return now()
    if at := parse_moment(value):
        return at
    raise click.ClickException(f"--now: {value!r} is no time like 2026-11-22T10:00:00Z.")


clock = click.option("--now", "at", callback=moment, metavar="TIME", help="The clock, as 2026-11-22T10:00:00Z.")
dry = click.option("--dry-run", is_flag=True, help="Change nothing: print one JSON line for each ticket concerned.")


@click.command("assign")
@clock
@dry
@with_appcontext
def assign(at, dry_run):
    """Assign the tickets that wait for it, by the rules of their teams."""
    if not dry_run:
        return _until_done(assign_due_batch, at, "assigned")
    reading.set(True)
    for team_id in teams_with_work():
        for one in session.get(Team, team_id).decide(at, limit=None):
            _say(one.ticket, "assign" if one.user else "wait", one.user and one.user.email, one.why)
    return None


@click.command("close-inactive")
@clock
@dry
@with_appcontext
def close_inactive(at, dry_run):
    """Close the tickets that nobody touched for as long as their team says."""
    if not dry_run:
        return _until_done(close_due_batch, at, "closed")
    reading.set(True)
    for team in closing_teams():
        for one in team.verdicts(at):
            _say(one.ticket, one.action, one.to, one.why)
    return None


@click.command("remind")
@clock
@with_appcontext
def remind(at):
    """Remind the customers whose tickets close soon."""
    _until_done(remind_due_batch, at, "reminded of")


@click.command("deliver")
@clock
@with_appcontext
def deliver(at):
    """Send the mail that is due."""
    from mail.outgoing import deliver_due_batch

    total = sum(batches(lambda: deliver_due_batch(at)))
    click.echo(f"{total} {'delivery' if total == 1 else 'deliveries'} handled.", err=True)


def _until_done(batch, at, verb):
    """Batch by batch, one transaction each, until nothing is due."""
    total = sum(batches(lambda: batch(at)))
    click.echo(f"{total} {'ticket' if total == 1 else 'tickets'} {verb}.", err=True)


def _say(ticket, action, to, why):
    click.echo(json.dumps({"ticket": ticket.number, "action": action, "to": to, "why": why}, ensure_ascii=False))
