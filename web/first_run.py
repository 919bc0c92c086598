"""With an empty database every page leads to the one that makes the administrator and a first team."""

from flask import current_app, redirect, request, url_for
from sqlalchemy import select

from models.base import session
from models.people import User

ENDPOINT = "console.first_run"
OPEN = {"static", ENDPOINT, "health.live", "health.ready", "health.metrics", "web.preferences"}


def administrator_exists() -> bool:
    """Once true it stays true: the last administrator can't be removed."""
    known = current_app.extensions.get("guichet_has_administrator", False)
    if not known:
        known = session.scalar(select(User.id).where(User.role == "administrator").limit(1)) is not None
        current_app.extensions["guichet_has_administrator"] = known
    return known


def lead_to_setup():
    if request.endpoint in OPEN or ENDPOINT not in current_app.view_functions:
        return None
    if administrator_exists():
        return None
    return redirect(url_for(ENDPOINT), 303)
