"""Who works a ticket: POST …/assignment with ``assignee``, an id, an address, "me", or nothing for nobody."""

from flask import request
from flask_babel import format_datetime
from flask_babel import gettext as _
from wtforms.validators import StopValidation

from models import session
from models.assignment import CannotBeAssigned
from models.base import now
from models.closing import TicketClosed
from models.people import User

from . import bp, me
from .ticket_page import changed, refused


@bp.post("/tickets/<int:number>/assignment")
def assign(number):
    ticket = me().ticket(number)
    try:
        user = assignee_named(request.form.get("assignee", ""), ticket.team)
        ticket.assign_to(user, by=me().contact)
        session.commit()
    except StopValidation as refusal:
        return refused(number, refusal=str(refusal))
    except CannotBeAssigned:
        session.rollback()
        return refused(number, refusal=cannot())
    except TicketClosed:
        session.rollback()
        return refused(number, refusal=_("This ticket is closed. Reopen it to assign it."))
    if user is None:
        return changed(number, _("Nobody is assigned now."))
    if away_until := user.away_until(now()):
        until = format_datetime(away_until, "short")
        return changed(number, _("Assigned to %(name)s, who is away until %(time)s.", name=user, time=until))
    return changed(number, _("Assigned to %(name)s.", name=user))


def assignee_named(value: str | None, team) -> User | None:
    """The user meant, among those who may be given tickets of this team; StopValidation for anybody else."""
    value = (value or "").strip()
    if not value:
        return None
    if value == "me":
        return me()
    for user in team.assignable_users:
        if value.lower() in (str(user.id), user.email):
            return user
    raise StopValidation(cannot())


def cannot() -> str:
    return _("Only people who take tickets and may see the team can be assigned.")
