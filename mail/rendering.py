"""A delivery becomes a mail: headers, plain text, HTML and files (RFC 5322, 2045, 3834)."""

from dataclasses import dataclass
from email.message import EmailMessage

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from models.base import session
from models.links import Link
from models.quoting import parts
from models.reply_address import reply_address
from models.templates_shipped import MERGED, REMINDER, shipped
from web.locale import LANGUAGES
from web.markup import markup

from . import letters
from .headers import ASCII, UTF8, mailbox, sender, thread
from .recipient import check, link_to_ticket, mailbox_proven, uses_signed_link

ENCLOSED_BYTES = 10_000_000  # all files of one mail together; what is more is named, and read with the ticket
WRITTEN_BY_PEOPLE = ("reply", "note")
# Types that may not travel in base64 (RFC 2046) go as a plain file.
NOT_ENCLOSED_AS_SUCH = ("message", "multipart")


@dataclass(frozen=True)
class File:
    """A file of the message, as the reader of the mail meets it: its bytes, or None where it stays with the ticket."""

    name: str
    size: int
    type: str
    content: bytes | None


def prepare(deliveries):
    """Write what rendering will need to find: afterwards it only reads, and holds up nobody on SQLite."""
    wanted = {(one.ticket_id, one.contact_id, "view") for one in deliveries if uses_signed_link(one)}
    wanted |= {(one.ticket_id, one.contact_id, answered_as(one)) for one in deliveries if has_reply_address(one)}
    query = select(Link.ticket_id, Link.contact_id, Link.purpose)
    known = session.execute(query.where(Link.ticket_id.in_({ticket for ticket, _, _ in wanted})))
    for ticket, contact, purpose in wanted - set(map(tuple, known)):
        session.add(Link(ticket_id=ticket, contact_id=contact, purpose=purpose))
    session.flush()
    for kind, name in (("reminder", REMINDER), ("merged", MERGED)):
        if any(one.kind == kind for one in deliveries):
            shipped(name)


def render(delivery) -> EmailMessage:
    """The mail as it will be sent, in its recipient's language.

    Raises NotForThem or Obsolete where it must not go out any more (mail/recipient.py), BadAddress too.
    """
    check(delivery)
    with force_locale(language_of(delivery.contact)):
        return finished(delivery, letters.write(delivery, link_to_ticket(delivery)))


def finished(delivery, letter) -> EmailMessage:
    """The letter as a mail, in the language of its recipient or the one in force."""
    with force_locale(language_of(delivery.contact)):
        files = list(_files(letter))
        text, html = (_fill(f"mail/letter.{kind}", delivery, letter, files) for kind in ("txt", "html"))
    mail = _head(delivery, letter)
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    for file in files:
        if file.content is not None:
            maintype, _, subtype = file.type.partition("/")
            if maintype in NOT_ENCLOSED_AS_SUCH:
                maintype, subtype = "application", "octet-stream"
            mail.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
    return mail


def render_text(delivery) -> str:
    """The SMS as it will be sent, in its recipient's language; raises as ``render`` does."""
    check(delivery)
    with force_locale(language_of(delivery.contact)):
        return letters.write_text(delivery, link_to_ticket(delivery))


def language_of(contact) -> str:
    return contact.language if contact.language in LANGUAGES else current_app.config["BABEL_DEFAULT_LOCALE"]


def _head(delivery, letter) -> EmailMessage:
    by, to = sender(delivery), mailbox(_name(delivery), delivery.address)
    mail = EmailMessage(policy=ASCII if by.addr_spec.isascii() and to.addr_spec.isascii() else UTF8)
    mail["From"], mail["To"], mail["Subject"] = by, to, letter.subject
    mail["Date"] = delivery.created_at
    mail["Message-ID"] = f"<{delivery.mail_id}>"
    if ids := thread(delivery):
        mail["In-Reply-To"] = f"<{ids[-1]}>"
        mail["References"] = " ".join(f"<{id}>" for id in ids)
    if delivery.ticket and delivery.ticket.team.address:
        mail["Reply-To"] = _reply_to(delivery, by)
    if delivery.kind not in WRITTEN_BY_PEOPLE:
        mail["Auto-Submitted"] = "auto-replied" if _answers_a_request(delivery) else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    return mail


def has_reply_address(delivery) -> bool:
    return bool(current_app.config["REPLY_MARK"] and delivery.ticket and delivery.ticket.team.address)


def answered_as(delivery) -> str:
    """What an answer to this mail becomes: whoever answers an internal note writes another one (R-VIS-9)."""
    return "note" if delivery.kind == "note" else "reply"


def _reply_to(delivery, by):
    """The team, by an address that leads back to this ticket (R-MAIL-2), for this recipient."""
    link = delivery.ticket.link_for(delivery.contact, answered_as(delivery)) if has_reply_address(delivery) else None
    keyed = reply_address(delivery.ticket.team.address, link) if link and not link.revoked_at else None
    return mailbox(by.display_name, keyed) if keyed else by


def _name(delivery) -> str:
    """The name beside the address; none where a stranger may have typed it (threat model, rule 32)."""
    contact, ticket = delivery.contact, delivery.ticket
    if ticket is None:
        return contact.name if contact.user else ""
    return contact.name if contact.id != ticket.customer_id or mailbox_proven(ticket) else ""


def _answers_a_request(delivery) -> bool:
    """*Ticket received* responds to a message (RFC 3834, 5); what the desk says by itself is generated."""
    return delivery.kind == "stage" and delivery.event is not None and delivery.event.kind == "created"


def _files(letter):
    """The files of the message: as many as fit go along, whole; the rest is only named."""
    room = ENCLOSED_BYTES if letter.enclosed else 0
    for attachment in letter.said.attachments if letter.said else ():
        content = None
        if attachment.size <= room and (content := _content(attachment)) is not None:
            room -= attachment.size
        yield File(attachment.name, attachment.size, attachment.type, content)


def _content(attachment) -> bytes | None:
    try:
        with attachment.open() as file:
            return file.read()
    except FileNotFoundError:
        return None


def _said(message, as_html: bool) -> str:
    """The new words of the message: what it quotes went to its readers before, or was never meant for them."""
    words = parts(message.body).new.strip() or message.body.strip() if message.placed_by else message.body.strip()
    return markup(words) if as_html else words


def _fill(template: str, delivery, letter, files) -> str:
    """The template's text. Not by render_template: that asks for a request, and there is none."""
    config, ticket = current_app.config, delivery.ticket
    return current_app.jinja_env.get_template(template).render(
        letter=letter,
        said=_said(letter.said, as_html=template.endswith("html")) if letter.said else None,
        left_behind=[file for file in files if file.content is None],
        from_whom=ticket.team.name if ticket else config["HELPDESK_NAME"],
        language=language_of(delivery.contact),
    )
