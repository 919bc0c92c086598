"""Templates: words in both languages, placeholders that exist, a preview that keeps nothing."""

import pytest
from sqlalchemy import select

from models import Template, session
from models.templates_shipped import shipped

TYPED = {
    "name": "On holiday", "channel": "email", "subject_en": "Away: {{ subject }}", "body_en": "Hello {{ customer }}",
    "subject_fr": "Absent : {{ subject }}", "body_fr": "Bonjour {{ customer }}",
}  # fmt: skip


def test_a_template_is_made_and_changed(office, send):
    assert office.post("/console/templates/new", data=TYPED).status_code == 303
    made = session.scalar(select(Template).where(Template.name == "On holiday"))
    assert made.subject == {"en": "Away: {{ subject }}", "fr": "Absent : {{ subject }}"}

    assert send(f"/console/templates/{made.id}", body_fr="", subject_fr="").status_code == 303
    session.refresh(made)
    assert made.body == {"en": "Hello {{ customer }}"}


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("body_fr", "Bonjour {{ client }}"), ("subject_en", "{{ pasword }}"), ("name", ""), ("name", "Ticket received"),
        ("channel", "fax"), ("subject_en", ""), ("body_en", "{{ customer.email }}"), ("body_fr", "x" * 20_001),
        ("body_en", "{{ subject }}" * 1500), ("body_en", "{% while true %}{% endwhile %}"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(office, team, field, typed):
    page = office.post("/console/templates/new", data=TYPED | {field: typed})

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text and "Absent : {{ subject }}" in page.text


def test_a_shipped_template_keeps_its_name(office, send, team):
    reminder = shipped("Closing soon")
    session.commit()
    page = send(f"/console/templates/{reminder.id}", name="Something else")

    assert page.status_code == 422 and 'id="name-error"' in page.text
    assert send(f"/console/templates/{reminder.id}", subject_en="Bye").status_code == 303
    session.refresh(reminder)
    assert reminder.subject["en"] == "Bye" and shipped("Closing soon") is reminder


def test_a_template_without_a_text_is_refused(office):
    page = office.post("/console/templates/new", data=TYPED | {"body_en": "", "body_fr": ""})

    assert page.status_code == 422 and 'id="body_en-error"' in page.text


def test_the_preview_shows_the_newest_ticket_and_keeps_nothing(office, printer):
    page = office.post("/console/templates/new", data=TYPED | {"preview": "1"})

    assert page.status_code == 200
    assert "Away: The printer is on fire" in page.text and "Bonjour Carla Conti" in page.text
    assert session.scalar(select(Template).where(Template.name == "On holiday")) is None


def test_the_preview_shows_no_ticket_that_may_not_be_seen(printer, person, sign_in):
    stranger = sign_in(person("Oscar", role="administrator", companies=[]))

    assert "Carla Conti says" not in stranger.get("/console/templates/new").text
    assert (
        printer.subject in stranger.post("/console/templates/new", data=TYPED | {"preview": "1"}).text
    )  # the made-up one


def test_the_preview_holds_no_real_link(office, printer):
    page = office.get(f"/console/templates/{shipped('Ticket received').id}")

    assert "/ticket/…" in page.text
    assert printer.link_for(printer.customer).token not in page.text


def test_only_templates_of_ones_own_that_no_stage_sends_can_go(office, team):
    own = Template(name="Own", channel="email", subject={"en": "a"}, body={"en": "b"})
    session.add(own)
    team.stages[1].email_template = own
    session.commit()
    address = f"/console/templates/{own.id}/deletion"

    assert office.get(f"/console/templates/{shipped('Ticket closed').id}/deletion").status_code == 404
    assert office.post(address).status_code == 422
    team.stages[1].email_template = None
    session.commit()
    assert office.post(address).status_code == 303
    assert session.scalar(select(Template).where(Template.name == "Own")) is None
