"""The merge page, merging, undoing a merge, and saying that tickets are not duplicates (R-MERGE)."""

import logging

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from models import Ticket, merge, session
from models.base import now
from models.listing import tickets_of
from models.lookalikes import dismiss, forget_dismissal, live_suggestions, suggestions
from models.merge_preview import Consequences
from models.merging import CHOICES, MOST, CannotMerge, mergings_into, refuse_together
from models.people import Contact
from models.similarity import Sketch, likenesses, sketch_of
from models.team import Team
from web.redirects import safe_next
from web.retry import again_after_deadlock

from . import bp, me
from .ticket_page import address_of, refused

log = logging.getLogger(__name__)

WHY = {
    "few": _l("Merging needs at least two tickets."),
    "many": _l("At most %(most)s tickets can be merged at once.", most=MOST),
    "itself": _l("A ticket can't be merged with itself."),
    "merged": _l("Ticket %(number)s was merged already."),
    "circle": _l("Ticket %(number)s is part of the other one already: they would go round in a circle."),
    "closed": _l("Ticket %(number)s is closed. Reopen it to merge it."),
    "company": _l("Ticket %(number)s belongs to another company."),
    "hidden": _l("There is no such ticket, or you do not see it."),
    "never closed": _l("The team of ticket %(number)s has no folded stage: nothing of it can be closed."),
    "choice": _l("The ticket that stays can't take that from the other one. Choose again."),
}
IMPOSSIBLE = ("many", "merged", "circle", "closed", "company", "never closed")  # whatever else is chosen on the page
_SHOWN = (
    joinedload(Ticket.team).joinedload(Team.company),
    joinedload(Ticket.team).selectinload(Team.stages),
    joinedload(Ticket.customer).joinedload(Contact.user),
    joinedload(Ticket.assignee),
    joinedload(Ticket.stage),
)


@bp.get("/merge")
def merge_page():
    """``ticket`` are the numbers, ``into`` the one that stays; of one alone, what is most like it is offered."""
    numbers = set(_numbers(request.args))
    chosen = _chosen(numbers)
    if not chosen:
        flash(_("Tick the tickets first, then merge them."), "warning")
        return redirect(url_for(".tickets"), 303)
    return _page(chosen, _into(chosen, request.args), _foreseen(chosen, numbers))


@bp.post("/mergings")
@again_after_deadlock
def mergings():
    """``ticket`` and ``into`` as on the page; each of CHOICES may name the ticket whose value is taken; ``tell``.

    ``shown`` is the one that stays by the page that was read: nothing is merged that nobody was told of (R-MERGE-2b).
    """
    numbers = {*_numbers(request.form), *([int(request.form["into"])] if _number_in(request.form.get("into")) else [])}
    chosen = _chosen(numbers)
    if not chosen:
        flash(str(WHY["hidden"]), "warning")
        return redirect(url_for(".tickets"), 303)
    into = _into(chosen, request.form)
    sources = [ticket for ticket in chosen if ticket is not into]
    try:
        if len(chosen) < len(numbers) or into is None:
            raise CannotMerge("hidden")
        if not sources:
            raise CannotMerge("itself", into)
        turned = request.form.get("shown", into.id, type=int) != into.id  # what changes was said of another one
        if turned or (Consequences(into, sources).asks and "confirmed" not in request.form):
            return _page(chosen, into, ask=True, turned=turned), 422
        merge(sources, into, me().contact, take=_taken(chosen), tell="tell" in request.form)
        forget_dismissal(chosen)
        session.commit()
    except CannotMerge as refusal:
        session.rollback()
        log.info("user %s was refused to merge tickets %s: %s", me().id, sorted(numbers), refusal.reason)
        chosen = _chosen(numbers)
        return _page(chosen, _into(chosen, request.form), refusal), 422
    log.info("user %s merged tickets %s into %s", me().id, [one.id for one in sources], into.id)
    words = ngettext(
        "%(num)s ticket was merged into this one.", "%(num)s tickets were merged into this one.", len(sources)
    )
    flash(words, "success")
    return redirect(address_of(into), 303)


@bp.post("/dismissals")
def dismissals():
    """Discard: ``ticket`` are not duplicates of each other, and are no longer suggested as such."""
    chosen = _chosen(_numbers(request.values))
    if len(chosen) < 2:
        flash(str(WHY["few"]), "warning")
    else:
        dismiss(chosen, me().contact)
        session.commit()
        flash(_("These tickets stay apart, and are no longer suggested as duplicates."), "success")
    return redirect(safe_next(address_of(chosen[0]) if chosen else url_for(".tickets")), 303)


@bp.post("/tickets/<int:number>/unmerging")
@again_after_deadlock
def unmerge(number):
    """Take a merged ticket out again; asked of the one that stays, those of ``ticket``, or of its latest merge."""
    ticket = me().ticket(number)
    merged = [ticket] if ticket.merged_into_id else _merged_into(ticket)
    back = ticket.merged_into or ticket
    try:
        for one in merged:
            one.unmerge(me().contact)
        session.commit()
    except CannotMerge:
        session.rollback()
        return refused(number, refusal=_("You do not see the other ticket: somebody who does can undo the merge."))
    if merged:
        log.info("user %s undid the merge of tickets %s", me().id, [one.id for one in merged])
        words = ngettext(
            "%(num)s ticket stands by itself again.", "%(num)s tickets stand by themselves again.", len(merged)
        )
        flash(words, "success")
    return redirect(address_of(back if me().sees(back) else ticket), 303)


def _merged_into(ticket) -> list:
    wanted, made = set(request.form.getlist("ticket", type=int)), mergings_into(ticket)
    chosen = [one for one in made if (one.ticket_id in wanted if wanted else one.at == made[-1].at)]
    return [session.get(Ticket, one.ticket_id) for one in chosen]


@bp.get("/tickets/<int:number>/duplicates")
def duplicates(number):
    """What may be the same request, for the side of its page."""
    ticket = me().ticket(number)
    alike = [other for other, _percent in suggestions(ticket, me())]
    return render_template("console/_alike.html", ticket=ticket, alike=alike, how=likenesses(ticket, alike))


@bp.post("/tickets/similar")
def similar():
    """While a ticket is written: what is open and like it; ``subject``, ``description``, ``email``, ``team``.

    Nothing changes; what somebody types has no business in an address and in its log (threat model, rule 17).
    """
    typed = request.form
    team = next((one for one in me().teams() if one.id == typed.get("team", type=int)), None)
    found = []
    if team and (typed.get("subject", "").strip() or typed.get("description", "").strip()):
        subject, text, email = (typed.get(name, "").replace("\0", "") for name in ("subject", "description", "email"))
        sketch = Sketch(subject[:250], text[:20_000], email.strip().lower()[:254], now(), company_id=team.company_id)
        found = live_suggestions(sketch, me(), least=40)[:5]
    return render_template("console/_similar.html", found=found)


def _number_in(value) -> bool:
    return bool(value) and value.isascii() and value.isdecimal() and len(value) < 10


def _numbers(values) -> list[int]:
    return [number for number in values.getlist("ticket", type=int) if number > 0][: 2 * MOST]


def _chosen(numbers) -> list:
    return tickets_of(me(), numbers, *_SHOWN)


def _into(chosen, values):
    """The one that stays: the one asked for, else the oldest; None for one that is not among them."""
    asked = values.get("into", type=int)
    if asked is None and "into" not in values:
        return chosen[0] if chosen else None
    return next((ticket for ticket in chosen if ticket.id == asked), None)


def _foreseen(chosen, numbers) -> CannotMerge | None:
    """Why these can't be merged, said before somebody tries; of one alone, nothing."""
    if len(chosen) < len(numbers):
        return CannotMerge("hidden")
    into = _into(chosen, request.args) or chosen[0]
    sources = [ticket for ticket in chosen if ticket is not into]
    try:
        if sources:
            refuse_together(sources, into)
    except CannotMerge as refusal:
        return refusal
    return None


def _taken(chosen) -> dict:
    known = {ticket.id: ticket for ticket in chosen}
    asked = {name: request.form.get(name, type=int) for name in CHOICES if request.form.get(name)}
    if any(number not in known for number in asked.values()):
        raise CannotMerge("choice")
    return {name: known[number] for name, number in asked.items()}


def _page(chosen, into, refusal=None, ask=False, turned=False):
    into = into or chosen[0]
    sources = [ticket for ticket in chosen if ticket is not into]
    words = refusal and str(WHY[refusal.reason])
    if words and "%(number)" in words:
        words = words % {"number": f"#{refusal.ticket.id}"}
    return render_template(
        "console/merge.html",
        chosen=chosen,
        into=into,
        sources=sources,
        alike=likenesses(into, sources),
        offered=live_suggestions(sketch_of(into), me()) if not sources else [],
        choices=_choices(chosen, into),
        consequences=Consequences(into, sources),
        refusal=words,
        ask=ask,
        turned=turned,
        impossible=refusal is not None and refusal.reason in IMPOSSIBLE,
        typed=request.values,
    )


def _choices(chosen, into) -> list:
    """(name, label, [(number, words)]) of what differs and may be taken from another ticket."""
    from web.words import PRIORITY_NAMES

    own = [ticket for ticket in chosen if ticket.customer_id == into.customer_id]
    open = [ticket for ticket in chosen if ticket.stage in into.team.stages and not ticket.closed]
    able = {person.id for person in into.team.assignable_people}
    takers = [ticket for ticket in chosen if ticket is into or ticket.assignee_id in able]
    offered = [
        ("subject", _("Subject"), own, lambda ticket: ticket.subject),
        ("priority", _("Priority"), chosen, lambda ticket: str(PRIORITY_NAMES[ticket.priority])),
        ("assignee", _("Assignee"), takers, lambda ticket: str(ticket.assignee or _("Nobody"))),
        ("stage", _("Stage"), open, lambda ticket: ticket.stage.name),
    ]
    found = []
    for name, label, tickets, words in offered:
        values = {}
        for ticket in sorted(tickets, key=lambda one: (one is not into, one.id)):
            values.setdefault(words(ticket), ticket.id)
        if len(values) > 1:
            found.append((name, label, [(number, text) for text, number in values.items()]))
    return found
