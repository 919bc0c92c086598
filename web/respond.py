"""One answer for both kinds of browser."""

from flask import flash, redirect, render_template, request


def asked_by_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def respond(fragment: str, *, back: str, status: int = 200, message: str = "", **context):
    """The fragment that changed for htmx, and for everyone else the way back to the page (303).

    ``message`` is said on the page: beside the fragment, or after the redirection.
    """
    if not asked_by_htmx():
        if message:
            flash(message, "success")
        return redirect(back, 303)
    body = render_template(fragment, **context)
    if message:
        body += render_template("_said.html", message=message)
    return body, status
