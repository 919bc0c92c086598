"""What anybody typed, anywhere, is text on every page and in every mail (threat model, rules 35 and 37)."""

from email import message_from_bytes, policy
from html.parser import HTMLParser
from io import BytesIO

import pytest

from mail.outgoing import deliver_due_batch
from models import Delivery, Stage, Tag, Template, Upload, session
from models.base import now

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg/onload=alert(3)>"
WORDS = f"{EVIL} [x](javascript:alert(4)) <a href='javascript:alert(5)'>y</a> {{{{ 7*7 }}}}"


class Elements(HTMLParser):
    """Whatever in a page could run, or was never written by us."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if any(name.startswith("on") for name in given):
            self.found.append((tag, given))
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append((tag, given))
        if tag == "img" and given.get("src") == "x":
            self.found.append((tag, given))
        addresses = (given.get(name) or "" for name in ("href", "src", "action", "formaction"))
        if any(one.strip().lower().startswith(("javascript:", "data:text", "vbscript:")) for one in addresses):
            self.found.append((tag, given))


@pytest.fixture
def poisoned(printer, team, carla, agnes, ada, values):
    """Hostile words in every place that keeps words."""
    printer.subject, carla.name, agnes.contact.name = WORDS[:250], EVIL[:120], EVIL[:120]
    team.name, team.description, team.company.name = EVIL[:120], WORDS, EVIL[:120]
    for number, stage in enumerate(session.query(Stage)):
        stage.name, stage.description = f"{number}{EVIL}"[:80], WORDS
    for number, template in enumerate(session.query(Template).filter_by(name="Unused")):
        template.name, template.body = f"{number}{EVIL}"[:120], {"en": WORDS, "fr": WORDS}
        template.subject = {"en": WORDS[:250], "fr": WORDS[:250]}
    printer.tags = [Tag(name=EVIL[:40])]
    printer.reply(carla, WORDS, [Upload(f"{EVIL}.svg", "image/svg+xml", BytesIO(b"<svg onload='alert(6)'/>"))])
    printer.reply(agnes.contact, WORDS, internal=True)
    printer.reply(agnes.contact, WORDS)
    printer.assign_to(agnes, by=ada.contact)
    printer.record("closed", by=carla, from_=EVIL, to=EVIL, why=WORDS)
    session.commit()
    return printer


@pytest.mark.parametrize("visitor", ["nobody", "customer", "agent", "administrator"])
def test_no_page_runs_what_somebody_typed(visitor, app, poisoned, places, visitors, sign_in):
    client = sign_in(visitors[visitor]) if visitors[visitor] else app.test_client()
    seen, ran = 0, []
    for endpoint, method, address in places:
        if method != "GET" or endpoint == "static":
            continue
        answer = client.get(address)
        if answer.mimetype == "text/html":
            seen += "alert(1)" in answer.text or "onerror" in answer.text
            ran += [(address, found) for found in Elements(answer.text).found]
        answer.close()
    assert seen > 2
    assert ran == []


def test_no_mail_runs_what_somebody_typed(app, poisoned):
    deliver_due_batch(now())
    ran, looked = [], 0
    for delivery in session.query(Delivery).filter(Delivery.raw.is_not(None)):
        mail = message_from_bytes(delivery.raw, policy=policy.default)
        html = mail.get_body(("html",)).get_content()
        looked += 1
        ran += Elements(html).found
        assert "<script" not in html and "<svg" not in html
        assert len(mail.get_all("To")) == len(mail.get_all("Subject")) == 1
        assert mail["Bcc"] is None and mail["Cc"] is None
    assert looked > 2
    assert ran == []
