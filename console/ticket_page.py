"""One ticket as a page, and as the parts of it that change while somebody writes an answer."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value
from wtforms.fields import SelectChoice

from models import Event, Message, Ticket, session
from models.base import plain_rows
from models.people import Contact, User
from models.phone import readable_phone
from models.stage import stage_names
from models.ticket import Tag, ticket_tags
from web.locale import gettext as _
from web.redirects import safe_next
from web.respond import asked_by_htmx, respond

from . import me
from .by_mail import by_mail
from .composing import composing
from .forms import PRIORITIES, CloseForm, EditForm, FollowerForm, PhoneForm

# What the page shows of the ticket itself; ``_load_story`` brings the rest, in as many queries whatever their number.
SHOWN = (
    joinedload(Ticket.team),
    joinedload(Ticket.stage),
    joinedload(Ticket.customer),
    joinedload(Ticket.assignee),
    joinedload(Ticket.rating),
    joinedload(Ticket.closing),
    joinedload(Ticket.follow_ups).load_only(Ticket.id),
    joinedload(Ticket.merged).load_only(Ticket.id, Ticket.merged_into_id, Ticket.subject),
)
ICONS = {
    "created": "ticket",
    "assigned": "user-check",
    "stage": "arrow-right",
    "closed": "lock",
    "reopened": "lock-open",
    "reminded": "bell",
    "merged": "git-merge",
    "unmerged": "git-merge",
    "followed": "user-plus",
    "unfollowed": "user-off",
    "rated": "mood-smile",
    "team": "users",
    "priority": "star",
    "tagged": "tag",
    "edited": "pencil",
    "contact_attempt": "phone",
}


ADDRESS = re.compile(r"[^\s,;:@]{1,64}@[^\s,;:@]{1,190}")


@dataclass
class Moment:
    """One line of the story: a message or an event of the history."""

    at: datetime
    message: Message | None = None
    event: Event | None = None

    @property
    def icon(self) -> str:
        return ICONS[self.event.kind]


class Names:
    """The history keeps addresses, which outlive names; whoever has a name is called by it.

    ``people`` are called by theirs wherever their address stands, others only where we wrote it; of those, ``others``
    are loaded already.
    """

    def __init__(self, people, events, others=()):
        self.of = {one.email: one.name for one in people}
        told = " ".join(words for event in events for words in _people_told(event) if words and "@" in words)
        told_of = {address.lower() for address in ADDRESS.findall(told)}
        self.of |= {one.email: one.name for one in others if one.email in told_of}
        if unknown := told_of - set(self.of):
            self.of.update(plain_rows(_names(), {"addresses": list(unknown)}))

    def __call__(self, words: str) -> str:
        return ADDRESS.sub(lambda found: self.of.get(found[0].lower()) or found[0], words) if "@" in words else words


def _people_told(event):
    """What we wrote of people into a line of the history. Whoever writes an address there, into a subject or a reason,
    learns no name by it."""
    if event.kind not in ("assigned", "followed", "unfollowed"):
        return ()
    return event.from_, event.to, "" if event.by_id else event.why


@cache
def _names():
    return select(Contact.email, Contact.name).where(Contact.email.in_(bindparam("addresses", expanding=True)))


@cache
def _story():
    """The statements that load tags, messages and history, built once."""
    here, author = bindparam("ticket"), joinedload(Message.author).joinedload(Contact.user).lazyload(User.contact)
    said = select(Message).where(Message.ticket_id == here).order_by(Message.at, Message.id)
    done = select(Event).where(Event.ticket_id == here).order_by(Event.at, Event.id)
    tags = select(Tag).join(ticket_tags, ticket_tags.c.tag_id == Tag.id).where(ticket_tags.c.ticket_id == here)
    return {
        "tags": tags.order_by(Tag.name),
        "messages": said.options(author, joinedload(Message.attachments)),
        "events": done.options(joinedload(Event.by)),
    }


def _load_story(ticket):
    for name, statement in _story().items():
        set_committed_value(ticket, name, list(session.scalars(statement, {"ticket": ticket.id}).unique()))


def story(ticket) -> list[Moment]:
    """Messages and history in the order of time; at the same moment, what was said comes first."""
    merged = (
        ticket.merged_into_id is not None
    )  # what was said to it stands on the one that stays, and is shown here too
    messages = [one for one in ticket.stays.messages if one.home_id == ticket.id] if merged else ticket.messages
    moments = [Moment(message.at, message=message) for message in messages]
    moments += [Moment(event.at, event=event) for event in ticket.events if event.kind != "created"]
    return sorted(moments, key=lambda one: (one.at, one.event is not None))


def render(ticket, template="console/ticket.html", told=None, **forms) -> str:
    """The ticket with its forms; those given were refused and keep what was typed. ``told`` is for other templates."""
    _load_story(ticket)
    opened = request.args.get("open")
    following = ticket.following
    followers = [one.contact for one in following]
    known = [*followers, *(event.by for event in ticket.events if event.by)]
    loaded = [ticket.customer, *([ticket.assignee.contact] if ticket.assignee else [])]
    return render_template(
        template,
        ticket=ticket,
        story=story(ticket),
        followers=followers,
        stage_options=stage_names(ticket.team_id),
        assignee_options=_assignees(ticket) if opened == "assignee" else None,
        named=Names(known, ticket.events, loaded),
        mails=by_mail(ticket, followers),
        priority_options=PRIORITIES,
        sees_team=me().sees(ticket.team),
        links=ticket.links if me().administrator else [],
        answered=ticket.answered,
        close=forms.get("close") or CloseForm(formdata=None),
        **{name: forms.get(name) or (make(ticket) if name == opened else None) for name, make in FURTHER.items()},
        refusal=forms.get("refusal"),
        closing_asked=forms.get("closing_asked", False),
        **(composing(ticket, following, forms.get("reply")) if template == "console/ticket.html" else told or {}),
    )


def _assignees(ticket) -> list[tuple]:
    """Whom the ticket can be given to, loaded when somebody asks for them: ``?open=assignee``."""
    return [("", _("Nobody")), *((one.id, str(one)) for one in ticket.team.assignable_people)]


def edit_form(ticket, formdata=None) -> EditForm:
    """The ticket's properties; given ``formdata``, fields that were not sent are left out of the form."""
    now = {name: getattr(ticket, name) for name in ("subject", "priority", "never_auto_close")}
    form = EditForm(formdata, data=now | {"tags": ", ".join(tag.name for tag in ticket.tags), "team": ticket.team_id})
    choices = teams_for(ticket) | {ticket.team_id: ticket.team.name}
    form.team.choices = [SelectChoice(*choice) for choice in choices.items()]
    if formdata is not None:
        for name in ("subject", "priority", "tags", "team", "never_auto_close"):
            if name not in formdata:
                delattr(form, name)
    return form


# The forms that are loaded when somebody opens them: ``?open=edit``.
FURTHER = {
    "edit": edit_form,
    "follower": lambda ticket: FollowerForm(formdata=None),
    "phone": lambda ticket: PhoneForm(formdata=None, data={"phone": readable_phone(ticket.customer.phone or "")}),
}


def teams_for(ticket) -> dict[int, str]:
    """The teams that may take this ticket: those of the same company that this user may see."""
    return me().team_names(ticket.team.company_id)


def address_of(ticket, **more) -> str:
    return url_for("console.ticket", number=ticket.id, **more)


def changed(number: int, message: str = ""):
    """After a change: the parts of the page that show it, or the way back to the page."""
    if not asked_by_htmx():
        return respond("", back=safe_next(url_for("console.ticket", number=number)), message=message)
    ticket = me().ticket(number, *SHOWN)
    parts = render(ticket, "console/_ticket_parts.html")
    return parts + (render_template("_said.html", message=message) if message else "")


def whole_page_again(number: int, message: str = ""):
    """After a change of what may be done at all: the whole page, also for htmx."""
    back = url_for("console.ticket", number=number)
    if message:
        flash(message, "success")
    return ("", 204, {"HX-Redirect": back}) if asked_by_htmx() else redirect(back, 303)


def refused(number: int, **forms):
    """422: the page, or its parts, with what was typed and why it can't be."""
    ticket = me().ticket(number, *SHOWN)
    return render(ticket, "console/_ticket_parts.html" if asked_by_htmx() else "console/ticket.html", **forms), 422
