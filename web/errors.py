"""Pages for what goes wrong. They touch no database, name no secret and show no trace.

A 404 is the same page, to the byte, for what doesn't exist and for what may not be seen (R-VIS-8).
"""

import logging
import secrets

from flask import current_app, g, render_template, request
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from .extensions import limiter
from .respond import asked_by_htmx
from .trust import host_is_unknown

log = logging.getLogger(__name__)
PAGES = {400, 403, 404, 405, 413, 422, 429, 500, 503}


def error_page(error: HTTPException, code: int | None = None, reference: str = ""):
    """The page for this error, or for htmx a notice that takes the place of nothing the reader typed."""
    code = code or error.code or 500
    page = code if code in PAGES else (400 if code < 500 else 500)
    if host_is_unknown():
        return _("This server does not answer to that name."), 400, {"Content-Type": "text/plain; charset=utf-8"}
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if asked_by_htmx():
        headers |= {"HX-Retarget": "#flashes", "HX-Reswap": "innerHTML"}
        return render_template("errors/_notice.html", code=page, reference=reference), code, headers
    return render_template(f"errors/{page}.html", code=page, reference=reference), code, headers


def http_error(error: HTTPException):
    if error.code and error.code < 400:
        return error
    if isinstance(error, InternalServerError):
        return unexpected(error.original_exception or error)
    return error_page(error)


def too_many(error: RateLimitExceeded):
    answer = current_app.make_response(error_page(error, 429))
    answer.headers["Retry-After"] = str(_seconds_to_wait())
    return answer


def _seconds_to_wait() -> int:
    import time

    limit = limiter.current_limit
    return max(1, int(limit.reset_at - time.time()) + 1) if limit else 60


def expired_form(error: CSRFError):
    """Show what was typed once more, with a fresh token, to be sent again by the person who typed it.

    refuse_other_sites has made sure that the form came from a page of ours.
    """
    log.info("form refused: %s", error.description)
    if asked_by_htmx() or request.method != "POST":
        return error_page(error, 400)
    typed = [(k, v) for k, v in request.form.items(multi=True) if k != "csrf_token" and not _secret(k)]
    secret = [k for k in request.form if _secret(k)]
    files = [f.filename for f in request.files.values() if f.filename]
    return render_template("errors/expired.html", code=400, typed=typed, secret=secret, files=files), 400


def _secret(field: str) -> bool:
    """Whether a password is typed into this field: it is never repeated on a page (threat model, rule 17)."""
    return "password" in field or field == "current"


def database_away(error: DBAPIError):
    """The database does not answer: say so at once, and look again in a moment."""
    if isinstance(error, DBAPIError) and not isinstance(error, OperationalError) and not error.connection_invalidated:
        return unexpected(error)
    g.without_database = True
    reference = secrets.token_hex(4)
    log.error("[%s] database away: %s", reference, type(error).__name__, exc_info=error)
    return error_page(ServiceUnavailable(retry_after=5), 503, reference)


def unexpected(error: BaseException):
    reference = secrets.token_hex(4)
    g.without_database = True
    log.error("[%s] %s %s", reference, request.method, request.endpoint or "?", exc_info=error)
    return error_page(InternalServerError(), 500, reference)


def init_app(app):
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(RateLimitExceeded, too_many)
    app.register_error_handler(CSRFError, expired_form)
    app.register_error_handler(DBAPIError, database_away)
    app.register_error_handler(PoolTimeout, database_away)
    app.register_error_handler(Exception, unexpected)
