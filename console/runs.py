"""The runs of automatic closing of a team, and their undo (R-CLOSE-4b)."""

import logging

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models import Batch, BatchTicket, Ticket, session
from models.access import LARGEST_ID, NotVisible
from models.batch import batches_of
from models.closing import TicketClosed

from . import administrators_only, bp, me

MOST_LISTED = 200
log = logging.getLogger(__name__)


@bp.get("/teams/<int:id>/closings")
@administrators_only
def runs(id):
    team = me().team(id)
    return render_template("console/runs.html", team=team, runs=batches_of(team))


@bp.get("/closings/<int:id>")
@administrators_only
def run(id):
    """One run: its tickets, what became of them, and what an undo would bring back."""
    found = run_of(id)
    query = select(BatchTicket).where(BatchTicket.batch_id == found.id).limit(MOST_LISTED)
    query = query.options(joinedload(BatchTicket.ticket).joinedload(Ticket.stage), joinedload(BatchTicket.stage))
    rows = list(session.scalars(query.order_by(BatchTicket.active_at, BatchTicket.ticket_id)))
    restorable = None if found.undone_at else found.restorable()
    return render_template("console/run.html", run=found, team=found.team, rows=rows, restorable=restorable)


def run_of(id) -> Batch:
    """A run of a team that this administrator sees; NotVisible."""
    found = session.get(Batch, id) if id <= LARGEST_ID else None
    if found is None:
        raise NotVisible
    me().team(found.team_id)
    return found


@bp.post("/closings/<int:id>/undoing")
@administrators_only
def undo_run(id):
    found = run_of(id)
    again = found.undone_at is not None
    try:
        restored = found.undo(by=me().contact)
    except TicketClosed:
        session.rollback()
        abort(422, _("This team has no stage for open tickets: there is nowhere to put them back."))
    session.commit()
    log.info("user %s undid run %s of team %s: %s of %s tickets", me().id, id, found.team_id, restored, found.size)
    if again:
        flash(_("This run was undone before."), "info")
        return redirect(url_for(".run", id=id), 303)
    words = [ngettext("%(num)s ticket is back.", "%(num)s tickets are back.", restored)]
    if found.touched:
        words.append(
            ngettext(
                "%(num)s stays as it is: somebody touched it since.",
                "%(num)s stay as they are: somebody touched them since.",
                found.touched,
            )
        )
    flash(" ".join([*words, _("Automatic closing of the team is switched off.")]), "success")
    return redirect(url_for(".run", id=id), 303)
