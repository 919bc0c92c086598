"""A test of a template: the words as they stand on the page, to the one who writes them."""

import secrets

from flask_babel import gettext as _

from models.outbox import queue_mail

from .rendering import finished


def mail_to(contact, letter):
    """Queue this letter as it is. It belongs to no ticket, so that an answer to it is none to the customer."""
    delivery = queue_mail("test", contact, secrets.token_hex(8))
    letter.footer = _("This is a test of a template. Only you receive it.")
    mail = finished(delivery, letter)
    delivery.raw, delivery.subject = mail.as_bytes(), str(mail["Subject"])


def text_to(contact, text: str):
    delivery = queue_mail("test", contact, secrets.token_hex(8), channel="sms", address=contact.phone)
    delivery.raw = text.encode()
