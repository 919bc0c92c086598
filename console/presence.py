"""POST …/presence: somebody looks at the ticket; the answer says what is new on it, 204 where nothing is."""

from flask import g, render_template, request

from models import session
from models.base import now

from . import bp, me
from .composing import state_of
from .ticket_page import SHOWN, render


@bp.post("/tickets/<int:number>/presence")
def presence(number):
    """``state`` is that of the page, ``since`` the newest message on it when it was loaded; ``writing``; ``left``."""
    ticket = me().ticket(number)
    if request.form.get("left"):
        ticket.end_presence(me())
        session.commit()
        return "", 204
    ticket.note_presence(me(), bool(request.form.get("writing")), now())
    session.commit()
    others, version = ticket.others_here(me(), now()), ticket.version
    state = state_of(version, others)
    known = request.form.get("state", "")
    if state == known:
        return "", 204
    since = request.form.get("since", 0, type=int)
    told = {"others": others, "state": state, "news": ticket.said_since(max(0, min(since, 2**31 - 1)), me().contact)}
    if known.startswith(f"{version}."):
        return render_template("console/_ticket_presence.html", ticket=ticket, **told)
    ticket = me().ticket(number, *SHOWN)
    g.timezone = ticket.team.company.timezone
    return render(ticket, "console/_ticket_news.html", told=told)
