"""What the attackers share: a small world to break into, and each address of it."""

from html.parser import HTMLParser

import pytest

from tests.test_addresses import values, visitors

__all__ = ["values", "visitors"]


class Form:
    """A form of a page: where it goes, and what a browser would send."""

    def __init__(self, action: str, method: str):
        self.action, self.method, self.fields = action, method, []

    def changed(self, name: str, value) -> list:
        """The fields with one of them changed."""
        return [(one, value if one == name else kept) for one, kept in self.fields]

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.fields))


class Page(HTMLParser):
    """The forms of a page."""

    def __init__(self, html: str, address: str):
        super().__init__()
        self.address, self.forms, self.select, self.area = address, [], None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append(Form(given.get("action") or self.address, given.get("method", "get").lower()))
        elif not self.forms:
            return
        elif tag == "input" and given.get("name") and given.get("type") != "file":
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            self.forms[-1].fields += [(given["name"], given.get("value") or "on")] if ticked else []
        elif tag == "select" and given.get("name"):
            self.select = [given["name"], None]
        elif tag == "option" and self.select and (self.select[1] is None or "selected" in given):
            self.select[1] = given.get("value", "")
        elif tag == "textarea" and given.get("name"):
            self.area = [given["name"], ""]

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag in ("select", "textarea"):
            found = self.select if tag == "select" else self.area
            if found:
                self.forms[-1].fields.append((found[0], found[1] or ""))
            self.select, self.area = (None, self.area) if tag == "select" else (self.select, None)


@pytest.fixture
def places(app, values):
    """Every address of the house: (endpoint, method, address), with parts that exist."""
    found = []
    adapter = app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        parts = {name: value for name, value in values(rule.endpoint).items() if name in rule.arguments}
        found += [
            (rule.endpoint, method, adapter.build(rule.endpoint, parts, method=method))
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        ]
    return found
