"""Files of messages on their way to a browser: never a page of ours (threat model, rules 34 and 35)."""

import logging

from flask import abort, send_file

SANDBOX = "default-src 'none'; sandbox"

log = logging.getLogger(__name__)


def download(file):
    """The file under its own name, to be saved; 404 where the store lost it."""
    answer = _send(file, file.type)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def picture(file):
    """The picture for an <img>, under the type that its bytes have; 404 for anything else.

    It is sent to be saved as well: an <img> shows it all the same, and opened by itself it is no page. A browser may
    keep it, but asks each time whether it may still show it.
    """
    try:
        shown_as = file.picture_type
    except FileNotFoundError:
        shown_as = None
    if shown_as is None:
        abort(404)
    answer = _send(file, shown_as)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _send(file, mimetype):
    try:
        stream = file.open()
    except FileNotFoundError:
        log.error("attachment %s is not in the store", file.id)
        abort(404)
    answer = send_file(
        stream, mimetype=mimetype, as_attachment=True, download_name=file.name, max_age=0, etag=file.sha256
    )
    answer.content_length = file.size
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer
