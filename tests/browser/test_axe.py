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
        answer = page.goto(address.format(**found(desk, browser_of)))
        assert answer.ok or address == "/nothing-here", address
        broken += [(address, *words) for words in looked_at(page)]
    assert broken == []


def looked_at(page):
    """What is wrong with the page as it stands, in both looks."""
    for looks, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=looks)
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate(AXE)
        yield from ((looks, words) for words in page.evaluate(RUN))


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
def test_what_opens_over_a_board_and_a_ticket_is_for_everybody(desk, browser_of):
    page, broken = browser_of("Ada", bypass_csp=True, reduced_motion="reduce"), []
    places = found(desk, browser_of)
    opened = {
        "/console/tickets/board": [("[data-new-card]", ".new-card"), ("[data-move]", "#move-dialog[open]")],
        "/console/teams/{team}": [
            (".board-column-tools summary", ".board-column-tools [open]"),
            ("[href*='/console/stages/'][hx-get]", "#popup[open]"),
            ("#popup .template-makers a", "#template-dialog[open] form"),
        ],
        "/console/tickets/{number}": [(".canned summary", ".canned-item")],
    }
    for address, steps in opened.items():
        page.set_viewport_size({"width": 1280, "height": 844})
        page.goto(address.format(**places), wait_until="networkidle")
        for pressed, shown in steps:
            page.locator(pressed).first.click()
            page.locator(shown).first.wait_for()
            broken += [(shown, *words) for words in looked_at(page)]
            page.set_viewport_size({"width": 1280, "height": 844})
    assert broken == []
