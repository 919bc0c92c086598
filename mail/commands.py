"""The flask commands of the post office."""

from email.message import EmailMessage

import click
from flask import current_app
from flask.cli import AppGroup

from models.base import now
from models.outbox import new_mail_id

from .envelope import Envelope, NotTaken
from .headers import ASCII, UTF8, BadAddress, mailbox
from .outgoing import post_office

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
