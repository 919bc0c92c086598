"""The console: what a helpdesk user sees. Internal users pass; for a customer there is nothing here (404)."""

from functools import wraps

from flask import Blueprint, abort, request
from flask_login import current_user
from werkzeug.exceptions import NotFound

from models.access import NotVisible
from models.people import User
from web.errors import error_page
from web.extensions import login_manager

bp = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")
bp.permission = "internal"  # of every view that does not declare its own

OPEN = {"console.first_run"}  # nobody can be signed in yet


def me() -> User:
    """The signed-in internal user. ``me().ticket(number)`` and ``me().team(id)`` answer 404 for what is not visible."""
    return current_user._get_current_object()


def administrators_only(view):
    """Declare a view for administrators; agents are refused (403)."""

    @wraps(view)
    def guarded(*args, **kwargs):
        if not me().administrator:
            abort(403)
        return view(*args, **kwargs)

    guarded.permission = "administrator"
    return guarded


@bp.before_request
def only_internal_users():
    if request.endpoint in OPEN:
        return None
    if not current_user.is_authenticated:
        return login_manager.unauthorized()
    if not current_user.internal:
        abort(404)
    return None


@bp.app_errorhandler(NotVisible)
def not_visible(error):
    return error_page(NotFound())


# One module per thing; each puts its views into ``bp``.
from . import (  # noqa: E402
    account,
    assignments,
    attachments,
    audience,
    board,
    bulk,
    canned,
    closing_rule,
    closings,
    companies,
    dashboard,
    drafts,
    exports,
    first_run,
    focus,
    followers,
    glances,
    links,
    lists,
    mail,
    mail_addresses,
    mail_templates,
    mergings,
    messages,
    moves,
    outbox,
    phones,
    presence,
    replies,
    runs,
    stages,
    team_followers,
    team_settings,
    template_preview,
    tickets,
    users,
    views,
)

__all__ = [
    "account",
    "administrators_only",
    "assignments",
    "attachments",
    "audience",
    "board",
    "bp",
    "bulk",
    "canned",
    "closing_rule",
    "closings",
    "companies",
    "dashboard",
    "drafts",
    "exports",
    "first_run",
    "focus",
    "followers",
    "glances",
    "links",
    "lists",
    "mail",
    "mail_addresses",
    "mail_templates",
    "me",
    "mergings",
    "messages",
    "moves",
    "outbox",
    "phones",
    "presence",
    "replies",
    "runs",
    "stages",
    "team_followers",
    "team_settings",
    "template_preview",
    "tickets",
    "users",
    "views",
]
