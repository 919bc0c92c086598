"""Every page, wide and on a phone: nothing sticks out sideways, nothing complains, nothing is loaded from elsewhere."""

import pytest
from sqlalchemy import select

from models import Company, Contact, User, session
from models.people import _hasher
from tests.conftest import PASSWORD

from .walk import pages

pytestmark = pytest.mark.browser
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
COVERED = """() => {
  const parts = [...document.querySelectorAll(".brand, .topbar-nav > *, .topbar-end > *, .topbar-menu")]
    .map((part) => ({ name: part.className, box: part.getBoundingClientRect() })).filter(({ box }) => box.width);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return parts.flatMap((one, place) =>
    parts.slice(place + 1).filter((other) => meet(one.box, other.box)).map((other) => `${one.name} / ${other.name}`));
}"""


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
def test_every_page_fits_and_keeps_to_itself(desk, browser_of):
    page, strangers, wide = browser_of("Ada"), [], []
    page.on("request", lambda asked: asked.url.startswith(desk.address) or strangers.append(asked.url))
    for address in pages(desk, browser_of):
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.goto(address).status == 200, address
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            if page.evaluate(TOO_WIDE):
                wide.append((width, address))
        assert page.failures == [], address
    assert (wide, strangers) == ([], [])


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
def test_nothing_in_the_bar_covers_its_neighbour(desk, browser_of):
    """French words are the longest, and who works in two companies has the switch besides."""
    companies = [session.scalar(select(Company)), Company(name="Maison Lavaur")]
    fanny = Contact(email="fanny@acme.example", name="Fanny", language="fr")
    session.add(User(contact=fanny, role="administrator", companies=companies, password_hash=_hasher.hash(PASSWORD)))
    session.commit()
    page = browser_of("Fanny")
    page.goto("/console/teams")
    assert page.get_by_role("navigation").get_by_text("Mes tickets").count() == 1
    for width in range(360, 1640, 40):
        page.set_viewport_size({"width": width, "height": 800})
        assert (width, page.evaluate(COVERED), page.evaluate(TOO_WIDE)) == (width, [], False)
