"""The flask commands of the post office."""

import logging
import os
import sys
from email.message import EmailMessage

import click
from flask import current_app
from flask.cli import AppGroup

from models.base import db, now, session
from models.incoming import IncomingMail, row_of
from models.outbox import new_mail_id

from .envelope import Envelope, NotTaken
from .headers import ASCII, UTF8, BadAddress, mailbox
from .incoming import receive_due_batch
from .outgoing import post_office
from .storing import write

mail = AppGroup("mail", help="The post office.")


def init_app(app):
    app.cli.add_command(mail)


@mail.command("test")
@click.argument("address")
def test(address):
    """Send one mail to ADDRESS at once, past the outbox, and show what the mail server says to it."""
    config = current_app.config
    try:
        by, to = mailbox(config["HELPDESK_NAME"], config["MAIL_FROM"]), mailbox("", address)
    except BadAddress as error:
        raise click.ClickException(str(error)) from None
    id = new_mail_id()
    letter = EmailMessage(policy=ASCII if address.isascii() else UTF8)
    letter["From"], letter["To"], letter["Subject"] = by, to, f"{config['HELPDESK_NAME']} can send mail"
    letter["Date"], letter["Message-ID"], letter["Auto-Submitted"] = now(), f"<{id}>", "auto-generated"
    letter.set_content(f"This mail was sent by the command flask mail test, at {config['BASE_URL']}.")
    envelope = Envelope(f"test-{id.partition('@')[0]}", by.addr_spec, to.addr_spec, letter.as_bytes())
    try:
        with post_office() as office:
            office.post(envelope)
    except NotTaken as reason:
        raise click.ClickException(f"The mail was not taken: {reason}") from None
    click.echo(f"Taken by {'the mail server' if config['MAIL_URL'] else 'the folder ' + str(office.path)}.")


@mail.command("receive")
@click.option("--to", "recipient", help="The recipient of the envelope; without it, the headers say.")
@click.option("--from", "sender", help="The sender of the envelope; empty for a bounce.")
def receive(recipient, sender):
    """Take one mail from standard input, for a pipe of a mail server.

    Once it is stored, the exit code is 0; where it cannot be, 75 (try again later), and 69 where it is too large. It is
    placed at once if possible, else by the worker.
    """
    limit = current_app.config["MAX_MAIL_BYTES"]
    raw = sys.stdin.buffer.read(limit + 1)
    if len(raw) > limit:
        click.echo(f"The mail is larger than {limit} bytes.", err=True)
        raise SystemExit(os.EX_UNAVAILABLE)
    row = row_of(raw, "pipe", sender, recipient)
    try:
        with db.engine.begin() as connection:
            write(connection, [row])
    except Exception as error:  # whatever it is: the mail server keeps the mail and comes back
        logging.getLogger(__name__).error("A received mail cannot be stored: %s", type(error).__name__)
        raise SystemExit(os.EX_TEMPFAIL) from None
    try:
        id = session.scalar(db.select(IncomingMail.id).where(IncomingMail.key == row["key"]))
        receive_due_batch(now(), only=id)
    except Exception:
        session.rollback()
        logging.getLogger(__name__).exception("A received mail waits for the worker.")
