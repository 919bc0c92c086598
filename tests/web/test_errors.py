"""Errors: no trace, no secret, and 404 tells nothing apart (R-VIS-8, rules 3 and 29)."""

import logging
import time

import pytest
from flask import abort
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import OperationalError

from web import errors, headers
from web.extensions import limiter


@pytest.fixture
def fail(app):
    """A function that makes the page /health/live fail with this exception."""
    view = app.view_functions["health.live"]

    def with_(error):
        def failing():
            raise error

        app.view_functions["health.live"] = failing

    yield with_
    app.view_functions["health.live"] = view


def test_hidden_and_absent_are_one_page(client, sign_in, agnes):
    visitor = [client.get(path).data for path in ("/nothing", "/helpdesk/none", "/nothing?q=1")]
    agent = sign_in(agnes)

    assert len(set(visitor)) == 1
    assert agent.get("/console/tickets/2000000000").data == agent.get("/console/nothing").data
    assert agent.get("/console/nothing").status_code == 404


@pytest.mark.parametrize("code", sorted(errors.PAGES))
def test_each_error_has_a_page_without_a_trace(app, client, code):
    with app.test_request_context("/"):
        from werkzeug.exceptions import default_exceptions

        body, status, _ = errors.error_page(default_exceptions[code](), code)

    assert status == code
    assert "Traceback" not in body
    assert "<h1" in body


def test_an_unexpected_error_shows_an_id_that_stands_in_the_log(app, client, fail, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    fail(RuntimeError("the secret is quarante-deux"))
    with caplog.at_level(logging.ERROR):
        answer = client.get("/health/live")
    page = answer.get_data(as_text=True)
    reference = page.partition("<code>")[2].partition("</code>")[0]

    assert answer.status_code == 500
    assert "quarante-deux" not in page
    assert reference
    assert reference in caplog.text
    assert answer.headers["Content-Security-Policy"] == headers.CONTENT_SECURITY_POLICY


def test_a_database_that_is_away_is_told_at_once(client, fail, sign_in, agnes):
    fail(OperationalError("select 1", {}, Exception("connection refused")))
    began = time.monotonic()
    answer = sign_in(agnes).get("/health/live")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert time.monotonic() - began < 2


def test_htmx_gets_a_notice_that_replaces_nothing_the_reader_typed(client):
    answer = client.get("/nothing", headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#flashes"
    assert b"<html" not in answer.data


def test_too_many_requests_say_when_to_come_back(app, client):
    app.config["RATELIMIT_ENABLED"] = True

    class Limit:
        error_message = None
        limit = "1 per minute"

    with app.test_request_context("/"):
        answer = errors.too_many(RateLimitExceeded(Limit()))

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert limiter is not None


def test_a_wrong_method_says_which_ones_there_are(client):
    answer = client.get("/preferences")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_abort_inside_a_page_is_the_page_of_that_error(app, client, fail):
    try:
        abort(413)
    except Exception as error:
        fail(error)

    assert client.get("/health/live").status_code == 413
