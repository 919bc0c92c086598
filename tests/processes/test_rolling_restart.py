"""New processes take over while people work: no request fails (threat model, section 6)."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest
import requests

from models import Company, Contact, Ticket, User, make_team, session
from tests.conftest import make_app
from tests.running import ROOT, SETTINGS, free_port, until

pytestmark = pytest.mark.slow


class Web:
    """The web server, as docs/operating.md starts it."""

    def __init__(self, folder, **settings):
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
        environ = {**clean, "PORT": str(self.port), "DATA_DIR": str(folder), "WEB_WORKERS": "1", **settings}
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:create_app()"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ)
        until(self.answers, 60)

    def answers(self):
        try:
            return requests.get(f"{self.address}/health/live", timeout=5).ok
        except requests.RequestException:
            return False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}


@pytest.fixture
def web(new_database, tmp_path):
    url = new_database("sqlite")
    app = make_app(url, tmp_path / "app")
    with app.app_context():
        company = Company(name="Acme")
        make_team("Support", "support", company)
        session.add(User(contact=Contact(email="ada@acme.example"), role="administrator", companies=[company]))
        session.commit()
        session.remove()
    web = Web(tmp_path / "data", DATABASE_URL=url, REDIS_URL=f"unix://{tmp_path}/nobody.sock")
    web.app = app
    yield web
    web.process.kill()
    web.process.wait()


def test_no_request_fails_while_the_web_server_reloads(web):
    answers, done = [], threading.Event()

    def visit():
        while not done.is_set():
            try:
                answers.append(requests.get(f"{web.address}/helpdesk/support", timeout=20).status_code)
            except requests.RequestException as error:
                answers.append(error)

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    for _ in range(2):
        before = web.workers()
        until(lambda: len(answers) > 10)
        web.process.send_signal(signal.SIGHUP)
        until(lambda before=before: web.workers() and not web.workers() & before, 60)
    done.set()
    for visitor in visitors:
        visitor.join(30)

    assert set(answers) == {200}


def test_what_is_being_sent_when_the_web_server_ends_is_taken(web):
    """A form whose second half arrives after SIGTERM is answered, and its ticket is there."""
    browser = requests.Session()
    page = browser.get(f"{web.address}/helpdesk/support", timeout=20).text
    form = dict(re.findall(r'name="(key|csrf_token)"[^>]*value="([^"]+)"', page))
    form |= {"name": "Carla", "email": "carla@client.example", "subject": "Printer", "description": "It smokes."}
    request = browser.prepare_request(requests.Request("POST", f"{web.address}/helpdesk/support", data=form))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "Connection")
    body = request.body.encode()

    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as line:
        line.sendall(f"POST /helpdesk/support HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n{head}\r\n".encode())
        line.sendall(body[:40])
        time.sleep(0.5)  # s: the request is being read
        web.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        line.sendall(body[40:])
        answer = line.makefile("rb").readline()

    assert answer.startswith(b"HTTP/1.1 303 ")
    assert web.process.wait(30) == 0
    with web.app.app_context():
        assert session.query(Ticket).one().subject == "Printer"
        session.remove()
