"""The reader's choices: language and looks. A cookie for visitors; users keep their language with them."""

from flask import Blueprint, abort, current_app, redirect, request
from flask_login import current_user

from models.base import session

from .locale import COOKIE, LANGUAGES
from .redirects import safe_next
from .respond import asked_by_htmx

THEMES = ("light", "dark", "auto")
ONE_YEAR_SECONDS = 31_536_000

bp = Blueprint("web", __name__)


def theme() -> str:
    """The looks this browser chose; "auto" follows the system."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in THEMES else "auto"


@bp.post("/preferences")
def preferences():
    """Remember ``theme`` or ``lang`` and go back to the page the reader came from."""
    theme, lang = request.form.get("theme"), request.form.get("lang")
    if theme not in (None, *THEMES) or lang not in (None, *LANGUAGES):
        abort(400)
    silent = asked_by_htmx() or request.headers.get("Accept") == "text/plain"
    answer = current_app.make_response(("", 204)) if silent else redirect(safe_next(f"{request.script_root}/"), 303)
    if theme:
        _remember(answer, "theme", theme)
    if lang:
        _remember(answer, COOKIE, lang)
        if current_user.is_authenticated:
            current_user.contact.language = lang
            session.commit()
    return answer


def _remember(answer, name, value):
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(name, value, max_age=ONE_YEAR_SECONDS, secure=secure, httponly=True, samesite="Lax")
