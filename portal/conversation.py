"""The ticket's page, and what a customer does there: write, close, come back, rate, fetch a file."""

import hashlib
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models.access import LARGEST_ID
from models.attachment import Attachment, TooLarge
from models.base import now, session
from models.closing import ClosureNotOffered, TicketClosed
from models.message import EmptyMessage, Message
from models.people import Contact, User
from models.rating import UnknownScore
from web import files

from . import throttle
from .doors import Door, both_doors
from .fields import SCORES, files_limit, remind_of_files, score_of, too_large, uploads
from .forms import ClosingForm, RatingForm, ReopeningForm, ReplyForm
from .outlook import Outlook

FORMS = {"reply": ReplyForm, "reopening": ReopeningForm, "closing": ClosingForm, "rating": RatingForm}


@dataclass
class Speaker:
    """Somebody as the others on the ticket see them: by name, never by their whole address."""

    id: int
    name: str
    email: str = ""


@dataclass
class Shown:
    """A message as the page shows it."""

    id: int
    at: Any
    body: str
    author: Speaker
    attachments: list
    mine: bool
    staff: bool
    internal: bool = False


def shown(message: Message, door: Door) -> Shown:
    author, staff = message.author, message.author.internal and message.author_id != door.face.customer_id
    name = author.name or (door.face.team.name if staff else author.email.partition("@")[0])
    return Shown(
        id=message.id,
        at=message.at,
        body=message.body,
        author=Speaker(author.id, name),
        attachments=message.attachments,
        mine=message.author_id == door.contact.id,
        staff=staff,
    )


def conversation(door: Door) -> list[Shown]:
    """What they may read, oldest first; no notes, no words of other customers (R-VIS-9, R-MERGE-3)."""
    return [shown(message, door) for message in session.scalars(_said(door.readable), door.asked).unique()]


@lru_cache(maxsize=8)
def _said(readable):
    """One statement for each way in."""
    author = joinedload(Message.author).joinedload(Contact.user).lazyload(User.contact)
    query = select(Message).where(readable).order_by(Message.at, Message.id)
    return query.options(author, joinedload(Message.attachments))


def show(door: Door, **forms) -> str:
    """The page; a refused form among ``forms`` stands there with what was typed."""
    for name, kind in FORMS.items():
        forms.setdefault(name, kind(formdata=None))
        if "key" in forms[name] and not forms[name].key.data:
            forms[name].key.data = uuid.uuid4().hex
        if "attachments" in forms[name]:
            remind_of_files(forms[name].attachments)
    return render_template(
        "portal/ticket.html",
        door=door,
        ticket=door.ticket,
        face=door.face,
        messages=conversation(door),
        outlook=Outlook(door.ticket, now()),
        forms=forms,
        files_limit=files_limit(),
        scores=dict(SCORES),
    )


def refused(door: Door, name: str, form):
    return show(door, **{name: form}), 422


def key_of(door: Door, form) -> str | None:
    """The key of this message: the same form sent again is the same message, an edited one is another."""
    if not form.key.data:
        return None
    files = [file.name for file in uploads(form.attachments)]
    words = [form.key.data, door.ticket.id, door.contact.id, form.body.data, *files]
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()


@both_doors("")
def page(door):
    if not door.link and door.face.number != request.view_args["number"]:
        return redirect(door.url())  # of a merged ticket, to the one that stays
    return show(door)


@both_doors("/replies", methods=["POST"])
def replies(door):
    return write(door, "reply", ReplyForm(), door.face.reply)


@both_doors("/reopening", methods=["POST"])
def reopening(door):
    return write(door, "reopening", ReopeningForm(), door.face.not_solved)


def write(door: Door, name: str, form, verb):
    """Say something by a verb of the ticket, and go to the ticket on which it stands then."""
    if not form.validate_on_submit():
        return refused(door, name, form)
    was_closed = door.ticket.closed
    try:
        written = verb(door.contact, form.body.data or "", uploads(form.attachments), key=key_of(door, form))
    except EmptyMessage:
        return refuse(door, name, form, form.body, _("Write something, or add a file."))
    except TooLarge as error:
        return refuse(door, name, form, form.attachments, too_large(str(error)))
    except TicketClosed:
        words = (
            _("This ticket is closed. Reopen it in the console first.")
            if door.contact.internal
            else _("This ticket is closed. Write what is still missing, and we take it up again.")
        )
        return refuse(door, name, form, form.body, words)
    ticket = written.ticket if isinstance(written, Message) else written
    door.note_use()
    target = door.url_of(ticket)
    thanks = isinstance(written, Message) and written.thanks
    spoken = form.body.data or uploads(form.attachments)
    words = said(door, ticket, was_closed, thanks) if spoken else _("Thank you for telling us. It is our turn again.")
    flash(words, "success")
    session.commit()
    return redirect(target, 303)


def said(door: Door, ticket, was_closed: bool, thanks: bool) -> str:
    if thanks:
        return _("Thank you! The ticket stays as it is.")
    if ticket is not door.ticket:
        return _("We have your message. It is now ticket #%(number)s.", number=ticket.number)
    if was_closed and not ticket.closed:
        return _("We have your message, and the ticket is open again.")
    return _("We have your message.")


def refuse(door: Door, name: str, form, field, words: str):
    """The model said no: the words stand at the field, and nothing of the attempt is kept."""
    session.rollback()
    field.errors = [*field.errors, words]
    return refused(_again(door), name, form)


def _again(door: Door) -> Door:
    return Door.by_link(door.link.token) if door.link else Door.signed_in(door.face.id)


@both_doors("/closing", methods=["POST"])
def closing(door):
    form = ClosingForm()
    if not form.validate_on_submit():
        return refused(door, "closing", form)
    try:
        if not door.own:
            raise ClosureNotOffered
        door.ticket.close_by_customer(door.contact, form.comment.data or "", score_of(form.score))
    except ClosureNotOffered:
        words = _("This ticket is not yours to close. Write us a message instead.")
        return refuse(door, "closing", form, form.comment, words)
    except TicketClosed:
        words = _("The ticket was closed meanwhile. Send us these words as a message instead.")
        return refuse(door, "closing", form, form.comment, words)
    except UnknownScore:
        return refuse(door, "closing", form, form.score, _("Choose one of the three answers."))
    door.note_use()
    session.commit()
    # A team may have no folded stage: then this is as far as its tickets go (R-CLOSE-1).
    words = _("The ticket is closed. Thank you.") if door.ticket.closed else _("Thank you, we have noted it.")
    flash(words, "success")
    return redirect(door.url(), 303)


@both_doors("/rating", methods=["POST"])
def rating(door):
    form = RatingForm()
    if not form.validate_on_submit():
        return refused(door, "rating", form)
    if not (door.own and door.ticket.closed):
        return refuse(door, "rating", form, form.score, _("A ticket is rated by its customer, once it is closed."))
    try:
        door.ticket.rate(score_of(form.score), form.comment.data or "", by=door.contact)
    except UnknownScore:
        return refuse(door, "rating", form, form.score, _("Choose one of the three answers."))
    door.note_use()
    session.commit()
    flash(_("Thank you for telling us."), "success")
    return redirect(door.url(), 303)


@both_doors("/attachments/<int:id>")
def attachment(door, id):
    return files.download(_file(door, id))


@both_doors("/attachments/<int:id>/picture")
def attachment_picture(door, id):
    answer = files.picture(_file(door, id))
    if door.link:
        answer.headers["Cache-Control"] = "no-store"  # threat model, rule 16
    return answer


def _file(door, id) -> Attachment:
    """A file of a public message of this ticket (threat model, rule 8)."""
    wanted = select(Attachment).join(Message).where(Attachment.id == id, door.readable)
    found = session.scalar(wanted, door.asked) if id <= LARGEST_ID else None
    if found is None:
        abort(404)
    return found


def _shows_again(name: str, view: str):
    """Whoever wrote too often gets the form back as they filled it in, by either door."""
    by_link, signed_in = throttle.shows_again(f"portal.link_{view}"), throttle.shows_again(f"portal.my_{view}")
    by_link(lambda token: show(Door.by_link(token), **{name: _filled(FORMS[name]())}))
    signed_in(lambda number: show(Door.signed_in(number), **{name: _filled(FORMS[name]())}))


for _name in FORMS:
    _shows_again(_name, "replies" if _name == "reply" else _name)


def _filled(form):
    """The form with what was typed, and the reason why it has to wait."""
    words = form.body if "body" in form else form.comment
    words.errors = [_("That was a lot at once. Please wait some minutes, then send it again.")]
    return form
