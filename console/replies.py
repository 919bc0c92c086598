"""POST …/replies: a public reply, or an internal note."""

from flask_babel import gettext as _

from models import session
from models.attachment import TooLarge
from models.closing import TicketClosed
from models.message import EmptyMessage

from . import bp, me
from .forms import ReplyForm, key_of, uploads
from .ticket_page import refused, whole_page_again


@bp.post("/tickets/<int:number>/replies")
def reply(number):
    ticket, form = me().ticket(number), ReplyForm()
    if not form.validate_on_submit():
        return refused(number, reply=form)
    try:
        ticket.reply(
            me().contact,
            form.body.data or "",
            attachments=uploads(form.attachments),
            internal=form.internal.data,
            key=key_of(form),
        )
        session.commit()
    except EmptyMessage:
        return _again(number, form, "body", _("Write something, or attach a file."))
    except TooLarge as refusal:
        return _again(number, form, "attachments", _("%(name)s is too large.", name=refusal))
    except TicketClosed:
        return _again(number, form, "body", _("This ticket was closed meanwhile. Reopen it to reply."))
    return whole_page_again(number, _("Note added.") if form.internal.data else _("Reply sent."))


def _again(number, form, field, words):
    session.rollback()
    form[field].errors = [words]
    return refused(number, reply=form)
