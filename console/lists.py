"""My tickets, all tickets, closed tickets: one list with other filters, and what can be done with several at once."""

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext, pgettext
from wtforms.validators import StopValidation

from models import session
from models.assignment import CannotBeAssigned
from models.closing import TicketClosed
from models.filters import Filters
from models.listing import PER_PAGE, excerpts, page_of, tickets_of
from models.stage import NotInPipeline
from web.redirects import safe_next
from web.words import PRIORITY_NAMES, STATUS_NAMES

from . import bp, me
from .assignments import assignee_named
from .closings import reason_typed
from .colleagues import colleagues

MOST_AT_ONCE = 100
WAITING_NAMES = {"us": _l("Waiting for us"), "customer": _l("Waiting for the customer")}


@bp.get("/tickets")
def tickets():
    return _list(Filters.read(request.args))


@bp.get("/tickets/mine")
def my_tickets():
    asked = Filters.read(request.args)
    return _list(replace(asked, assignee="me", status=asked.status or "active"))


@bp.get("/tickets/closed")
def closed_tickets():
    return _list(replace(Filters.read(request.args), status="closed"))


def _list(asked: Filters):
    page = page_of(me(), asked, PER_PAGE)
    own = {"console.my_tickets": {"assignee", "status"}, "console.closed_tickets": {"status"}}.get(
        request.endpoint, set()
    )

    def address(**changes):
        words = {name: value for name, value in asked.words(**changes).items() if name not in own or changes.get(name)}
        return url_for(request.endpoint, **words)

    people = colleagues(me())
    return render_template(
        "console/tickets.html",
        page=page,
        asked=asked,
        own=own,
        address=address,
        people=people,
        chips=_chips(asked, page.scope, people, own, address),
        views=_views(),
        **_choices(page.scope, people),
        first=(asked.page - 1) * PER_PAGE + 1,
        next=address(page=asked.page + 1, after=page.next) if page.next else None,
        previous=address(page=max(1, asked.page - 1), before=page.previous) if page.previous else None,
        found=excerpts([row.number for row in page.rows], page.terms, internal=True),
        ticket_root=url_for("console.ticket", number=0)[:-1],
    )


def _choices(scope, people) -> dict:
    """What each filter offers."""
    statuses = [("active", _("Not closed")), *STATUS_NAMES.items()]
    return {
        "stage_choices": [(id, stage.name) for id, stage in scope.offered.items()],
        "status_choices": statuses,
        "priority_choices": list(enumerate(PRIORITY_NAMES)),
        "waiting_choices": list(WAITING_NAMES.items()),
        "assignee_choices": [("me", _("Me")), ("none", _("Nobody")), *((user.id, str(user)) for user in people)],
    }


def _views():
    """The lists, as tabs; what is searched for goes along."""
    q = {"q": request.args["q"]} if request.args.get("q") else {}
    names = {
        "console.tickets": _("All"),
        "console.my_tickets": _("Mine"),
        "console.closed_tickets": pgettext("tickets", "Closed"),
    }
    return [(label, url_for(name, **q), name == request.endpoint, None) for name, label in names.items()]


def _chips(asked, scope, people, own, address):
    """Each filter in force in words, with the address of the list without it."""
    stages = {id: stage.name for id, stage in scope.offered.items()}
    named = {str(user.id): str(user) for user in people} | {"me": _("me"), "none": _("nobody")}
    words = {
        "q": _("Search: %(words)s", words=asked.q),
        "team": _("Team: %(name)s", name=scope.teams.get(asked.team, "?")),
        "stage": _("Stage: %(name)s", name=stages.get(asked.stage, "?")),
        "status": _("Status: %(name)s", name=STATUS_NAMES.get(asked.status, _("not closed"))),
        "waiting": WAITING_NAMES.get(asked.waiting, ""),
        "assignee": _("Assignee: %(name)s", name=named.get(asked.assignee, "?")),
        "priority": _("Priority: %(name)s", name=PRIORITY_NAMES[asked.priority or 0]),
        "tag": _("Tag: %(name)s", name=asked.tag),
        "customer": _("Customer: %(name)s", name=asked.customer),
    }
    given = asked.words()
    return [(text, address(**{name: None})) for name, text in words.items() if name in given and name not in own]


@bp.post("/tickets/bulk")
def bulk():
    """``action`` is assign, move, close or tag; ``ticket`` are the numbers. What is refused is counted and said."""
    back = safe_next(url_for("console.tickets"))
    numbers = request.form.getlist("ticket", type=int)[:MOST_AT_ONCE]
    deed = DEEDS.get(request.form.get("action", ""))
    chosen = tickets_of(me(), numbers)
    if not chosen or deed is None:
        flash(_("Tick the tickets first, then choose what to do with them."), "warning")
        return redirect(back, 303)
    done, refusals = 0, set()
    for ticket in chosen:
        try:
            with session.begin_nested():
                deed(ticket)
            done += 1
        except Skipped as refusal:
            refusals.add(str(refusal))
        except TicketClosed:
            refusals.add(_("Closed tickets are locked."))
    session.commit()
    _say(done, len(chosen) - done, refusals)
    return redirect(back, 303)


def _say(done, left, refusals):
    if done:
        flash(ngettext("%(num)s ticket changed.", "%(num)s tickets changed.", done), "success")
    if left:
        words = ngettext("%(num)s ticket was left as it is.", "%(num)s tickets were left as they are.", left)
        flash(" ".join([words, *sorted(refusals)]), "warning")


class Skipped(Exception):
    """This one ticket stays as it is; the words say why."""


def _assign(ticket):
    try:
        ticket.assign_to(assignee_named(request.form.get("assignee"), ticket.team), by=me().contact)
    except (StopValidation, CannotBeAssigned):
        raise Skipped(_("Only people who take tickets and may see the team can be assigned.")) from None


def _move(ticket):
    wanted = request.form.get("stage", type=int)
    stage = next((stage for stage in ticket.team.stages if stage.id == wanted), None)
    why = reason_typed()
    try:
        if stage is None:
            raise NotInPipeline
        if stage.folded and not ticket.closed and not why and not ticket.answered:
            raise Skipped(_("Closing a ticket that nobody answered needs a reason."))
        ticket.move_to(stage, by=me().contact, why=why)
    except NotInPipeline:
        raise Skipped(_("The stage is not one of the ticket's team.")) from None


def _close(ticket):
    why = reason_typed()
    if not ticket.closed and not why and not ticket.answered:
        raise Skipped(_("Closing a ticket that nobody answered needs a reason."))
    ticket.close(by=me().contact, why=why)


def _tag(ticket):
    """Adds the tags; those that are there stay."""
    new = [tag.strip() for tag in request.form.get("tags", "").replace("\0", "")[:400].split(",")]
    ticket.edit(me().contact, tags=[*(tag.name for tag in ticket.tags), *new])


DEEDS = {"assign": _assign, "move": _move, "close": _close, "tag": _tag}
