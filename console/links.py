"""The signed links of a ticket, for administrators: POST …/links/revocation, …/links/<id>/revocation."""

from flask import current_app
from flask_babel import gettext as _

from models import session

from . import administrators_only, bp, me
from .ticket_page import changed


@bp.post("/tickets/<int:number>/links/revocation")
@administrators_only
def revoke_links(number):
    ticket = me().ticket(number)
    ticket.revoke_links()
    session.commit()
    current_app.logger.info("links of ticket %s revoked by user %s", ticket.id, me().id)
    return changed(number, _("No link opens this ticket any more."))


@bp.post("/tickets/<int:number>/links/<int:id>/revocation")
@administrators_only
def revoke_link(number, id):
    ticket = me().ticket(number)
    link = next((link for link in ticket.links if link.id == id), None)
    if link and not link.revoked_at:
        link.revoke()
        session.commit()
        current_app.logger.info("link %s of ticket %s revoked by user %s", link.id, ticket.id, me().id)
    return changed(number, _("The link no longer opens this ticket."))
