"""Every mail of the corpus ends as it should (tests/mail/corpus says how)."""

import pytest
from sqlalchemy import select

from mail.rendering import prepare, render
from models import Delivery, IncomingMail, session
from models.outbox import queue_mail
from models.quoting import parts
from tests.mail.arriving import settle, store
from tests.mail.corpus import load

CASES = load()


def test_the_corpus_is_large_enough():
    assert len(CASES) >= 120


@pytest.fixture
def values(app, printer, carla, agnes, team):
    """What the placeholders of the corpus stand for."""
    app.config |= {"REPLY_MARK": "+", "SENDER_LIMIT": "1000 per hour"}
    team.add_follower(agnes.contact)
    agnes.contact.user.companies  # noqa: B018 - loaded while the session is young
    note = printer.add_message(agnes.contact, "Between us", internal=True)
    sent = session.scalars(select(Delivery).where(Delivery.ticket_id == printer.id)).first()
    told = queue_mail("new_ticket", agnes.contact, "corpus", ticket=printer, event=printer.events[0])
    noted = queue_mail("note", agnes.contact, "corpus", ticket=printer, message=note)
    prepare([sent, told, noted])
    addresses = [render(one)["Reply-To"].addresses[0].addr_spec for one in (sent, told, noted)]
    session.commit()
    names = ("{reply}", "{agents}", "{notes}", "{sent}", "{agents_mail}")
    return dict(zip(names, [*addresses, sent.mail_id, told.mail_id], strict=True))


def filled(text, values):
    for name, value in values.items():
        text = text.replace(name.encode(), value.encode()) if isinstance(text, bytes) else text.replace(name, value)
    return text


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_every_mail_ends_as_it_should(values, printer, together):
    faults, rows = [], []
    for case in CASES:
        to = filled(case.to, values) if case.to else None
        mail = store(filled(case.raw, values), to, case.sender)
        rows.append((case, mail))
        if not together:
            forget_bounces()
            settle()
            faults += [f"{case.name}: {fault}" for fault in wrong(case, mail)]
            faults += [f"{case.name}: {fault}" for fault in wrongly_noted(case)]
    if together:
        settle()
        faults = [f"{case.name}: {fault}" for case, mail in rows for fault in wrong(case, mail)]

    assert not faults, "\n".join(faults)
    assert session.scalars(select(IncomingMail.id).where(IncomingMail.state == "received")).all() == []


def wrong(case, mail):
    """What is not as the case says."""
    told = {"state": mail.state, "author": mail.author}
    if mail.message:
        author = mail.message.author.email
        told |= {
            "body": mail.message.body, "new": parts(mail.message.body).new.strip(), "author": author,
            "files": tuple(file.name for file in mail.message.attachments), "placed_by": mail.message.placed_by,
            "internal": mail.message.internal, "subject": mail.ticket.subject, "answered": mail.answered,
        }  # fmt: skip
    told["reason"] = mail.reason
    for name, value in told.items():
        expected = getattr(case, name)
        if expected is not None and value != expected:
            yield f"{name} is {value!r:.300}, not {expected!r:.300} ({mail.reason})"
    body = told.get("body", "")
    yield from (f"{text!r} is missing in {body!r:.400}" for text in case.has if text not in body)
    yield from (f"{text!r} stands in {body!r:.400}" for text in case.lacks if text in body)


def forget_bounces():
    for delivery in session.scalars(select(Delivery).where(Delivery.bounced_at.is_not(None))):
        delivery.bounced_at = delivery.contact.bounced_at = None
    session.commit()


def wrongly_noted(case):
    """Whether the bounce stands at the delivery that it concerns, and marks the address."""
    if "bounced" in case.noted:
        found = session.scalars(select(Delivery).where(Delivery.bounced_at.is_not(None))).all()
        marked = [delivery.address for delivery in found if delivery.contact.bounced_at]
        expected = ["carla@client.example"] if case.noted["bounced"] else []
        if marked != expected:
            yield f"bounced: {marked}"


def test_what_no_person_wrote_changes_nothing(values, printer):
    """None reopens a ticket, counts as activity or is answered (threat model, rule 52)."""
    printer.close()
    session.commit()
    before = printer.last_activity_at, len(printer.messages), printer.stage_id
    mails = session.scalar(select(Delivery.id).order_by(Delivery.id.desc()))
    for case in CASES:
        if case.state in ("automatic", "bounce"):
            store(filled(case.raw, values), filled(case.to, values), case.sender)
    settle()

    session.refresh(printer)
    assert (printer.last_activity_at, len(printer.messages), printer.stage_id) == before
    assert session.scalar(select(Delivery.id).order_by(Delivery.id.desc())) == mails
