"""Lists for a glance: what a team has forgotten to answer (R-CLOSE-3b), and the thank-yous of a day (R-CLOSE-8)."""

from flask import render_template
from sqlalchemy import select

from models import Ticket, session
from models.base import now
from models.listing import rows_of
from models.thanks import latest_thanks, phrases

from . import bp, me

MOST_LISTED = 100


@bp.get("/teams/<int:id>/forgotten")
def forgotten(id):
    """Open tickets whose customers wait for us longer than the days of the rule, longest first."""
    team = me().team(id)
    query = select(Ticket.id).where(team.forgotten(now())).order_by(Ticket.waiting_since, Ticket.id)
    ids = list(session.scalars(query.limit(MOST_LISTED + 1)))
    return render_template(
        "console/forgotten.html", team=team, rows=rows_of(me(), ids[:MOST_LISTED]), more=len(ids) > MOST_LISTED
    )


@bp.get("/thanks")
def thanks():
    return render_template("console/thanks.html", messages=latest_thanks(me(), now()), phrases=phrases())
