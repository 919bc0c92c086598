"""A real mail server for every test that asks for one."""

import ssl

import pytest

from tests.mail.server import CERTIFICATE, MailServer


@pytest.fixture
def new_server():
    """A function that starts a mail server with these settings of aiosmtpd."""
    servers = []

    def start(**settings):
        servers.append(MailServer(**settings).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(app, new_server):
    """A mail server, and the app that sends to it."""
    server = new_server()
    app.config["MAIL_URL"] = server.url
    return server


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusted(monkeypatch):
    """This machine trusts the certificate of the tests."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
