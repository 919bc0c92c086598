"""Which requests are believed (threat model, rules 21 to 23)."""

import pytest
from flask import request

import config
from tests.conftest import make_app
from web.redirects import is_local
from web.trust import behind_proxies, networks


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80"])
def test_an_unknown_host_is_refused(client, host):
    answer = client.get("/login", headers={"Host": host})

    assert answer.status_code == 400
    assert host.encode() not in answer.data


def test_health_is_told_under_any_name(client):
    assert client.get("/health/live", headers={"Host": "10.0.0.7"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ],
)
def test_a_form_of_another_site_is_refused(client, headers):
    assert client.post("/preferences", data={"theme": "dark"}, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}])
def test_a_form_of_ours_passes(client, headers):
    assert client.post("/preferences", data={"theme": "dark"}, headers=headers).status_code == 303


def test_a_page_that_keeps_its_address_to_itself_may_post(client):
    """no-referrer makes browsers send the Origin "null" from the pages behind a mailed link."""
    assert client.post("/ticket/forged/replies", headers={"Origin": "null"}).status_code != 403


def test_a_form_without_its_token_is_shown_again_with_what_was_typed(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    words = "It smokes, <b>really</b>, since this morning and nobody knows why."
    answer = client.post("/login", data={"email": "carla@client.example", "password": "hunter22", "text": words})

    assert answer.status_code == 400
    assert b"carla@client.example" in answer.data
    assert b"It smokes, &lt;b&gt;really" in answer.data
    assert b"hunter22" not in answer.data
    assert b'name="csrf_token"' in answer.data


def test_proxy_headers_from_nobody_in_particular_are_dropped(client):
    said = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6"}

    assert client.get("/health/live", headers=said).status_code == 200
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers=said).status_code == 404  # a proxy we do not know: anybody may ask through it


HOPS = {
    "one proxy": ("10.0.0.2", "192.0.2.7", "192.0.2.7"),
    "two proxies of ours": ("10.0.0.2", "192.0.2.7, 10.0.0.1", "192.0.2.7"),
    "what the client wrote itself": ("10.0.0.2", "127.0.0.1, 192.0.2.7, 10.0.0.1", "192.0.2.7"),
    "a client within our own networks": ("10.0.0.2", "10.0.0.9", "10.0.0.9"),
    "a proxy that says nothing": ("10.0.0.2", None, "10.0.0.2"),
    "somebody who is no proxy": ("192.0.2.66", "127.0.0.1", "192.0.2.66"),
}


@pytest.mark.parametrize(("peer", "hops", "seen"), HOPS.values(), ids=HOPS)
def test_the_client_is_the_first_that_is_no_proxy_of_ours(peer, hops, seen):
    def told(environ, start_response):
        return environ["REMOTE_ADDR"]

    environ = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": hops} if hops else {})
    assert behind_proxies(told, networks(["10.0.0.0/8"]))(environ, None) == seen


def test_behind_a_proxy_of_the_settings_pages_are_served_under_their_public_address(tmp_path):
    app = make_app(
        f"sqlite:///{tmp_path}/x.db",
        tmp_path,
        BASE_URL="https://help.example.org",
        TRUSTED_PROXIES=config.networks({"TRUSTED_PROXIES": "127.0.0.1"}, "TRUSTED_PROXIES", ""),
        TRUSTED_MONITORS=["127.0.0.1"],
    )
    said = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "help.example.org"}
    seen = []
    app.before_request(lambda: seen.append((request.remote_addr, request.url)))

    assert app.test_client().get("/health/live", headers=said).status_code == 200
    assert seen == [("192.0.2.7", "https://help.example.org/health/live")]
    assert app.test_client().get("/metrics", headers=said).status_code == 404


@pytest.mark.parametrize("target", ["/my/tickets", "/console/tickets?q=a&page=2", "/"])
def test_a_local_path_is_a_place_to_go_next(target):
    assert is_local(target)


@pytest.mark.parametrize(
    "target",
    ["", None, "//evil.example", "https://evil.example", "/\\evil.example", "\\/evil", "/\t/evil",
     "javascript:alert(1)", "my/tickets", "///evil.example", "/\n/evil.example", " /my"],
)  # fmt: skip
def test_anything_else_is_not(target):
    assert not is_local(target)
