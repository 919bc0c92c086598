"""What a template will say, shown while it is typed: about a real ticket, in each language; and a test to oneself."""

from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mail import trial
from mail.headers import one_line
from mail.letters import Letter, from_words
from mail.placeholders import values_about
from mail.segments import Segments, segments
from models import Ticket, User, now, session
from models.access import NotVisible
from models.template import PLACEHOLDERS
from models.visibility import tickets_visible_to
from web.respond import respond

from . import administrators_only, bp, me
from .template_form import MEANINGS, TemplateForm

RECENT = 20  # tickets offered for the preview
EXAMPLE_TOKEN = "example-".ljust(55, "x")  # as long as a real one, which counts in an SMS
ABOUT = (joinedload(Ticket.customer), joinedload(Ticket.team), joinedload(Ticket.stage),
         joinedload(Ticket.assignee).joinedload(User.contact))  # fmt: skip


@dataclass
class Preview:
    """A mail as its letter, or an SMS as its text and what the gateway will count."""

    language: str
    letter: Letter
    text: str
    count: Segments


@bp.post("/templates/previews")
@administrators_only
def preview_template():
    """The previews alone, for a page that is typed on; with ``test``, one of them to oneself."""
    form = TemplateForm()
    shown = previews(form)
    said = send_test(form, shown) if "test" in request.form else ""
    return respond("console/_template_previews.html", back=url_for(".templates"), message=said, form=form, **shown)


def previews(form) -> dict:
    """What the page shows of them; nothing where the words cannot be sent, for the reasons that stand at the fields."""
    recent = session.scalars(select(Ticket).where(tickets_visible_to(me())).order_by(Ticket.id.desc()).limit(RECENT))
    recent = recent.all()
    ticket, unknown = _chosen(form, recent)
    refused = [] if form.texts_can_be_sent() else [form[name] for name in form.TEXTS if form[name].errors]
    made = [] if refused else [_preview(form.draft(), language, ticket) for language in form.languages()]
    return {"previews": made, "refused": refused, "recent": recent, "about": ticket, "unknown": unknown}


def _chosen(form, recent) -> tuple[Ticket | None, bool]:
    """The ticket that the preview is about, and whether another one was asked for in vain."""
    typed = (form.ticket.data or "").strip().removeprefix("#")
    try:
        if typed:
            return me().ticket(int(typed) if typed.isdecimal() and len(typed) < 10 else 0, *ABOUT), False
    except NotVisible:
        pass
    return (me().ticket(recent[0].id, *ABOUT) if recent else None), bool(typed)


def _preview(draft, language, ticket) -> Preview:
    with force_locale(language):
        said = example(ticket)
        subject, body = draft.fill(language, said)
        letter, text = from_words(one_line(subject, 400), body, said["link"]), body.strip()
        return Preview(language, letter, text, segments(text))


def example(ticket) -> dict:
    """A value for each placeholder, as a customer whom we know would read it. The link is not theirs but made up."""
    link = f"{current_app.config['BASE_URL']}/ticket/{EXAMPLE_TOKEN}"
    made_up = {
        "customer": "Camille Martin", "number": "1", "subject": _("The scanner does not start"), "team": _("Support"),
        "stage": _("New"), "agent": "Agnes", "link": link, "why": _("our work on it is done."), "reopen_days": "7",
        "closes_on": format_date(now(), "long"),
    }  # fmt: skip
    real = values_about(ticket, link, one_line(ticket.subject)) if ticket else {}
    return {name: real.get(name) or made_up[name] for name in PLACEHOLDERS}


def send_test(form, shown) -> str:
    """Send one of the previews to oneself; returns what to say about it."""
    wanted = request.form.get("test")
    one = next((one for one in shown["previews"] if one.language == wanted), None)
    if one is None:
        return _("There is nothing to send yet.")
    contact = me().contact
    if form.channel.data == "email":
        trial.mail_to(contact, one.letter)
        address = contact.email
    elif contact.phone:
        trial.text_to(contact, one.text)
        address = contact.phone
    else:
        return _("Your account has no phone number. Add it to your account first.")
    session.commit()
    return _("A test is on its way to %(address)s.", address=address)


def placeholders_offered(ticket) -> list[tuple[str, object, str]]:
    """Name, meaning and an example of each."""
    said = example(ticket)
    return [(name, MEANINGS[name], said[name]) for name in PLACEHOLDERS]
