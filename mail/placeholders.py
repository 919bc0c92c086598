"""What the placeholders of a template stand for (models/template.py lists them)."""

import re
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from models.contact_attempt import UNDELIVERABLE

from .headers import one_line
from .recipient import mailbox_proven


def values(delivery, link: str | None) -> dict:
    """Each placeholder's plain text, in the reader's language."""
    return values_about(delivery.ticket, link, known_subject(delivery), delivery.event)


def values_about(ticket, link: str | None, subject: str | None, event=None) -> dict:
    """The same where there is no delivery; ``subject`` is None where the customer's own words must not be said."""
    team = ticket.team
    return {
        "customer": one_line(str(ticket.customer)) if subject is not None else ticket.customer.email,
        "number": str(ticket.number),
        "subject": subject if subject is not None else _("your message"),
        "team": team.name,
        "stage": _stage_name(ticket, event),
        "agent": one_line(str(ticket.assignee)) if ticket.assignee else team.name,
        "link": link or "",
        "why": _why(ticket, event),
        "reopen_days": str(team.reopen_days),
        "closes_on": _closes_on(ticket),
    }


def known_subject(delivery) -> str | None:
    """The subject, unless this is mail to a customer whose mailbox is unproven: then None (threat model, rule 32)."""
    ticket = delivery.ticket
    if delivery.contact_id == ticket.customer_id and not mailbox_proven(ticket):
        return None
    return one_line(ticket.subject)


def _stage_name(ticket, event) -> str:
    """The stage that was reached, wherever the ticket stands by now."""
    return event.to if event and event.kind in ("stage", "closed", "reopened") else ticket.stage.name


def _why(ticket, event) -> str:
    """Why the ticket was closed: the words of whoever closed it, or ours."""
    if event is None or event.kind != "closed":
        return ""
    return _reason(ticket, event) + _tried(ticket, event)


def _reason(ticket, event) -> str:
    if automatic := re.fullmatch(r"inactive for (\d{1,5}) days", event.why):
        days_without = int(automatic[1])
        return ngettext("nobody wrote for %(num)s day.", "nobody wrote for %(num)s days.", days_without)
    if event.why.strip():
        return event.why.strip()
    if event.by_id == ticket.customer_id:
        return _("you closed it yourself.")
    return _("our work on it is done.")


def _tried(ticket, event) -> str:
    """What was done to reach the customer before the closing, if it rests on that: the evidence (R-CLOSE-9)."""
    if event.by_id == ticket.customer_id or not (event.by_id is None or ticket.tried):
        return ""
    zone = ZoneInfo(ticket.team.company.timezone)
    lines = [_tried_line(one, zone) for one in ticket.attempts if event.at is None or one.at <= event.at]
    return "\n\n" + "\n".join([_("We tried to reach you:"), *lines]) if lines else ""


def _tried_line(one, zone) -> str:
    words = {
        "wrote": _("we wrote to you"),
        "reminded": _("we reminded you"),
        "call": _("we called you"),
        "mail": _("our e-mail could not be delivered") if one.outcome == UNDELIVERABLE else _("we wrote to you"),
    }
    date = format_date(one.at.astimezone(zone), "long", locale=get_locale())
    return f"– {date}: {words.get(one.what, _('we tried to reach you'))}"


def _closes_on(ticket) -> str:
    """The day on which the rule would close the ticket, in the company's time zone; empty without such a rule."""
    if (moment := ticket.closes_at) is None:
        return ""
    local = moment.astimezone(ZoneInfo(ticket.team.company.timezone)).date()
    return format_date(local, "long", locale=get_locale())
