"""Headers of every answer (threat model, rules 16, 25 and 28)."""

import pytest

SEVERAL = ["/", "/login", "/health/live", "/nothing/here", "/static/css/app.css", "/console/", "/ticket/forged"]


@pytest.mark.parametrize("path", SEVERAL)
def test_every_answer_carries_the_content_policy(client, path):
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    for part in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")


def test_a_page_behind_a_link_is_kept_nowhere_and_tells_no_other_site(client):
    answer = client.get("/ticket/forged")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_signed_in_page_is_kept_nowhere(sign_in, agnes):
    assert sign_in(agnes).get("/console/").headers["Cache-Control"] == "no-store"


def test_the_login_cookie_is_for_this_host_over_tls_alone(apps, kind, tmp_path):
    from tests.conftest import make_app

    url = str(apps(kind).config["SQLALCHEMY_DATABASE_URI"])
    app = make_app(url, tmp_path, BASE_URL="https://help.example")
    app.extensions["guichet_has_administrator"] = True
    answer = app.test_client().get("/login", base_url="https://help.example")
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Host-guichet=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_without_tls_nothing_promises_it(client):
    assert "Strict-Transport-Security" not in client.get("/health/live").headers
