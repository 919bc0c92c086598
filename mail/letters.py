"""The words of each kind of mail, in the reader's language; rendering.py makes a mail of them."""

from dataclasses import dataclass, field
from datetime import timedelta

from babel.dates import format_timedelta
from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy import or_, select

from models.base import session
from models.event import Event
from models.held import why_held
from models.links import CODE_AGES, code_for
from models.message import Message
from models.outbox import Delivery
from models.templates_shipped import MERGED, REMINDER, shipped

from .headers import one_line
from .placeholders import known_subject, values
from .recipient import Obsolete


@dataclass
class Letter:
    """What a mail says: paragraphs, perhaps somebody's message, one button, what follows it, and why it came."""

    subject: str
    before: list[str]
    said: Message | None = None
    enclosed: bool = False  # whether the files of the message come along
    label: str = ""
    link: str | None = None
    after: list[str] = field(default_factory=list)
    footer: str = ""


def write(delivery, link: str | None) -> Letter:
    """The letter of this delivery; ``link`` is where its reader finds the ticket, if anywhere."""
    letter = WRITERS[delivery.kind](delivery, link)
    letter.subject = one_line(letter.subject, 400)
    if letter.link is None and link:
        letter.label, letter.link = _("Open the ticket"), link
    letter.footer = letter.footer or _footer(delivery)
    return letter


def _stage(delivery, link):
    return _from_template(delivery, delivery.template, link)


THE_LINK = "https://…"  # in a preview: whose link it is, only the mail knows


def closing_letter(ticket, by, why: str) -> Letter | None:
    """What the customer would be told if the ticket were closed like this, in their language; None for no mail.

    Nothing is kept: neither mail nor event is part of the session.
    """
    template = ticket.team.closing_stage.email_template
    if template is None:
        return None
    event = Event(kind="closed", by_id=by.id, from_=ticket.stage.name, to=ticket.team.closing_stage.name, why=why)
    delivery = Delivery(
        kind="stage", contact=ticket.customer, contact_id=ticket.customer_id, ticket=ticket, event=event
    )
    with force_locale(ticket.customer.language):
        return _stage_letter(delivery, template)


def _stage_letter(delivery, template):
    letter = _from_template(delivery, template, THE_LINK)
    letter.subject, letter.label = one_line(letter.subject, 400), _("Open the ticket")
    return letter


def _reminder(delivery, link):
    if delivery.ticket.closes_at is None:
        raise Obsolete("The ticket does not close by itself any more.")
    return _from_template(delivery, shipped(REMINDER), link)


def _merged(delivery, link):
    return _from_template(delivery, shipped(MERGED), link)


def write_text(delivery, link: str | None) -> str:
    """The words of an SMS: those of its template."""
    return _filled(delivery, delivery.template, link)[1].strip()


def _filled(delivery, template, link):
    if template is None:
        raise Obsolete("The template of this mail was deleted.")
    return template.fill(str(get_locale()), values(delivery, link))


def _from_template(delivery, template, link):
    return from_words(*_filled(delivery, template, link), link)


def from_words(subject: str, body: str, link: str | None) -> Letter:
    """A letter in the company's own words. Where the link stands alone on a line, the button stands instead."""
    before, after = _around(body, link)
    return Letter(subject, before, label=_("Open the ticket"), link=link, after=after)


def _around(body: str, link: str | None) -> tuple[list[str], list[str]]:
    lines = body.splitlines()
    alone = [line.strip() for line in lines].index(link) if link and link in map(str.strip, lines) else len(lines)
    return _paragraphs(lines[:alone]), _paragraphs(lines[alone + 1 :])


def _paragraphs(lines: list[str]) -> list[str]:
    text = "\n".join(line.rstrip() for line in lines)
    return [part.strip("\n") for part in text.split("\n\n") if part.strip()]


def _reply(delivery, link):
    author = one_line(str(delivery.message.author))
    subject = _("Re: %(subject)s", subject=_named(delivery))
    return Letter(subject, [_("%(name)s wrote:", name=author)], said=delivery.message, enclosed=True)


def _moved(delivery, link):
    before = [f"{one_line(delivery.event.sentence)}."]
    return Letter(_("Update: %(subject)s", subject=_named(delivery)), before)


def _note(delivery, link):
    author, subject = one_line(str(delivery.message.author)), _("Internal note: %(subject)s", subject=_named(delivery))
    before = [_("%(name)s added an internal note. The customer does not see it.", name=author)]
    return Letter(subject, before, said=delivery.message, enclosed=True)


def _new_ticket(delivery, link):
    ticket, first = delivery.ticket, _first_message(delivery.ticket)
    author = one_line(str(first.author if first else ticket.customer))
    before = [_("%(name)s wrote to %(team)s:", name=author, team=ticket.team.name)]
    return Letter(_("New ticket: %(subject)s", subject=_named(delivery)), before, said=first)


def _assigned(delivery, link):
    ticket, by = delivery.ticket, delivery.event and delivery.event.by
    if by:
        first = _("%(name)s assigned this ticket to you.", name=one_line(str(by)))
    else:
        first = _("This ticket was assigned to you.")
    customer = _("Customer: %(name)s", name=one_line(str(ticket.customer)))
    team = _("Team: %(name)s", name=ticket.team.name)
    subject = _("Assigned to you: %(subject)s", subject=_named(delivery))
    return Letter(subject, [first, f"{customer}\n{team}"], said=_first_message(ticket))


def _link(delivery, link):
    number = delivery.ticket.number
    return Letter(
        _("Your link to ticket %(number)s", number=number),
        [_("Hello,"), _("here is the fresh link to your ticket %(number)s that you asked for:", number=number)],
        after=[_("If you did not ask for it, there is nothing to do: only you received it.")],
    )


def _signup(delivery, link):
    """The way to an account; to whom has one, that it is there: the page that asked says the same to both (rule 26)."""
    if delivery.contact.user and delivery.contact.user.active:
        return _account_exists()
    return Letter(
        _("Confirm your e-mail address"),
        [
            _("Hello,"),
            _("to make your account at %(brand)s, please confirm that this address is yours:", brand=_brand()),
        ],
        label=_("Confirm and go on"),
        link=_address("/signup", code_for(delivery.contact, "signup")),
        after=[_once("signup"), _("If you did not ask for an account, there is nothing to do.")],
    )


def _account_exists():
    return Letter(
        _("You already have an account"),
        [_("Hello,"), _("there is already an account at %(brand)s for this address. Please sign in:", brand=_brand())],
        label=_("Sign in"),
        link=_address("/login"),
        after=[
            _("Have you forgotten your password? Choose a new one here:") + "\n" + _address("/reset"),
            _("If you did not ask for an account, there is nothing to do."),
        ],
    )


def _reset(delivery, link):
    user = delivery.contact.user
    if user is None:
        return _no_account()
    if not user.active:
        raise Obsolete("The user of this address is not active.")
    return Letter(
        _("Choose a new password"),
        [
            _("Hello,"),
            _("somebody, probably you, asked for a new password at %(brand)s. Choose it here:", brand=_brand()),
        ],
        label=_("Choose a new password"),
        link=_address("/reset", code_for(delivery.contact, "reset")),
        after=[_once("reset"), _("If it was not you, there is nothing to do: your password stays as it is.")],
    )


def _no_account():
    return Letter(
        _("There is no account for this address"),
        [
            _("Hello,"),
            _("somebody asked for a new password at %(brand)s, but this address has no account there.", brand=_brand()),
        ],
        label=_("Make an account"),
        link=_address("/signup"),
        after=[_("If it was not you, there is nothing to do.")],
    )


def _invitation(delivery, link):
    contact = delivery.contact
    if not (contact.user and contact.user.active):
        raise Obsolete("The user of this address is not active.")
    return Letter(
        _("Your account at %(brand)s", brand=_brand()),
        [
            _("Hello %(name)s,", name=one_line(str(contact))),
            _("an account at %(brand)s was made for you. Choose your password, and you are in:", brand=_brand()),
        ],
        label=_("Choose a password"),
        link=_address("/reset", code_for(contact, "invitation")),
        after=[_once("invitation")],
    )


def _sms_held(delivery, link):
    """To an administrator, once: the reason alone, for the tickets may be of a company that they do not know."""
    sms = why_held()
    if sms is None:
        raise Obsolete("No SMS is held any more.")
    return Letter(
        _("SMS do not leave"),
        [
            _("Hello,"),
            _("the SMS of %(brand)s are not taken. They are kept, none is lost:", brand=_brand()),
            sms.reason,
        ],
        label=_("See what is held"),
        link=_address("/console/outbox") + "?state=held",
        after=[_("Once the cause is gone, one button there sends them. You get this mail once.")],
    )


WRITERS = {
    "stage": _stage,
    "moved": _moved,
    "reply": _reply,
    "note": _note,
    "new_ticket": _new_ticket,
    "assigned": _assigned,
    "reminder": _reminder,
    "merged": _merged,
    "link": _link,
    "signup": _signup,
    "reset": _reset,
    "invitation": _invitation,
    "sms_held": _sms_held,
}


def _named(delivery) -> str:
    """The ticket by subject and number; to an unproven customer by its number alone (threat model, rule 32)."""
    ticket, subject = delivery.ticket, known_subject(delivery)
    if subject is None:
        return _("ticket %(number)s", number=ticket.number)
    return _("%(subject)s (#%(number)s)", subject=subject, number=ticket.number)


def _first_message(ticket) -> Message | None:
    here = or_(Message.ticket_id == ticket.id, Message.origin_id == ticket.id)  # wherever a merge took it
    query = select(Message).where(here, Message.home_id == ticket.id, ~Message.internal)
    return session.scalar(query.order_by(Message.at, Message.id).limit(1))


def _footer(delivery) -> str:
    """Why this mail came."""
    ticket, contact = delivery.ticket, delivery.contact
    if ticket is None:
        return _("This mail was sent by %(brand)s to %(address)s.", brand=_brand(), address=delivery.address)
    team, number = ticket.team.name, ticket.number
    if contact.id == ticket.customer_id:
        return _("You receive this mail because ticket %(number)s at %(team)s is yours.", number=number, team=team)
    if delivery.kind == "assigned":
        return _("You receive this mail because ticket %(number)s is assigned to you.", number=number)
    return _("You receive this mail because you follow ticket %(number)s of %(team)s.", number=number, team=team)


def _once(purpose: str) -> str:
    return _("The link works once, for %(time)s.", time=_length(CODE_AGES[purpose]))


def _length(time: timedelta) -> str:
    hours = time < timedelta(days=1)
    return format_timedelta(time, granularity="hour" if hours else "day", threshold=1.1, locale=get_locale())


def _brand() -> str:
    return one_line(current_app.config["HELPDESK_NAME"])


def _address(path: str, code: str | None = None) -> str:
    """An address of ours, from the configured one and never from a request (threat model, rule 19)."""
    return current_app.config["BASE_URL"] + path + (f"?code={code}" if code else "")
