"""My Account → Tickets."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from flask_login import current_user

from models.base import session
from models.closing import TicketClosed
from models.follower import StillNeeded
from models.listing import excerpts

from . import bp, throttle
from .doors import Door
from .listing import PER_PAGE, Listing

SORTS = {
    "-activity": _l("Latest activity first"),
    "activity": _l("Oldest activity first"),
    "-number": _l("Newest first"),
    "number": _l("Oldest first"),
    "subject": _l("Subject, A to Z"),
    "-subject": _l("Subject, Z to A"),
}


@bp.get("/my")
def my():
    return redirect(url_for(".my_tickets"), 303)


@bp.get("/my/tickets")
def my_tickets():
    listing = Listing.asked(current_user._get_current_object(), request.args)
    tickets = listing.tickets()

    def url(**changed):
        asked = {"status": listing.status, "q": listing.q, "sort": listing.sort, "page": 1, **changed}
        plain = {"status": "", "q": "", "sort": "-activity", "page": 1}
        return url_for(".my_tickets", **{name: value for name, value in asked.items() if value != plain[name]})

    tabs = [
        (label, url(status=status), listing.status == status, None)
        for status, label in (
            ("", _("All")),
            ("open", pgettext("tickets", "Open")),
            ("closed", pgettext("tickets", "Closed")),
        )
    ]
    return render_template(
        "portal/my_tickets.html",
        listing=listing,
        tickets=tickets[:PER_PAGE],
        found=excerpts([ticket.id for ticket in tickets[:PER_PAGE]], listing.terms, internal=False),
        tabs=tabs,
        sorts=SORTS,
        url=url,
        previous=url(page=listing.page - 1) if listing.page > 1 else None,
        next=url(page=listing.page + 1) if len(tickets) > PER_PAGE else None,
    )


@bp.post("/my/tickets/<int:number>/unfollowing")
@throttle.writes
def my_unfollowing(number):
    """Stop following somebody else's ticket (R-VIS-4); one's own request stays one's own."""
    door = Door.signed_in(number)
    if door.own:
        return redirect(door.url(), 303)
    try:
        door.ticket.remove_follower(door.contact, by=door.contact)
    except StillNeeded:
        flash(_("You are the assignee of this ticket: assign it to somebody else first."), "error")
        return redirect(door.url(), 303)
    except TicketClosed:
        flash(_("The ticket is closed and mails nothing. You can stop following it if it is opened again."), "error")
        return redirect(door.url(), 303)
    session.commit()
    flash(_("You no longer follow ticket %(number)s.", number=f"#{number}"), "success")
    return redirect(url_for(".my_tickets"), 303)
