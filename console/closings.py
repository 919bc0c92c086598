"""POST …/closing and …/reopening."""

from flask import request
from flask_babel import gettext as _

from models import session
from models.closing import TicketClosed

from . import bp, me
from .forms import CloseForm
from .ticket_page import refused, whole_page_again

LONGEST_REASON = 2000


@bp.post("/tickets/<int:number>/closing")
def close(number):
    ticket, form = me().ticket(number), CloseForm()
    if not form.validate_on_submit():
        return refused(number, close=form, closing_asked=True)
    if not form.why.data and not ticket.closed and not ticket.answered:
        return ask_why(number)
    ticket.close(by=me().contact, why=form.why.data or "")
    session.commit()
    return whole_page_again(number, _("The ticket is closed."))


def reason_typed() -> str:
    return request.form.get("why", "").replace("\0", "").strip()[:LONGEST_REASON]


def ask_why(number):
    """The form for closing, open: without an answer to the customer the history needs a reason (R-CLOSE-9)."""
    form = CloseForm(formdata=None)
    form.why.errors = [_("Nobody has answered this customer: say why the ticket is closed all the same.")]
    return refused(number, close=form, closing_asked=True)


@bp.post("/tickets/<int:number>/reopening")
def reopen(number):
    ticket = me().ticket(number)
    try:
        ticket.reopen(by=me().contact)
        session.commit()
    except TicketClosed:
        session.rollback()
        return refused(number, refusal=_("This team has no stage for open tickets: there is nowhere to reopen it."))
    return whole_page_again(number, _("The ticket is open again."))
