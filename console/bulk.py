"""The same done with several tickets: with those that are ticked at once, with all that a list shows by the worker."""

from urllib.parse import parse_qsl

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models import BulkAction, session
from models.access import NotVisible
from models.bulk import DEEDS, MOST
from models.candidates import all_of
from models.filters import Filters
from models.merging import MOST as MOST_MERGED
from web.redirects import safe_next
from web.respond import asked_by_htmx

from . import bp, me
from .choices import trim

MOST_AT_ONCE = 100
WHY = {
    "gone": _l("You do not see it any more."),
    "closed": _l("Closed tickets are locked."),
    "assignee": _l("Only people who take tickets and may see the team can be assigned."),
    "stage": _l("The stage is not one of the ticket's team."),
    "reason": _l("Closing a ticket that nobody answered needs a reason."),
    "refused": _l("The ticket did not allow it."),
    "failed": _l("Something went wrong; the log of the server says what."),
}
WORDS = {
    "assign": _l("Assign"),
    "move": _l("Move"),
    "close": _l("Close"),
    "tag": _l("Add tags"),
    "follow": _l("Follow"),
}


@bp.post("/tickets/bulk")
def bulk():
    """``action`` is assign, move, close, tag, follow, export or merge; ``ticket`` are the numbers.

    With ``all``, it is every ticket that ``words`` (an address of a list) asks for, after a page that says how many.
    What is refused is counted and said.
    """
    back, deed = safe_next(url_for("console.tickets")), request.form.get("action", "")
    everything = "all" in request.form
    asked = Filters.read(dict(parse_qsl(request.form.get("words", ""))))
    numbers = list(dict.fromkeys(request.form.getlist("ticket", type=int)))[:MOST_AT_ONCE]
    if deed == "export":
        return redirect(url_for(".export", **(asked.words() if everything else {"ticket": numbers})), 303)
    if deed == "merge" and everything:
        numbers = all_of(me(), asked, MOST_MERGED + 1)
    if deed == "merge" and len(numbers) > 1:
        return redirect(f"{request.script_root}/console/merge?" + "&".join(f"ticket={n}" for n in numbers), 303)
    if everything and deed in DEEDS:
        return _all(deed, asked, back)
    if not numbers or deed not in DEEDS:
        words = (
            _("Tick at least two tickets to merge.")
            if deed == "merge"
            else _("Tick the tickets first, then choose what to do with them.")
        )
        flash(words, "warning")
        return redirect(back, 303)
    outcome = BulkAction(by=me(), deed=deed, values=_values(deed)).carry_out(numbers)
    session.commit()
    _say(outcome)
    return redirect(back, 303)


def _say(outcome):
    done = sum(left is None for left in outcome)
    if done:
        flash(ngettext("%(num)s ticket changed.", "%(num)s tickets changed.", done), "success")
    if done < len(outcome):
        left = len(outcome) - done
        words = ngettext("%(num)s ticket was left as it is.", "%(num)s tickets were left as they are.", left)
        reasons = sorted({str(WHY[left.why]) for left in outcome if left})
        flash(" ".join([words, *reasons]), "warning")


def _values(deed) -> dict:
    """What was typed for this deed, as the models keep it."""
    typed = request.form
    values = {
        "assign": {"assignee": _assignee(typed.get("assignee", ""))},
        "move": {"stage": typed.get("stage", type=int)},
        "close": {"silent": "silent" in typed},
        "tag": {"tags": [tag.strip() for tag in trim(typed.get("tags", ""))[:400].split(",")]},
    }.get(deed, {})
    return values | ({"why": trim(typed.get("why", ""))[:2000]} if deed in ("move", "close") else {})


def _assignee(value: str) -> str:
    """An id, "me" or "" for nobody; anybody else is nobody's id."""
    return value if value in ("", "me") or (value.isascii() and value.isdecimal() and len(value) < 10) else "0"


def _all(deed, asked, back):
    numbers = all_of(me(), asked, MOST)
    if not numbers:
        flash(_("No ticket fits any more."), "warning")
        return redirect(back, 303)
    if "confirmed" not in request.form:
        kept = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "ticket")]
        return render_template("console/confirm_bulk.html", count=len(numbers), most=MOST, deed=deed, kept=kept,
                               words=WORDS, back=back)  # fmt: skip
    action = BulkAction.start(me(), deed, _values(deed), numbers)
    session.commit()
    return redirect(url_for(".bulk_action", id=action.id), 303)


@bp.get("/bulk/<int:id>")
def bulk_action(id):
    """How far it is. The page asks again by itself until it is finished."""
    action = _mine(id)
    counts = action.counts
    values = {"action": action, "counts": counts, "total": sum(counts.values()), "words": WORDS, "why": WHY}
    if asked_by_htmx():
        return render_template("console/_bulk_action.html", **values)
    return render_template("console/bulk_action.html", **values)


@bp.post("/bulk/<int:id>/cancellation")
def cancel_bulk_action(id):
    _mine(id).cancel()
    session.commit()
    return redirect(url_for(".bulk_action", id=id), 303)


def _mine(id) -> BulkAction:
    action = session.get(BulkAction, id) if id < 2**31 else None
    if action is None or action.by_id != me().id:
        raise NotVisible
    return action
