"""Who is notified of a ticket: POST …/followers and …/followers/<contact>/removal."""

from flask_babel import gettext as _

from models import session
from models.follower import StillNeeded
from models.people import Contact

from . import bp, me
from .forms import FollowerForm
from .ticket_page import changed, refused


@bp.post("/tickets/<int:number>/followers")
def follow(number):
    ticket, form = me().ticket(number), FollowerForm()
    if not form.validate_on_submit():
        return refused(number, follower=form)
    contact = Contact.get_or_create(form.email.data)
    ticket.add_follower(contact, by=me().contact)
    session.commit()
    return changed(number, _("%(name)s follows this ticket.", name=contact))


@bp.post("/tickets/<int:number>/followers/<int:id>/removal")
def unfollow(number, id):
    ticket = me().ticket(number)
    contact = next((one for one in ticket.followers if one.id == id), None)
    if contact is None:
        return changed(number)
    try:
        ticket.remove_follower(contact, by=me().contact)
        session.commit()
    except StillNeeded:
        session.rollback()
        return refused(number, refusal=_("The assignee follows the ticket: assign it to somebody else first."))
    if not me().sees(ticket):
        return changed_away()
    return changed(number, _("%(name)s no longer follows this ticket.", name=contact))


def changed_away():
    """The reader gave up what let them see the ticket."""
    from flask import flash, redirect, url_for

    from web.respond import asked_by_htmx

    flash(_("You no longer follow this ticket, and no longer see it."), "success")
    back = url_for("console.tickets")
    return ("", 204, {"HX-Redirect": back}) if asked_by_htmx() else redirect(back, 303)
