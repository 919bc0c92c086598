"""POST …/replies: a public reply, or an internal note; …/replies/<id>/undoing takes it back."""

from flask import abort, redirect
from flask_babel import gettext as _

from models import Message, session
from models.access import LARGEST_ID
from models.attachment import TooLarge
from models.closing import TicketClosed
from models.message import EmptyMessage
from models.undo import AlreadyGone, BuiltUpon, MergedMeanwhile, NewerMessage

from . import bp, me
from .drafts import draft_files, keep_refused
from .forms import ReplyForm, key_of, uploads
from .ticket_page import address_of, refused, whole_page_again


@bp.post("/tickets/<int:number>/replies")
def reply(number):
    ticket, form = me().ticket(number), ReplyForm()
    merged = ticket.merged_into_id is not None
    if not form.validate_on_submit():
        return refused(number, reply=form)
    try:
        return _said(ticket, form)
    except EmptyMessage:
        return _again(number, form, "body", _("Write something, or attach a file."))
    except TooLarge as refusal:
        return _again(number, form, "attachments", _("%(name)s is too large.", name=refusal))
    except TicketClosed:
        words = _("This ticket was closed meanwhile. Reopen it to reply.")
        if merged:  # what was meant for one customer does not go to all of them
            words = _("This ticket was merged meanwhile: write on the one that stays.")
    except MergedMeanwhile:
        form.merged.data = len(me().ticket(number).merged)
        words = _("A ticket was merged into this one meanwhile: see who will get your reply, then send or change it.")
    except NewerMessage as newer:
        form.seen.data = newer.messages[-1].id
        words = _("%(name)s wrote meanwhile. Read it, then send your reply as it is, or change it.",
                  name=newer.messages[-1].author)  # fmt: skip
    session.rollback()
    keep_refused(me().ticket(number), form, uploads(form.attachments))
    return _again(number, form, "body", words)


def _said(ticket, form):
    if ticket.merged_into_id is not None:
        raise TicketClosed
    internal, kept = form.internal.data, draft_files(ticket, form)
    message = ticket.answer(
        me(), form.body.data or "", attachments=[*kept, *uploads(form.attachments)], internal=internal,
        key=key_of(form), seen=form.seen.data, merged=form.merged.data,
    )  # fmt: skip
    ticket.forget_draft(me(), internal, sent=kept)
    session.commit()
    return redirect(address_of(ticket, _anchor=f"message-{message.id}"), 303)


def _again(number, form, field, words):
    session.rollback()
    form[field].errors = [words]
    return refused(number, reply=form)


@bp.post("/tickets/<int:number>/replies/<int:id>/undoing")
def undo(number, id):
    ticket = me().ticket(number)
    message = session.get(Message, id) if id <= LARGEST_ID else None
    if message is None:  # taken back already
        return whole_page_again(number)
    try:
        ticket.take_back(message, me())
        session.commit()
    except LookupError:
        abort(404)
    except AlreadyGone:
        session.rollback()
        return refused(number, refusal=_("It is too late to undo: the message has been sent."))
    except BuiltUpon:
        session.rollback()
        return refused(number, refusal=_("This can't be undone: something happened on the ticket since."))
    return redirect(address_of(ticket, _anchor="answer"), 303)
