"""Every page, wide and on a phone: nothing sticks out sideways, nothing complains, nothing is loaded from elsewhere."""

import pytest

from .walk import pages

pytestmark = pytest.mark.browser
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


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
