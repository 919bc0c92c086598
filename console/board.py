"""A team's board, and the ways to move a card: dragging, the window behind its menu, a page without script."""

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from models import Stage, session
from models.base import now
from models.board import columns, fold_column, place_before, place_first, step
from models.listing import tickets_of
from models.stage import NotInPipeline, order_stages
from models.workload import forgotten_by, stuck
from web.redirects import safe_next
from web.respond import asked_by_htmx, respond

from . import administrators_only, bp, me
from .closings import ask_why, reason_typed
from .pipeline import stages_known_to
from .ticket_page import address_of, changed, whole_page_again


@bp.get("/teams/<int:id>")
def board(id):
    team = me().team(id)
    waiting = forgotten_by(team, now())
    return render_template("console/board.html", stuck=stuck(team, now()), forgotten=waiting, **_board(team))


def _board(team) -> dict:
    return {"team": team, "columns": columns(team, me())}


@bp.get("/tickets/<int:number>/moves")
def move_page(number):
    """The window behind a card's menu, as a page for those without script."""
    ticket = me().ticket(number)
    return render_template("console/move.html", ticket=ticket, stage=ticket.stage)


@bp.post("/tickets/<int:number>/moves")
def move(number):
    """``stage`` is where to, ``before`` the number of the card right below, empty for the end of the column.

    Without ``before``, ``place`` may say first, last, up or down; without either the card comes first. ``why`` is the
    reason for a move that closes.
    """
    ticket = me().ticket(number)
    on_its_page = request.form.get("page") == "ticket"
    was_closed, stage, why = ticket.closed, _stage(ticket), reason_typed()
    if stage.folded and not was_closed and not why and not ticket.answered:
        return ask_why(number) if on_its_page else _ask_why_of_card(ticket, stage)
    try:
        ticket.move_to(stage, by=me().contact, why=why)
    except NotInPipeline:
        session.rollback()
        abort(422)
    _place(ticket)
    session.commit()
    if on_its_page:
        after = whole_page_again if ticket.closed != was_closed else changed
        return after(number, _("Moved to %(stage)s.", stage=stage.name))
    return _answer(ticket)


def _ask_why_of_card(ticket, stage):
    """Closing without an answer asks for a reason (R-CLOSE-9): on the board in a window, else on a page."""
    if asked_by_htmx():
        return render_template("console/_why.html", ticket=ticket, stage=stage), 422
    return render_template("console/move.html", ticket=ticket, stage=stage, why_asked=True), 422


def _stage(ticket) -> Stage:
    wanted = request.form.get("stage", type=int)
    return next((stage for stage in ticket.team.stages if stage.id == wanted), None) or abort(422)


def _place(ticket):
    place = request.form.get("place")
    if "before" in request.form:
        other = tickets_of(me(), [request.form.get("before", 0, type=int)])
        place_before(ticket, _peer(ticket, other[0]) if other else None)
    elif place == "last":
        place_before(ticket, None)
    elif place == "first":
        place_first(ticket)
    elif place in ("up", "down"):
        step(ticket, up=place == "up")


def _peer(ticket, other):
    return (
        other if (other.team_id, other.stage_id) == (ticket.team_id, ticket.stage_id) and other is not ticket else None
    )


def _answer(ticket):
    """The board the ticket is on; who sees the ticket alone goes back to its page."""
    if not me().sees(ticket.team):
        return redirect(address_of(ticket), 303)
    back = safe_next(url_for("console.board", id=ticket.team_id))
    return respond("console/_board.html", back=back, **_board(ticket.team))


@bp.post("/stages/order")
@administrators_only
def order():
    """``stages`` are ids in their new order; stages that are not named keep their places around them (R-STAGE-4)."""
    ids = list(dict.fromkeys(request.form.getlist("stages", type=int)))
    known = {stage.id: stage for stage in stages_known_to(me())}
    if not ids or not set(ids) <= set(known):
        abort(422)
    order_stages([known[id] for id in ids])
    session.commit()
    team = request.args.get("team", type=int)
    if team:
        return respond("console/_board.html", back=url_for("console.board", id=team), **_board(me().team(team)))
    return respond("_said.html", back=safe_next(url_for("console.dashboard")), message=_("The order is saved."))


@bp.post("/stages/<int:id>/fold")
def fold(id):
    """Fold or unfold a column for this user alone: a view setting that closes nothing (R-STAGE-3)."""
    team = me().team(request.form.get("team", 0, type=int)) if "team" in request.form else None
    seen = [team] if team else me().teams()
    stage = next((stage for one in seen for stage in one.stages if stage.id == id), None) or abort(404)
    fold_column(me(), stage, request.form.get("folded") in ("1", "on", "true", "y"))
    session.commit()
    team = team or next(one for one in seen if stage in one.stages)
    return respond("console/_board.html", back=url_for("console.board", id=team.id), **_board(team))
