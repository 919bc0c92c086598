"""What is written and not sent."""

import io
from pathlib import Path

from models import Attachment, Draft, Upload, session


def smoke(name="smoke.txt"):
    return Upload(name, "text/plain", io.BytesIO(b"smoke"))


def test_a_draft_is_of_one_person_one_ticket_and_one_kind(printer, agnes, arthur):
    printer.keep_draft(agnes, "Dear Carla")
    printer.keep_draft(agnes, "She is angry", internal=True)
    printer.keep_draft(arthur, "Hello")
    printer.keep_draft(agnes, "Dear Carla, pull")
    session.commit()

    assert [(draft.body, draft.internal) for draft in printer.drafts_of(agnes)] == [
        ("Dear Carla, pull", False),
        ("She is angry", True),
    ]
    assert [draft.body for draft in printer.drafts_of(arthur)] == ["Hello"]


def test_a_draft_without_words_is_none(printer, agnes):
    assert printer.keep_draft(agnes, "  ") is None
    printer.keep_draft(agnes, "Dear")
    assert printer.keep_draft(agnes, "") is None
    assert printer.drafts_of(agnes) == []


def test_what_was_sent_is_no_draft_again(printer, agnes):
    printer.answer(agnes, "Dear Carla", key="one")
    assert printer.keep_draft(agnes, "Dear Car", key="one") is None
    assert printer.keep_draft(agnes, "Next", key="two").body == "Next"


def test_a_draft_is_no_activity_and_tells_nobody(printer, agnes):
    before = printer.last_activity_at, len(printer.events)
    printer.keep_draft(agnes, "Dear Carla")
    session.commit()
    assert (printer.last_activity_at, len(printer.events)) == before


def test_files_of_a_draft_go_with_it(printer, agnes, app):
    store = Path(app.config["ATTACHMENTS_URL"].removeprefix("file://"))
    draft = printer.keep_draft(agnes, "", files=[smoke(), smoke("fire.txt")])
    session.commit()
    first, second = draft.attachments
    draft.keep_only([second])
    session.commit()
    assert not (store / first.storage_key).exists() and (store / second.storage_key).exists()

    printer.forget_draft(agnes, internal=False)
    session.commit()
    assert session.query(Draft).count() == session.query(Attachment).count() == 0
    assert not (store / second.storage_key).exists()


def test_files_that_were_sent_stay(printer, agnes):
    draft = printer.keep_draft(agnes, "See", files=[smoke()])
    files = list(draft.attachments)
    message = printer.answer(agnes, "See", attachments=files)
    printer.forget_draft(agnes, internal=False, sent=files)
    session.commit()

    assert [file.name for file in message.attachments] == ["smoke.txt"]
    assert message.attachments[0].open().read() == b"smoke"
