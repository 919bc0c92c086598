"""POST …/draft: what is being written is kept while it is written; `discard` forgets it."""

from flask import request

from models import session
from models.attachment import TooLarge
from web.respond import asked_by_htmx

from . import bp, me
from .forms import LONGEST_MESSAGE, key_named
from .ticket_page import whole_page_again


@bp.post("/tickets/<int:number>/draft")
def draft(number):
    """``body``, ``internal``, and ``key`` of the reply that it will become. A closed ticket keeps drafts too: nothing
    that was typed is lost, and nothing is said by it (R-CLOSE-8)."""
    ticket, internal = me().ticket(number), bool(request.form.get("internal"))
    if "discard" in request.form:
        ticket.forget_draft(me(), internal)
    else:
        body = request.form.get("body", "")[:LONGEST_MESSAGE]
        ticket.keep_draft(me(), body, internal, key=key_named(request.form.get("key")))
    session.commit()
    return ("", 204) if asked_by_htmx() else whole_page_again(number)


def keep_refused(ticket, form, files):
    """A reply that was refused stays as a draft, with the files, which no browser sends again."""
    for file in files:
        file.stream.seek(0)
    kept = draft_files(ticket, form)
    try:
        found = ticket.keep_draft(me(), form.body.data or "", form.internal.data, files=[*kept, *files])
        if found:
            found.keep_only(found.attachments[len(found.attachments) - len(kept) - len(files) :])
        session.commit()
    except TooLarge:
        session.rollback()


def draft_files(ticket, form) -> list:
    """The files of one's drafts that are still ticked: a reply that becomes a note takes its files along."""
    files = [file for draft in ticket.drafts_of(me()) for file in draft.attachments]
    return [file for file in files if str(file.id) in form.kept.data]
