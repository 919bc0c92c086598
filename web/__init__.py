"""What portal and console share: extensions, headers, errors, languages, looks.

``init_app(app)`` comes after the database's. In a request, in this order: the host and the sender are believed or
refused, the database is told whether the request only reads, and an empty database leads to the first-run page.
"""

import time
from datetime import timedelta

from flask import abort, g, redirect, request, session
from flask_login import AnonymousUserMixin, current_user, user_logged_in

from models.base import reading
from models.people import User

from . import assets, errors, first_run, headers, health, locale, navigation, preferences, templating, trust, words
from .extensions import csrf, limiter, limiter_storage, login_manager
from .redirects import here
from .respond import asked_by_htmx
from .typed import Request

# SESSION_DAYS without a request end a login; so does this long in all (threat model, rule 25).
ABSOLUTE_END = timedelta(days=90)
# A login that was not prolonged for so long is, by a page or a change. What a page fetches by itself prolongs nothing;
# nor does its answer, with a cookie of a moment ago, undo what somebody chose meanwhile.
PROLONGED_SECONDS = 3600


class Nobody(AnonymousUserMixin):
    """A visitor: asked what a user is asked, says no."""

    internal = False
    administrator = False
    contact = None


def init_app(app):
    app.request_class = Request
    templating.init_app(app)
    _cookies(app)
    trust.init_app(app)
    app.before_request(_believe_or_refuse)
    app.before_request(_say_whether_it_reads)
    _extensions(app)
    app.before_request(first_run.lead_to_setup)
    assets.init_app(app)
    words.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    app.register_blueprint(preferences.bp)
    app.register_blueprint(health.bp)
    app.context_processor(_in_every_template)
    app.jinja_env.globals["brand"] = app.config.get("HELPDESK_NAME") or "Guichet"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _cookies(app):
    secure = app.config.get("BASE_URL", "").startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-guichet" if secure else "guichet",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def _extensions(app):
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", 12 * 3600)
    app.config["WTF_CSRF_SSL_STRICT"] = False  # pages behind a link send no referrer; refuse_other_sites looks instead
    storage, options = limiter_storage(app.config.get("REDIS_URL"))
    app.config.setdefault("RATELIMIT_STORAGE_URI", storage)
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", options)
    locale.init_app(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    login_manager.login_view = "portal.login"
    login_manager.session_protection = "basic"
    login_manager.anonymous_user = Nobody
    login_manager.user_loader(_user)
    login_manager.unauthorized_handler(_to_sign_in)
    user_logged_in.connect(_note_the_hour, app)


def login_in_force() -> str:
    """What the cookie says of who is signed in; empty where it says nothing, or said it too long ago."""
    return "" if _is_over() else session.get("_user_id") or ""


def _is_over() -> bool:
    return time.time() - session.get("since", 0) > ABSOLUTE_END.total_seconds()


def _user(login: str) -> User | None:
    user = None if g.get("without_database") or _is_over() else User.from_login(login)
    by_hand = request.method not in trust.SAFE_METHODS or not asked_by_htmx()
    if user and by_hand and time.time() - session.get("used", 0) > PROLONGED_SECONDS:
        session["used"] = int(time.time())
    return user


def _note_the_hour(app, user, **_kept):
    session["since"] = session["used"] = int(time.time())
    session.permanent = True


def _to_sign_in():
    """A page leads to the sign-in page and back; a fragment makes the whole page go there."""
    from flask import url_for

    address = url_for(login_manager.login_view, next=here())
    if asked_by_htmx():
        return "", 401, {"HX-Redirect": address}
    return redirect(address, 303)


def _believe_or_refuse():
    if trust.host_is_unknown():
        if request.path == "/health/live":  # asked by orchestrators under the machine's own address
            return health.live()
        raise request.routing_exception
    if "\0" in request.path and not trust.behind_link(request.path):  # no database takes it; links have a page
        abort(404)
    trust.refuse_other_sites()
    return None


def _say_whether_it_reads():
    reading.set(request.method in trust.SAFE_METHODS)


def _in_every_template():
    if g.get("without_database"):
        return {"locale": locale.language(), "theme": preferences.theme(), "script_root": request.script_root}
    return {
        "locale": locale.language(),
        "languages": locale.LANGUAGES,
        "theme": preferences.theme(),
        "script_root": request.script_root,
        "navigation": navigation.navigation(),
        "is_internal": current_user.is_authenticated and current_user.internal,
        "here": here(),
    }
