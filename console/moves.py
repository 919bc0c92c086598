"""Moving a card: by dragging, by keys, by the window behind its menu, by a page without script."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from models import Contact, Stage, open_ticket, session
from models.closing import TicketClosed
from models.listing import tickets_of
from models.placing import place_after, place_before, place_first, step
from models.stage import NotInPipeline
from web.redirects import safe_next
from web.respond import asked_by_htmx, respond

from . import bp, me
from .board import Shown, answer_with
from .closings import ask_why, merged_words, reason_typed
from .forms import CardForm, key_of
from .ticket_page import address_of, changed, whole_page_again


@bp.get("/tickets/<int:number>/moves")
def move_page(number):
    """The window behind a card's menu, as a page for those without script."""
    ticket = me().ticket(number)
    return render_template("console/move.html", ticket=ticket, stage=ticket.stage)


@bp.post("/tickets/<int:number>/moves")
def move(number):
    """``stage`` is where to, ``before`` the number of the card right below, empty for the end of the column.

    Or ``after`` is the number of the card right above. Without either, ``place`` may say first, last, up or down;
    without it the card comes first. ``why`` is the reason for a move that closes. ``board`` in the address names the
    board that is answered with.
    """
    ticket = me().ticket(number)
    on_its_page = request.form.get("page") == "ticket"
    was_closed, stage, why = ticket.closed, _stage(ticket), reason_typed()
    if stage and stage.folded and not was_closed and not why and not ticket.answered:
        return ask_why(number) if on_its_page else _ask_why_of_card(ticket, stage)
    try:
        ticket.move_to(stage, by=me().contact, why=why)
        _place(ticket)
        session.commit()
    except (NotInPipeline, IntegrityError):
        session.rollback()
        return _stays(
            number, _("Team %(team)s does not have this stage, or not any more. The ticket stays in %(stage)s.")
        )
    except TicketClosed:
        session.rollback()
        closed = _("This ticket is closed. It stays in %(stage)s until somebody reopens it.")
        return _stays(number, merged_words() if me().ticket(number).merged_into_id else closed)
    if on_its_page:
        after = whole_page_again if ticket.closed != was_closed else changed
        return after(number, _("Moved to %(stage)s.", stage=stage.name))
    return _answer(ticket)


def _ask_why_of_card(ticket, stage):
    """Closing without an answer asks for a reason (R-CLOSE-9): on the board in a window, else on a page."""
    if asked_by_htmx():
        return render_template("console/_why.html", ticket=ticket, stage=stage), 422
    return render_template("console/move.html", ticket=ticket, stage=stage, why_asked=True), 422


def _stays(number, words):
    """The stage was removed, perhaps a moment ago, or the ticket is locked: say so, and where the ticket still is."""
    ticket = me().ticket(number)
    words = words % {"team": ticket.team.name, "stage": ticket.stage.name}
    if asked_by_htmx():
        return render_template("_said.html", message=words, category="warning"), 422
    flash(words, "warning")
    return render_template("console/move.html", ticket=ticket, stage=ticket.stage), 422


def _stage(ticket) -> Stage | None:
    wanted = request.form.get("stage", type=int)
    return next((stage for stage in ticket.team.stages if stage.id == wanted), None)


def _place(ticket):
    place = request.form.get("place")
    if "before" in request.form:
        place_before(ticket, _peer(ticket, "before"))
    elif "after" in request.form:
        place_after(ticket, _peer(ticket, "after"))
    elif place == "last":
        place_before(ticket, None)
    elif place == "first":
        place_first(ticket)
    elif place in ("up", "down"):
        step(ticket, up=place == "up")


def _peer(ticket, side: str):
    """The neighbour that was named, if it still stands in the same column."""
    found = tickets_of(me(), [request.form.get(side, 0, type=int)])
    here = (ticket.team_id, ticket.stage_id)
    return next((one for one in found if (one.team_id, one.stage_id) == here and one is not ticket), None)


@bp.post("/teams/<int:id>/tickets")
def add_card(id):
    """A new ticket in the column ``stage``: ``subject`` and ``email``, the rest can be said later.

    On the board of one's own tickets it is one of them.
    """
    team, form = me().team(id), CardForm()
    stage = team.open_stage(request.form.get("stage", 0, type=int))
    if not form.validate_on_submit() or stage is None:
        gone = () if stage else (_("The team does not have this stage, or not any more."),)
        words = [*(error for errors in form.errors.values() for error in errors), *gone]
        if asked_by_htmx():
            return render_template("_said.html", message=" ".join(map(str, words)), category="error"), 422
        return redirect(url_for("console.new_ticket", team=id, stage=stage.id if stage else None), 303)
    customer, subject = Contact.get_or_create(form.email.data), form.subject.data
    ticket = open_ticket(team, customer, subject, subject, by=me().contact, key=key_of(form), stage=stage)
    board = request.args.get("board") or str(id)
    if board == "mine" and team.may_be_assigned(me()):
        ticket.assign_to(me(), by=me().contact)
    session.commit()
    return answer_with(Shown(board))


def _answer(ticket):
    """The board that was before the reader; who sees the ticket alone goes back to its page."""
    named = request.args.get("board", "")
    if not named and not me().sees(ticket.team):
        return respond("_said.html", back=address_of(ticket), message=_("Moved to %(stage)s.", stage=ticket.stage.name))
    if not asked_by_htmx() and "next" in request.values:
        return redirect(safe_next("/"), 303)
    return answer_with(Shown(named or str(ticket.team_id)))
