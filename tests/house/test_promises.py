"""What README and docs promise to those who run Guichet: commands that exist, files that fit, logins that work."""

import json
import re
import shlex

import pytest
import requests

import config
import supervisor
from models import Ticket, session
from tests.conftest import make_app
from tests.running import ROOT, Served, gone, until

README, OPERATING = ROOT / "README.md", ROOT / "docs" / "operating.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md"))]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = ("guichet-web.service", "guichet-worker@.service", "guichet-schedule.service")
OF_OTHERS = {"PASSWORD", "MAINPID"}


def anchors(page) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_documents_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not target.startswith(("http:", "https:")):
            path, _, anchor = target.partition("#")
            there = page.parent / path if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_program_that_is_named_is_there(page):
    for program in re.findall(r"(?<![\w/.])((?:/opt/guichet/)?bin/[a-z]+)\b", page.read_text()):
        assert (ROOT / program.removeprefix("/opt/guichet/")).exists(), program
    for file in re.findall(r"python (\w+\.py)", page.read_text()):
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_flask_command_that_is_named_exists(page, tmp_path):
    commands = make_app(f"sqlite:///{tmp_path}/x.db", tmp_path).cli.commands
    flask = r"(?:flask(?: --app wsgi)?|(?m:^)guichet|`guichet) ([a-z-]+)((?: [a-z]+)?(?: --[a-z-]+)*)"
    calls = re.findall(flask, page.read_text().replace("\\\n", ""))
    for name, rest in calls:
        command = commands.get(name)
        assert command, f"flask {name}"
        words = rest.split()
        if hasattr(command, "commands") and words:
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, (name, rest)


@pytest.mark.parametrize("page", [README, OPERATING, DEPLOY / "guichet.env"], ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page):
    named = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", page.read_text()))
    named |= set(re.findall(r"^([A-Z_]+)=", page.read_text(), re.M))
    assert named
    assert named - OF_OTHERS <= set(re.findall(r"^([A-Z_]+) ", config.__doc__, re.M))


def test_the_settings_of_the_services_can_work(tmp_path):
    environ = dict(line.split("=", 1) for line in shlex.split((DEPLOY / "guichet.env").read_text(), comments=True))
    settings = config.load({**environ, "DATA_DIR": str(tmp_path)})

    assert settings["TRUSTED_PROXIES"] == ["127.0.0.1"]
    assert settings["MAIL_URL"].endswith("?tls=1")


def test_the_units_run_what_bin_serve_runs(tmp_path):
    settings = config.load({"DATA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1"})
    ours = [[word.rpartition("/")[2] for word in command] for command in supervisor.commands(settings).values()]
    theirs = []
    for unit in UNITS:
        text = (DEPLOY / unit).read_text()
        start = re.search(r"^ExecStart=(.+)$", text, re.M)[1]
        theirs += [start.replace("%i", name) for name in (("default", "mail") if "@" in unit else ("",))]
        assert "\nExecStartPre=/opt/guichet/.venv/bin/python preflight.py\n" in text

    assert sorted([word.rpartition("/")[2] for word in shlex.split(start)] for start in theirs) == sorted(ours)


def test_proxies_let_through_what_guichet_takes(tmp_path):
    most = config.load({"DATA_DIR": str(tmp_path)})["MAX_CONTENT_LENGTH"]
    nginx = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text())[1]
    caddy = re.search(r"max_size (\d+)MB", (DEPLOY / "Caddyfile").read_text())[1]

    assert most < int(caddy) * 1_000_000 <= int(nginx) * 2**20 < most * 1.2


def test_the_small_desk_of_the_documents_can_be_imported(new_database, tmp_path):
    text = (ROOT / "docs" / "interchange.md").read_text()
    small = re.search(r"```json\n(.+?)```", text, re.S)[1]
    app = make_app(new_database("sqlite"), tmp_path)
    with app.app_context():
        outcome = app.test_cli_runner().invoke(args=["import", "-"], input=small)

        assert outcome.exit_code == 0, outcome.output
        assert session.get(Ticket, 1).subject == json.loads(small)["tickets"][0]["subject"]
        session.remove()


@pytest.mark.slow
def test_the_demo_serves_and_the_logins_it_prints_sign_in(tmp_path):
    guichet = Served(tmp_path, "--demo").ready()
    try:
        password = re.search(r"with the password (\S+) as", guichet.said())[1]
        logins = re.findall(r"^  (\S+@\S+) ", guichet.said(), re.M)
        address = re.search(r"Guichet is ready: (\S+)/ ", guichet.said())[1]
        assert len(logins) >= 5
        for email in logins:
            browser = requests.Session()
            page = browser.get(f"{address}/login", timeout=20).text
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
            browser.post(f"{address}/login", {"email": email, "password": password, "csrf_token": token}, timeout=20)
            assert 200 in {browser.get(f"{address}/{place}", timeout=20, allow_redirects=False).status_code
                           for place in ("console/", "my/tickets")}, email  # fmt: skip
        family = guichet.family()
    finally:
        guichet.end()
    until(lambda: gone(family), 5)
