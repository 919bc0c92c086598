"""How often something may be tried: by account or address, and by network (threat model, rule 27).

Addresses, tokens and names are counted under a digest: the counter's store learns none of them.
"""

import hashlib
import time
from contextlib import contextmanager

from flask import current_app, request
from flask_limiter import RateLimitExceeded
from flask_login import current_user

from models.people import normal_email
from web import errors
from web.extensions import limiter, network

from . import bp
from .fields import normal_address, trim

GUESSES = "60 per 10 minutes"  # wrong links from one network
WRITES = "40 per 10 minutes"  # messages, closings and ratings of one customer on one ticket
PER_RECIPIENT = "20 per hour"  # requests in the name of one address, each of which is told by mail
MAILS_PER_ADDRESS, MAILS_PER_NETWORK = "5 per hour", "40 per hour"  # links, sign-ups and resets asked for
PASSWORDS_PER_ACCOUNT, PASSWORDS_PER_NETWORK = "10 per 15 minutes", "100 per 15 minutes"  # wrong ones
SAME_SECONDS = 0.25

_again = {}


def digest(*words) -> str:
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()[:24]


def recipient() -> str:
    """The address that was typed, in the one form in which mail goes there: no other spelling counts anew."""
    return digest("address", normal_address(trim(request.form.get("email", ""))))


def author() -> str:
    """Who asks through a public form: whoever is signed in, else the address that was typed."""
    if current_user.is_authenticated:
        return digest("address", current_user.contact.email)
    return recipient()


def account() -> str:
    """The account that a password is tried on, as signing in reads the address."""
    return digest("account", normal_email(trim(request.form.get("email", ""))))


def myself() -> str:
    return digest("user", current_user.get_id() if current_user.is_authenticated else network())


def door() -> str:
    return digest(*sorted(request.view_args.items()), current_user.get_id() or "")


def form_limit() -> str:
    return current_app.config["FORM_LIMIT"]


def _was(*statuses):
    return lambda response: response.status_code in statuses


def _limit(limits, key, counted, scope=None):
    if scope:
        return limiter.shared_limit(limits, scope, key_func=key, methods=["POST"], deduct_when=counted)
    return limiter.limit(limits, key_func=key, methods=["POST"], deduct_when=counted)


def requests(view):
    """Requests through the public form: those that made a ticket count."""
    view = _limit(PER_RECIPIENT, author, _was(303))(view)
    return _limit(form_limit, network, _was(303))(view)


def writes(view):
    return limiter.limit(WRITES, key_func=door, methods=["POST"])(view)


def link_guesses(view):
    """Wrong links count, whatever they were opened for; right ones cost nothing."""
    return limiter.shared_limit(GUESSES, "links", key_func=network, deduct_when=_was(404))(view)


def mails(view):
    """Every question for a mail counts, also one that is answered by none: both look alike."""
    view = limiter.limit(MAILS_PER_ADDRESS, key_func=recipient, methods=["POST"], exempt_when=_no_address)(view)
    return limiter.shared_limit(MAILS_PER_NETWORK, "mails", key_func=network, methods=["POST"])(view)


def _no_address() -> bool:
    return not request.form.get("email")


def passwords(view):
    """Wrong passwords count."""
    view = _limit(PASSWORDS_PER_ACCOUNT, account, _was(422))(view)
    return _limit(PASSWORDS_PER_NETWORK, network, _was(422), "passwords")(view)


def own_passwords(view):
    return _limit(PASSWORDS_PER_ACCOUNT, myself, _was(422))(view)


def shows_again(endpoint):
    """Register what renders the page of this endpoint once more, so that nothing typed is lost by a refusal."""

    def register(render):
        _again[endpoint] = render
        return render

    return register


@bp.errorhandler(RateLimitExceeded)
def too_many(error):
    answer = errors.too_many(error)
    if render := _again.get(request.endpoint):
        answer.set_data(render(**request.view_args))
    return answer


@contextmanager
def same_time():
    """Take as long for an address we know as for one we don't (threat model, rule 26); begin and end without a lock."""
    end = time.monotonic() + SAME_SECONDS
    yield
    time.sleep(max(0, end - time.monotonic()))
