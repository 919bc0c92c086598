"""Templates in a real browser: placeholders by click, a preview that follows, and one made beside the stage form."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from models import Stage, Template, session
from tests.running import until

from .walk import found

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("desk", ["sqlite"], indirect=True)]


def test_a_placeholder_goes_where_one_writes_and_the_preview_follows(desk, browser_of):
    found(desk, browser_of)
    page = browser_of("Ada")
    page.goto("/console/templates/new")
    page.get_by_label("Subject in English").fill("About: ")
    page.get_by_role("button", name=re.compile("{{ subject }}")).click()
    expect(page.get_by_label("Subject in English")).to_have_value("About: {{ subject }}")

    text = page.get_by_label("Text in English")
    text.fill("Hello !")
    text.press("ArrowLeft")
    page.get_by_role("button", name=re.compile("{{ team }}")).click()
    expect(text).to_have_value("Hello {{ team }}!")
    preview = page.locator("#previews")
    expect(preview.locator(".preview-subject").first).to_contain_text("About: Screen flickers in the meeting room")
    expect(preview).to_contain_text("Hello Support!")

    text.fill("{{ nonsense }}")
    expect(preview).to_contain_text("is no placeholder")
    text.fill("Good {{ team }}")
    with page.expect_response("**/templates/previews"):
        preview.get_by_role("button", name="Send me a test").first.click()
    expect(page.locator("#flashes")).to_contain_text("ada@acme.example")
    assert until(lambda: [mail for mail in desk.postbox.to("ada@acme.example") if "Good Support" in mail.text], 90)
    assert page.get_by_label("Name", exact=True).input_value() == ""


def test_a_template_made_beside_the_stage_form_leaves_what_was_typed_there(desk, browser_of):
    page = browser_of("Ada")
    page.goto(f"/console/stages/{found(desk, browser_of)['stage']}")
    page.get_by_label("Description").fill("Typed before")
    page.get_by_role("link", name="New SMS template").click()
    dialog = page.locator("#template-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("SMS")).to_be_checked()
    dialog.get_by_label("Name", exact=True).fill("On the spot")
    dialog.get_by_label("Text in English").fill("Hello ")
    dialog.get_by_role("button", name=re.compile("{{ customer }}")).click()
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_label("SMS template", exact=True).locator("option:checked")).to_have_text("On the spot")
    expect(page.get_by_label("Description")).to_have_value("Typed before")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/console/stages*")
    stage = session.scalar(select(Stage).join(Template, Stage.sms_template_id == Template.id))
    assert (stage.sms_template.name, stage.sms_template.body) == ("On the spot", {"en": "Hello {{ customer }}"})
    assert stage.description == "Typed before"
    stage.sms_template, stage.description = None, ""
    session.commit()
    session.remove()
