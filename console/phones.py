"""The phone number of a ticket's customer: POST …/phone. SMS go there."""

import logging

from flask import abort
from flask_babel import gettext as _

from models import session

from . import bp, me
from .forms import PhoneForm
from .ticket_page import changed, refused

log = logging.getLogger(__name__)


@bp.post("/tickets/<int:number>/phone")
def phone(number):
    """Whoever may see the ticket may note its customer's number; that of a colleague is their own (rule 10)."""
    customer, form = me().ticket(number).customer, PhoneForm()
    if customer.internal:
        abort(403)
    if not form.validate_on_submit():
        return refused(number, phone=form)
    customer.phone = form.phone.data or None
    session.commit()
    log.info("user %s changed the phone number of contact %s", me().id, customer.id)
    return changed(number, _("The phone number is kept.") if customer.phone else _("The phone number is gone."))
