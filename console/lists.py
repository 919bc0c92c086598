"""My tickets, all tickets, closed tickets: one list with other filters, and with the columns that its reader chose."""

from dataclasses import replace

from flask import redirect, render_template, request, url_for
from flask_babel import pgettext

from models import session
from models.filters import NARROWED_BY, Filters
from models.listing import PER_PAGE, excerpts, found_by_merged, page_of
from models.lookalikes import likest
from models.saved_view import views_of
from models.words import LONGEST_SEARCH, MOST_TERMS
from web.locale import gettext as _
from web.locale import lazy_gettext as _l
from web.navigation import stands
from web.redirects import safe_next
from web.words import PRIORITY_NAMES, STATUS_NAMES

from . import bp, me
from .colleagues import colleagues

WAITING_NAMES = {"us": _l("Waiting for us"), "customer": _l("Waiting for the customer")}
# What a list can show beside the subject, in this order.
COLUMNS = {
    "number": _l("No."),
    "customer": _l("Customer"),
    "team": _l("Team"),
    "stage": _l("Stage"),
    "priority": _l("Priority"),
    "assignee": _l("Assignee"),
    "created": _l("Opened"),
    "activity": _l("Last activity"),
}
USUAL = ("number", "stage", "priority", "assignee", "activity")
SORT_NAMES = {
    "-activity": _l("Latest activity first"),
    "activity": _l("Oldest activity first"),
    "-created": _l("Newest first"),
    "created": _l("Oldest first"),
    "-priority": _l("Most urgent first"),
    "priority": _l("Least urgent first"),
}
OWN_FILTERS = {"console.my_tickets": {"assignee", "status"}, "console.closed_tickets": {"status"}}


def asked_of(endpoint: str, values) -> Filters:
    """What a list shows, with what it is the list of."""
    asked = Filters.read(values)
    if endpoint == "console.my_tickets":
        return replace(asked, assignee="me", status=asked.status or "active")
    return replace(asked, status="closed") if endpoint == "console.closed_tickets" else asked


@bp.get("/tickets")
def tickets():
    return _list()


@bp.get("/tickets/mine")
def my_tickets():
    return _list()


@bp.get("/tickets/closed")
def closed_tickets():
    return _list()


@bp.post("/tickets/columns")
def choose_columns():
    """``columns`` are the names of those to show from now on, for this user alone."""
    chosen = [name for name in COLUMNS if name in request.form.getlist("columns")]
    me().list_columns = ",".join(chosen) if "usual" not in request.form else None
    session.commit()
    return redirect(safe_next(url_for(".tickets")), 303)


def _columns() -> list[str]:
    chosen = me().list_columns
    return [name for name in (USUAL if chosen is None else chosen.split(",")) if name in COLUMNS]


def _list():
    asked = asked_of(request.endpoint, request.args)
    page = page_of(me(), asked, PER_PAGE)
    own = OWN_FILTERS.get(request.endpoint, set())

    def address(**changes):
        words = {name: value for name, value in asked.words(**changes).items() if name not in own or changes.get(name)}
        return url_for(request.endpoint, **words)

    people, saved = colleagues(me()), views_of(me())
    found = excerpts([row.number for row in page.rows], page.terms, internal=True)
    found |= found_by_merged([row for row in page.rows if row.number not in found], page.terms)
    return render_template(
        "console/tickets.html",
        page=page,
        asked=asked,
        own=own,
        address=address,
        people=people,
        chips=_chips(asked, page.scope, people, own, address),
        tabs=_tabs(),
        saved=saved,
        view=next((view for view in saved if view.id == asked.view), None),
        columns=_columns(),
        column_names=COLUMNS,
        sort_names=SORT_NAMES,
        **_choices(page.scope, people),
        long=_too_long(request.args.get("q", "")),
        first=(asked.page - 1) * PER_PAGE + 1,
        next=address(page=asked.page + 1, after=page.next) if page.next else None,
        previous=address(page=max(1, asked.page - 1), before=page.previous) if page.previous else None,
        found=found,
        alike=likest([row.number for row in page.rows], me()) if asked.duplicates else {},
        merging=stands("/console/merge"),
        ticket_root=url_for("console.ticket", number=0)[:-1],
        board_url=_board(asked, page.scope),
    )


def _too_long(q: str) -> bool:
    """Whether more is asked for than a search looks at."""
    return len(q) > LONGEST_SEARCH or len(q.split()) > MOST_TERMS


def _board(asked, scope) -> str | None:
    """The same tickets as a board, as far as one can be narrowed to them; closed ones stand on none."""
    words = {name: word for name, word in asked.words().items() if name in NARROWED_BY}
    if request.endpoint == "console.my_tickets":
        del words["assignee"]
        return url_for("console.my_board", **words)
    if asked.team in scope.teams:
        return url_for("console.board", id=asked.team, **words)
    return url_for("console.all_board", **words) if request.endpoint == "console.tickets" else None


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


def _tabs():
    """The lists, as tabs; what is searched for goes along."""
    q = {"q": request.args["q"]} if request.args.get("q") else {}
    names = {
        "console.tickets": _("All"),
        "console.my_tickets": _("Mine"),
        "console.closed_tickets": pgettext("tickets", "Closed"),
    }
    here = None if request.args.get("view") else request.endpoint
    return [(label, url_for(name, **q), name == here, None) for name, label in names.items()]


def _chips(asked, scope, people, own, address):
    """Each filter in force in words, with the address of the list without it."""
    given = [name for name in asked.words() if name in CHIPS and name not in own]
    return [(CHIPS[name](asked, scope, people), address(**{name: None})) for name in given]


def _name_of(assignee: str, people) -> str:
    named = {"me": _("me"), "none": _("nobody")}
    return named.get(assignee) or next((str(one) for one in people if str(one.id) == assignee), "?")


def _stage_name(stage, scope) -> str:
    return scope.offered[stage].name if stage in scope.offered else "?"


# A filter in force, in words.
CHIPS = {
    "q": lambda asked, scope, people: _("Search: %(words)s", words=asked.q),
    "team": lambda asked, scope, people: _("Team: %(name)s", name=scope.teams.get(asked.team, "?")),
    "stage": lambda asked, scope, people: _("Stage: %(name)s", name=_stage_name(asked.stage, scope)),
    "status": lambda asked, scope, people: _("Status: %(name)s", name=STATUS_NAMES.get(asked.status, _("not closed"))),
    "duplicates": lambda asked, scope, people: _("Possible duplicates"),
    "waiting": lambda asked, scope, people: WAITING_NAMES.get(asked.waiting, ""),
    "assignee": lambda asked, scope, people: _("Assignee: %(name)s", name=_name_of(asked.assignee, people)),
    "priority": lambda asked, scope, people: _("Priority: %(name)s", name=PRIORITY_NAMES[asked.priority or 0]),
    "tag": lambda asked, scope, people: _("Tag: %(name)s", name=asked.tag),
    "customer": lambda asked, scope, people: _("Customer: %(name)s", name=asked.customer),
}
