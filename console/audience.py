"""Pages to look at: who can see a ticket and by which way; who has how many tickets, and would have by which method."""

from flask import redirect, render_template, url_for
from flask_babel import lazy_gettext as _l

from models.audience import who_can_see
from models.base import now
from models.simulation import Simulation
from models.team import METHODS
from models.workload import shares_of
from web.respond import asked_by_htmx

from . import bp, me
from .setting_words import value_told

WAYS = {
    "administrator": _l("administrator of the company"),
    "colleague": _l("everybody of the company sees this team"),
    "member": _l("member of the team"),
    "team follower": _l("follows the team"),
    "assignee": _l("assignee"),
    "ticket follower": _l("follows this ticket"),
    "customer": _l("customer"),
    "link": _l("has the link from a mail"),
    "merged": _l("follows a ticket merged into this one: sees what was theirs, and our answers since"),
}
WAYS_TO_TEAM = {  # what is called differently where a whole team is spoken of
    "assignee": _l("assignee of a ticket"),
    "ticket follower": _l("follows a ticket"),
    "customer": _l("customer of a ticket"),
}
DAYS = 30


@bp.get("/tickets/<int:number>/audience")
def audience(number):
    ticket = me().ticket(number)
    return render_template("console/audience.html", ticket=ticket, audience=who_can_see(ticket), ways=WAYS)


@bp.get("/teams/<int:id>/assignment")
def assignment_page(id):
    """Who has how many tickets, and the last days under each method beside what really happened; nothing changes."""
    team = me().team(id)
    shares = shares_of(team, now())
    takers = [share.user for share in shares]
    columns = by_each_method(team, takers)
    return render_template(
        "console/assignment.html", team=team, shares=shares, columns=columns, days=DAYS, told=value_told
    )


@bp.get("/teams/<int:id>/assignment/simulation")
def simulation(id):
    """The same without what is now: a part of the settings page, or, without script, the whole page."""
    team = me().team(id)
    if not asked_by_htmx():
        return redirect(url_for(".assignment_page", id=id), 303)
    return render_template("console/_simulation.html", columns=by_each_method(team, team.takers()), told=value_told)


def by_each_method(team, takers) -> dict:
    return {method: Simulation(team, method, now(), DAYS, takers).shares() for method in METHODS}
