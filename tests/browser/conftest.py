"""A real Chromium in front of a real Guichet: one run of bin/serve per database for all browser tests."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from models import Company, Contact, User, make_team, session
from models.people import _hasher
from models.templates_shipped import ship_all
from tests.conftest import PASSWORD, make_app
from tests.running import Postbox, Served

ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
ALL_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture(scope="session")
def chromium():
    expect.set_options(timeout=15_000)
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Desk:
    """A running helpdesk: its address, its mail, and the database behind it."""

    def __init__(self, served, postbox, app, environ):
        self.served, self.postbox, self.app, self.environ = served, postbox, app, environ
        self.address = f"http://127.0.0.1:{served.port}"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def desk(request, new_database, tmp_path_factory):
    """Acme with the team Support, which assigns by rule and closes by itself; Ada, Agnes and Arthur work there."""
    url, folder = new_database(request.param), tmp_path_factory.mktemp("desk")
    app = make_app(url, folder / "app")
    with Postbox() as postbox, app.app_context():
        ship_all()
        company = Company(name="Acme", working_hours=ALL_DAY)
        make_team("Support", "support", company, auto_assign="equal_open", auto_close=True, visibility="public")
        for name in ("Ada", "Agnes", "Arthur"):
            contact = Contact(email=f"{name.lower()}@acme.example", name=name)
            role = "administrator" if name == "Ada" else "agent"
            session.add(
                User(
                    contact=contact,
                    role=role,
                    companies=[company],
                    password_hash=_hasher.hash(PASSWORD),
                    takes_tickets=name != "Ada",
                )
            )
        session.commit()
        session.remove()
        served = Served(folder, DATABASE_URL=url, MAIL_URL=postbox.url, SECRET_KEY=app.config["SECRET_KEY"])
        try:
            served.ready()
            yield Desk(served, postbox, app, {**served.environ, "BASE_URL": f"http://127.0.0.1:{served.port}"})
        finally:
            session.remove()
            served.end()


@pytest.fixture
def browser_of(chromium, desk):
    """A function: a page in a fresh browser without cookies, signed in as the user of this name if one is given."""
    contexts = []

    def page(name: str | None = None, **settings):
        context = chromium.new_context(
            base_url=desk.address, locale="en", viewport={"width": 1280, "height": 900}, **settings
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.failures = []
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        page.on("console", lambda said: page.failures.append(said.text) if said.type == "error" else None)
        if name:
            page.goto("/login")
            page.get_by_label("E-mail").fill(f"{name.lower()}@acme.example")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/console/**")
        return page

    yield page
    for context in contexts:
        failures = [failure for page in context.pages for failure in getattr(page, "failures", ())]
        context.close()
        assert not failures
