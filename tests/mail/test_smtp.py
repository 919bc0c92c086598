"""The line to the mail server: TLS, login, and what its answers mean."""

import socket
import threading

import pytest

from mail.envelope import Dropped, Envelope, Refused, Unreachable
from mail.smtp import Server
from tests.mail.server import free_port, only


def envelope(to="carla@client.example", by="support@desk.example"):
    return Envelope("1", by, to, b"Subject: Hi\r\n\r\n.dot\r\nHello\r\n")


def post(url, one=None):
    with Server(url, greeting="desk.example") as office:
        office.post(one or envelope())


def test_the_mail_arrives_byte_for_byte(new_server):
    server = new_server()
    post(server.url)

    assert server.taken[0].content == b"Subject: Hi\r\n\r\n.dot\r\nHello\r\n"


def test_starttls_and_login(new_server, tls, trusted):
    server = new_server(
        tls_context=tls, require_starttls=True, auth_required=True, authenticator=only("guichet", "p@ss/word")
    )
    post(f"smtp://guichet:p%40ss%2Fword@127.0.0.1:{server.port}?tls=1")

    assert len(server.taken) == 1


def test_a_wrong_password_is_nobodys_mail_to_blame(new_server, tls, trusted):
    server = new_server(tls_context=tls, require_starttls=True, auth_required=True, authenticator=only("a", "right"))

    with pytest.raises(Unreachable, match="535"):
        post(f"smtp://a:wrong@127.0.0.1:{server.port}?tls=1")


def test_a_missing_login_is_nobodys_mail_to_blame(new_server, tls, trusted):
    server = new_server(tls_context=tls, require_starttls=True, auth_required=True, authenticator=only("a", "right"))

    with pytest.raises(Unreachable, match="530"):
        post(f"smtp://127.0.0.1:{server.port}?tls=1")


def test_without_starttls_nothing_is_said_that_needs_it(new_server):
    server = new_server()

    with pytest.raises(Unreachable):
        post(f"smtp://a:secret@127.0.0.1:{server.port}?tls=1")
    assert server.taken == []


def test_an_unknown_certificate_is_refused(new_server, tls):
    server = new_server(tls_context=tls, require_starttls=True)

    with pytest.raises(Unreachable, match="certificate"):
        post(f"smtp://127.0.0.1:{server.port}?tls=1")


def test_a_certificate_for_another_host_is_refused(new_server, tls, trusted):
    server = new_server(hostname="127.1.1.1", tls_context=tls, require_starttls=True)

    with pytest.raises(Unreachable, match="certificate"):
        post(f"smtp://127.1.1.1:{server.port}?tls=1")


def test_a_relay_in_ones_own_house_may_have_any_certificate(new_server, tls):
    server = new_server(tls_context=tls, require_starttls=True)
    post(f"smtp://127.0.0.1:{server.port}?tls=1&verify=0")

    assert len(server.taken) == 1


def test_tls_from_the_first_byte(new_server, tls, trusted):
    server = new_server(ssl_context=tls)
    post(f"smtps://127.0.0.1:{server.port}")

    assert len(server.taken) == 1


@pytest.mark.parametrize(("answer", "permanent"), [("550 unknown", True), ("552 full", True), ("450 busy", False)])
def test_what_an_answer_means(new_server, answer, permanent):
    server = new_server()
    server.answers["carla@client.example"] = answer

    with pytest.raises(Refused, match=answer) as refusal:
        post(server.url)
    assert refusal.value.permanent == permanent


def test_the_line_is_used_again_after_a_refusal(new_server):
    server = new_server()
    server.answers["gone@client.example"] = "550 unknown"
    with Server(server.url) as office:
        with pytest.raises(Refused):
            office.post(envelope("gone@client.example"))
        office.post(envelope())

    assert (server.lines, len(server.taken)) == (1, 1)


@pytest.mark.parametrize("breaks", ["421 too many mails", None])
def test_a_line_that_ends_is_called_again(new_server, breaks):
    server = new_server()
    if breaks:
        server.answers["carla@client.example"] = breaks
    else:
        server.breaks = 1
    with Server(server.url) as office:
        with pytest.raises(Dropped):
            office.post(envelope())
        office.post(envelope("arthur@acme.example"))

    assert (server.lines, len(server.taken)) == (2, 1)


def test_nobody_at_home_is_unreachable():
    with pytest.raises(Unreachable, match="cannot be reached"):
        post(f"smtp://127.0.0.1:{free_port()}")


def test_a_server_that_says_nothing_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr("mail.smtp.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        post(f"smtp://127.0.0.1:{silent.getsockname()[1]}")


def test_a_server_that_is_closed_for_today_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse():
            line, _ = listening.accept()
            with line:
                line.sendall(b"554 no service here\r\n")
                line.recv(100)

        threading.Thread(target=refuse, daemon=True).start()
        with pytest.raises(Unreachable, match="554 no service here"):
            post(f"smtp://127.0.0.1:{listening.getsockname()[1]}")


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nRCPT TO:<all@evil.example>", "a@b.example> SIZE=1", "a b@c.example", "nobody", ""]
)
def test_no_address_becomes_a_command(new_server, address):
    server = new_server()
    for one in (envelope(to=address), envelope(by=address)):
        with pytest.raises(Refused) as refusal:
            post(server.url, one)
        assert refusal.value.permanent
    assert server.lines == 0


def test_addresses_beyond_ascii_need_a_server_that_takes_them(new_server):
    able, unable = new_server(enable_SMTPUTF8=True), new_server(enable_SMTPUTF8=False)
    post(able.url, envelope("josé@client.example"))

    assert able.recipients() == ["josé@client.example"]
    with pytest.raises(Refused, match="SMTPUTF8"):
        post(unable.url, envelope("josé@client.example"))


def test_we_introduce_ourselves_by_our_own_domain(new_server):
    server = new_server()
    post(server.url)

    assert server.introduced == "desk.example"
