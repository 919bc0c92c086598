"""The flask commands. Each room brings its own; here are those that belong to the house."""

import functools
import sys
from importlib import import_module

import click
import psycopg
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

import doctor
from models.base import session, sqlite_driver
from models.company import Company
from models.founding import founded
from models.passwords import WeakPassword, check_strength
from models.people import ROLES, Contact, User
from models.templates_shipped import ship_all

DATABASE_ERRORS = (OperationalError, ProgrammingError, sqlite_driver().OperationalError, psycopg.OperationalError)
MODULES = ("interchange", "demo", "mail.commands")

user = AppGroup("user", help="People who can sign in.")


def init_app(app):
    app.cli.add_command(user)
    app.cli.add_command(examine)
    for name in MODULES:
        import_module(name).init_app(app)
    for name, command in app.cli.commands.items():
        if name != "db":
            say_what_the_database_says(command)


def say_what_the_database_says(command):
    """In one line, that is: a database that is away, or has no tables yet, is no fault of the program."""
    for one in getattr(command, "commands", {}).values():
        say_what_the_database_says(one)
    work = command.callback
    if work is None or hasattr(work, "told"):
        return

    @functools.wraps(work)
    def told(*arguments, **options):
        try:
            return work(*arguments, **options)
        except DATABASE_ERRORS as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise click.ClickException(f"{reason} (flask --app wsgi doctor says how to mend the database)") from None

    told.told = True
    command.callback = told


@user.command("create")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--company", "companies", multiple=True, help="A company's name; for internal users, all if left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email, name, role, companies, password_stdin):
    """Make a user. Without a password, the user sets one by "Forgot your password?"."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    try:
        email = validate_email(email, check_deliverability=False).normalized
        if password is not None:
            check_strength(password, email)
    except EmailNotValidError as error:
        raise click.ClickException(f"--email: {error}") from None
    except WeakPassword as error:
        said = {"short": "shorter than 8 characters", "long": "longer than 1024 characters"}
        raise click.ClickException(f"The password is {said.get(error.reason, 'easy to guess')}.") from None
    if User.by_email(email):
        raise click.ClickException(f"{email} has a user already.")
    found = chosen(companies) if role != "portal" else []
    if role == "administrator" and not founded():
        ship_all(current_app.config["BABEL_DEFAULT_LOCALE"])
    contact = Contact.get_or_create(email, name)
    contact.name = name
    made = User(contact=contact, role=role, companies=found)
    session.add(made)
    if password is not None:
        made.set_password(password)
    session.commit()
    click.echo(
        f"{email} can sign in as {role}." if password is not None else f"{email} is {role}, without a password so far."
    )


def chosen(names) -> list[Company]:
    found = list(session.scalars(select(Company).order_by(Company.name)))
    if names and (missing := set(names) - {company.name for company in found}):
        raise click.ClickException(f"--company: there is no company {sorted(missing)[0]!r}.")
    return [company for company in found if not names or company.name in names]


@click.command("doctor")
@with_appcontext
def examine():
    """Check database, queue, mail, clock, disk and links, and say how to mend what is wrong (then exit code 1)."""
    findings = [finding for check in doctor.CHECKS for finding in check(current_app)]
    for found in findings:
        click.echo(f"{'ok' if found.good else 'PROBLEM':<8} {found.part:<11} {found.what}")
        if not found.good:
            click.echo(f"{'':<20} -> {found.cure}")
    raise SystemExit(any(not found.good for found in findings))
