"""One message: to another ticket, to a ticket of its own, and back (R-MAIL-2)."""

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import Message, session
from models.access import LARGEST_ID
from models.listing import tickets_of
from models.moving import CannotMove, move_back, move_message, split_message
from web.retry import again_after_deadlock

from . import bp, me
from .choices import trim
from .ticket_page import address_of

WHY = {
    "hidden": _l("There is no such ticket, or you do not see it."),
    "closed": _l("Closed tickets are locked."),
    "company": _l("That ticket belongs to another company."),
    "here": _l("The message stands on that ticket already."),
    "only": _l("It is the only message of its ticket: merge the tickets instead."),
    "customer": _l("That ticket has another customer, who will not see this message. Move it all the same?"),
}


@bp.get("/tickets/<int:number>/messages/<int:id>")
def message_page(number, id):
    ticket = me().ticket(number)
    return render_template("console/message.html", ticket=ticket, message=_message(ticket, id), typed=request.args)


@bp.post("/tickets/<int:number>/messages/<int:id>/moves")
@again_after_deadlock
def move_this_message(number, id):
    """``to`` is *new*, *back*, or *other* with the number of a ticket in ``other``; ``subject`` is of a new one."""
    ticket = me().ticket(number)
    message, to = _message(ticket, id), request.form.get("to", "")
    try:
        if to == "back" and message.moved_from_id:
            target = move_back(message, me().contact)
        elif to == "new":
            target = split_message(message, me().contact, trim(request.form.get("subject", "")))
        else:
            target = _other(message)
            move_message(message, target, me().contact)
        session.commit()
    except CannotMove as refusal:
        session.rollback()
        ticket = me().ticket(number)
        page = render_template(
            "console/message.html", ticket=ticket, message=_message(ticket, id), typed=request.form,
            refusal=WHY[refusal.reason], ask=refusal.reason == "customer",
        )  # fmt: skip
        return page, 422
    flash(_("The message stands on this ticket now."), "success")
    return redirect(address_of(target, _anchor=f"message-{id}"), 303)


def _other(message):
    found = tickets_of(me(), [request.form.get("other", 0, type=int)])
    if not found:
        raise CannotMove("hidden")
    if found[0].customer_id != message.ticket.customer_id and "confirmed" not in request.form:
        raise CannotMove("customer")
    return found[0]


def _message(ticket, id) -> Message:
    message = session.get(Message, id) if id <= LARGEST_ID else None
    if message is None or message.ticket_id != ticket.id:
        abort(404)
    return message
