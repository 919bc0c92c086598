"""The customers' door: public forms, signed links, My Account → Tickets."""

from flask import Blueprint, current_app, request
from flask_login import current_user

from web.extensions import login_manager

bp = Blueprint("portal", __name__, template_folder="templates")
bp.permission = "user"  # of every view that does not declare its own


def anyone(view):
    """Declare a view for every visitor, signed in or not."""
    view.permission = "anyone"
    return view


def link_holder(view):
    """Declare a view for whoever holds the signed link in its address."""
    view.permission = "link"
    return view


@bp.before_request
def sign_in_first():
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "permission", bp.permission) == "user" and not current_user.is_authenticated:
        return login_manager.unauthorized()
    return None


# One module per thing; each puts its views into ``bp``.
from . import account, conversation, helpdesk, links, sign_in, sign_up, throttle, tickets  # noqa: E402, F401
