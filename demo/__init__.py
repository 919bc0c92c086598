"""A small believable helpdesk for a fresh checkout: two companies, six teams, two months of tickets, two languages."""

import io
import json

import click
from flask.cli import with_appcontext
from sqlalchemy import select

import interchange
from models.base import now, session
from models.people import Contact

from .desk import PASSWORD, PORTAL, Demo

LOGINS = ("Ada Laurent", "Agnès Delmas", "Arthur Price", *PORTAL)


def init_app(app):
    app.cli.add_command(demo)


@click.group("demo", invoke_without_command=True)
@click.pass_context
def demo(context):
    """Fill an empty database with a believable helpdesk, and print who can sign in."""
    if context.invoked_subcommand is None:
        context.invoke(fill)


@demo.command("fill")
@with_appcontext
def fill():
    """The same, by its full name."""
    made = Demo(now())
    filled = session.scalar(select(Contact.email).limit(1)) is not None
    if filled and Contact.by_email(made.emails["Ada Laurent"]) is None:
        raise click.ClickException("This database is in use: the demo fills only an empty one.")
    if not filled:
        interchange.read(io.BytesIO(json.dumps(made.document()).encode()))
        session.commit()
    click.echo(logins(made))


def logins(made) -> str:
    """Who to sign in as, with the one password of the demo."""
    what = ("administrator of both companies", "agent, Maison Lavaur", "agent, Alder & Finch Cycles",
            "customer, in French", "customer, in English")  # fmt: skip
    lines = [f"  {made.emails[name]:<38} {role}" for name, role in zip(LOGINS, what, strict=True)]
    return "\n".join([f"Sign in with the password {PASSWORD} as", *lines])
