"""What tests of the console's forms share: a page is asked for, changed in some fields, and sent as a browser would."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from werkzeug.datastructures import MultiDict

from models import open_ticket, session


class Forms(HTMLParser):
    """Each form of a page as the fields a browser would send."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.select, self.area = [], None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append(MultiDict())
        elif not self.forms:
            return
        elif tag == "input" and given.get("name"):
            if given.get("type") not in ("checkbox", "radio", "file") or "checked" in given:
                self.forms[-1].add(given["name"], given.get("value") or "")
        elif tag == "select":
            self.select = [given["name"], None]
        elif tag == "option" and self.select and (self.select[1] is None or "selected" in given):
            self.select[1] = given.get("value", "")
        elif tag == "textarea":
            self.area = [given["name"], ""]

    def handle_data(self, text):
        if self.area:
            self.area[1] += text

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            self.forms[-1].add(self.select[0], self.select[1] or "")
            self.select = None
        elif tag == "textarea" and self.area:
            self.forms[-1].add(self.area[0], self.area[1].lstrip("\r\n"))
            self.area = None


@pytest.fixture
def office(ada, sign_in):
    """A client signed in as the administrator."""
    return sign_in(ada)


@pytest.fixture
def send(office):
    """A function (address, **changes) that opens the page, changes fields of the form that has ``has``, and posts it.

    A value None takes the field out, as an unticked box does; a list sends it several times.
    """

    def sent(address, /, has="name", client=office, to=None, **changes):
        page = client.get(address)
        assert page.status_code == 200
        form = next(form for form in Forms(page.text).forms if has in form)
        for name, value in changes.items():
            form.poplist(name)
            for one in [] if value is None else value if isinstance(value, list) else [value]:
                form.add(name, str(one))
        return client.post(to or address, data=form)

    return sent


@pytest.fixture
def shelf(team, carla, agnes, arthur):
    """Four tickets, oldest first: toner (urgent), paper (Agnes's), light (Arthur's, answered), door (closed)."""
    made = {}
    for name in ("toner", "paper", "light", "door"):
        made[name] = open_ticket(team, carla, f"The {name} is gone", "Please help.")
    made["toner"].edit(agnes.contact, priority=3, tags=["supplies"])
    made["paper"].assign_to(agnes)
    made["light"].assign_to(arthur)
    made["light"].reply(agnes.contact, "Wait a minute.")
    made["door"].close(by=agnes.contact)
    for place, ticket in enumerate(made.values()):
        ticket.last_activity_at = ticket.created_at + timedelta(minutes=place)
    session.commit()
    return made


@pytest.fixture
def desk(agnes, sign_in):
    """A client signed in as the agent."""
    return sign_in(agnes)
