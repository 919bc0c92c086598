"""The rules of WCAG 2.2 that a machine can check (axe-core), on the main pages, in both looks."""

from pathlib import Path

import pytest

from .walk import Unheard, found

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1" / "axe.min.js").read_text()
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.target).slice(0, 3).join(" ")}`)"""
VISITOR = ["/", "/helpdesk/support", "/login", "/signup", "/links", "/nothing-here"]
ADA = [
    "/my/tickets",
    "/my/account",
    "/console/",
    "/console/teams/{team}",
    "/console/tickets",
    "/console/tickets/{number}",
    "/console/tickets/new",
    "/console/teams/{team}/settings",
    "/console/tickets/board",
    "/console/tickets/mine/board",
    "/console/stages",
    "/console/stages/{stage}",
    "/console/users",
    "/console/outbox",
]


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("who", "addresses"), [(None, [*VISITOR, "{link}"]), ("Ada", ADA)])
def test_main_pages_are_for_everybody(desk, browser_of, who, addresses):
    page, broken = browser_of(who, bypass_csp=True, reduced_motion="reduce"), []  # axe writes styles of its own
    page.failures = Unheard()
    for address in addresses:
        page.goto(address.format(**found(desk, browser_of)))
        for looks, width in (("light", 1280), ("dark", 390)):
            page.emulate_media(color_scheme=looks)
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate(AXE)
            broken += [(address, looks, words) for words in page.evaluate(RUN)]
    assert broken == []
