"""Every page of the URL map, at addresses that exist."""

import re

from sqlalchemy import select

from models import Batch, BulkAction, Contact, Delivery, Stage, Team, Template, User, open_ticket, session
from models.base import now
from models.canned import CannedReply
from models.incoming import IncomingMail, TeamAddress, row_of
from tests.running import until

# Not pages: files, monitors, and what leads elsewhere or exists only before the first administrator.
NO_PAGES = {"static", "health.live", "health.ready", "health.metrics", "console.first_run", "console.view", "portal.my"}
NO_PAGES |= {"console.original", "console.original_of_message", "console.export"}
PIECES = {f"console.{piece}" for piece in ("simulation", "canned_for", "address_check", "duplicates", "similar")}
# What ``id`` stands for below each address, or on one page.
KINDS = {
    "teams": "team", "stages": "stage", "users": "user", "templates": "template", "companies": "company",
    "closings": "run", "console.message_page": "message",
}  # fmt: skip
CARLA = "carla.walks@client.example"


class Unheard(list):
    """Takes no note of what the browser complains about, where refusals belong to the test."""

    def append(self, words):
        pass


def found(desk, browser_of) -> dict:
    """What the parts of addresses stand for: Ada's own ticket, and the link that Carla got by mail."""
    if not hasattr(desk, "walked"):
        link = _link_of_carla(desk, browser_of())
        team = session.scalar(select(Team).where(Team.slug == "support"))
        ada = session.scalar(select(User).join(User.contact).where(Contact.email == "ada@acme.example"))
        words = "A long word: " + "Donaudampfschifffahrtsgesellschaftskapitän" * 3
        ticket = open_ticket(team, ada.contact, "Screen flickers in the meeting room", words)
        template = Template(name="Written here", subject={"en": "Hello"}, body={"en": "Hello"})
        run = Batch(team_id=team.id, stage_id=team.closing_stage.id, at=now(), ended_at=now())
        mail = IncomingMail(**row_of(b"From: carla@client.example\n\nHello", "lmtp", "", "support@desk.example"))
        mail.becomes("ticket", ticket=ticket, message=ticket.messages[0], team=team)
        canned = CannedReply(user_id=ada.id, shortcut="hello", title="Hello", body="Hello {{ customer }}")
        session.add_all([template, run, mail, canned, TeamAddress(address="help@desk.example", team=team)])
        action = BulkAction.start(ada, "tag", {"tags": ["hardware"]}, [ticket.id])
        ticket.edit(ada.contact, tags=["hardware", "meeting room"], priority=2)
        session.commit()
        desk.walked = {
            "link": link, "number": ticket.number, "slug": team.slug, "team": team.id, "company": team.company_id,
            "stage": session.scalar(select(Stage.id).order_by(Stage.id)), "user": ada.id,
            "template": template.id, "outbox": session.scalar(select(Delivery.id)), "run": run.id, "mail": mail.id,
            "bulk": action.id, "message": ticket.messages[0].id, "canned": canned.id,
        }  # fmt: skip
        session.remove()
    return desk.walked


def _link_of_carla(desk, page) -> str:
    page.goto("/helpdesk/support")
    typed = {"name": "Carla Conti", "email": CARLA, "subject": "The lights are out", "description": "Since noon."}
    for name, words in typed.items():
        page.locator(f"[name={name}]").fill(words)
    page.get_by_role("button", name="Send the request").click()
    mails = until(lambda: desk.postbox.to(CARLA), 90)
    return re.search(r"http://[^/]+(/ticket/\S+)", mails[0].text)[1]


def pages(desk, browser_of) -> list[str]:
    """The addresses of all pages that answer a GET."""
    values, urls = found(desk, browser_of), desk.app.url_map.bind("localhost")
    addresses = [values["link"]]
    for rule in desk.app.url_map.iter_rules():
        if "GET" not in rule.methods or {"token", "filename"} & rule.arguments or rule.endpoint in NO_PAGES | PIECES:
            continue
        if "attachment" in rule.endpoint:
            continue
        room = rule.rule.split("/")[2] if rule.arguments else ""
        kind = KINDS.get(rule.endpoint) or KINDS.get(room, room)
        parts = {"id": values.get(kind), "number": values["number"], "slug": values["slug"]}
        addresses.append(urls.build(rule.endpoint, {name: parts[name] for name in rule.arguments}))
    return sorted(addresses)
