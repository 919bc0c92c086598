"""Templates: words in both languages, placeholders that exist, a preview that keeps nothing."""

import json
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from models import Company, Delivery, Template, open_ticket, session
from models.templates_shipped import shipped
from tests.mail.server import drain

HTMX = {"HX-Request": "true"}

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

    previewed = stranger.post("/console/templates/new", data=TYPED | {"preview": "1"}).text
    assert "Away: The scanner does not start" in previewed and printer.subject not in previewed


def test_the_preview_holds_no_real_link(office, printer):
    page = office.get(f"/console/templates/{shipped('Ticket received').id}")

    assert "{{ link }}" in page.text and "/ticket/" not in page.text.replace("/ticket/example-xxx", "")
    assert printer.link_for(printer.customer).token not in page.text


def test_the_preview_speaks_both_languages_also_where_only_one_is_written(office, printer):
    page = office.post("/console/templates/previews", data=TYPED | {"body_fr": "", "subject_fr": ""}, headers=HTMX)

    assert page.status_code == 200 and "<html" not in page.text
    assert page.text.count("Away: The printer is on fire") == 2


def test_the_preview_is_about_the_ticket_that_was_chosen(office, printer, team, carla, company, person, sign_in):
    newest = open_ticket(team, carla, "The lamp hums", "Listen.")
    session.commit()

    def preview(ticket, client=office):
        return client.post("/console/templates/previews", data=TYPED | {"ticket": ticket}, headers=HTMX).text

    assert "Away: The lamp hums" in preview("")
    assert "Away: The printer is on fire" in preview(f"#{printer.number}")
    for absent in ("0", "999999999", "x", "9" * 500):
        assert "There is no such ticket for you" in preview(absent) and newest.subject in preview(absent)
    stranger = sign_in(person("Oscar", role="administrator", companies=[]))
    assert "There is no such ticket" in preview(str(newest.number), stranger)
    assert "The lamp hums" not in preview(str(newest.number), stranger)


def test_words_that_cannot_be_sent_are_named_beside_the_preview(office, team):
    page = office.post("/console/templates/previews", data=TYPED | {"body_fr": "{{ client }}"}, headers=HTMX)

    assert "Text in French: {{ client }} is no placeholder" in page.text and "preview-en" not in page.text


def test_markup_stays_text_in_the_preview(office, printer):
    page = office.post("/console/templates/previews", data=TYPED | {"body_en": "<script>x</script>"}, headers=HTMX)

    assert "<script>" not in page.text and "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("body", "said"), [("a" * 161, "2 SMS · 161 characters · GSM-7"), ("fête", "With ê an SMS holds 70")]
)
def test_the_preview_of_an_sms_counts_what_it_costs(office, printer, body, said):
    page = office.post("/console/templates/previews", data=TYPED | {"channel": "sms", "body_en": body}, headers=HTMX)

    assert said in page.text


def test_a_test_goes_to_oneself_and_says_what_the_preview_says(office, ada, printer):
    answer = office.post("/console/templates/previews", data=TYPED | {"test": "fr"}, headers=HTMX)

    assert "A test is on its way to ada@acme.example." in answer.text
    (sent,) = session.scalars(select(Delivery).where(Delivery.kind == "test"))
    mail = message_from_bytes(sent.raw, policy=policy.default)
    assert (sent.address, sent.ticket_id, mail["Subject"]) == (ada.email, None, "Absent : The printer is on fire")
    assert "Bonjour Carla Conti" in mail.get_body(("plain",)).get_content()
    assert mail["In-Reply-To"] is None and printer.link_for(printer.customer).token not in sent.raw.decode()
    assert session.scalar(select(Template).where(Template.name == "On holiday")) is None


def test_a_test_by_a_plain_button_keeps_what_was_typed(office, ada, printer):
    page = office.post("/console/templates/new", data=TYPED | {"name": "", "test": "en"})

    assert page.status_code == 200 and "A test is on its way" in page.text
    assert "Hello {{ customer }}</textarea>" in page.text


def test_a_test_by_sms_needs_ones_own_number(office, ada, printer, gateway):
    typed = TYPED | {"channel": "sms", "test": "en"}
    assert "no phone number" in office.post("/console/templates/previews", data=typed, headers=HTMX).text
    ada.contact.phone = "+33639980012"
    session.commit()
    office.post("/console/templates/previews", data=typed, headers=HTMX)
    drain()

    assert gateway.texts() == [("+33639980012", "Hello Carla Conti")]


def test_a_test_is_nobody_elses_to_read(office, ada, printer, person, sign_in):
    office.post("/console/templates/previews", data=TYPED | {"test": "en"}, headers=HTMX)
    sent = session.scalar(select(Delivery.id).where(Delivery.kind == "test"))

    assert office.get(f"/console/outbox/{sent}").status_code == 200
    assert sign_in(person("Alma", role="administrator")).get(f"/console/outbox/{sent}").status_code == 404


def test_the_list_says_who_sends_what_and_can_be_narrowed(office, team):
    session.add(Template(name="By phone", channel="sms", subject={}, body={"en": "Hello"}))
    session.commit()
    everything, texts = office.get("/console/templates").text, office.get("/console/templates?channel=sms").text

    assert "Ticket received" in everything and ">New</td>" in everything and "the reminder before closing" in everything
    assert "By phone" in texts and "Ticket received" not in texts
    assert office.get("/console/templates?channel=fax").status_code == 200


def test_a_stage_of_another_company_is_not_named(office, ada, team, person, sign_in):
    globex = Company(name="Globex")
    session.add(globex)
    session.commit()
    foreign = sign_in(person("Frida", role="administrator", companies=[globex]))

    assert ">New</td>" not in foreign.get("/console/templates").text
    assert "a stage of another company" in foreign.get("/console/templates").text


def test_what_a_stage_sends_keeps_its_channel(office, send, team):
    own = Template(name="Own", channel="email", subject={"en": "a"}, body={"en": "b"})
    session.add(own)
    team.stages[1].email_template = own
    session.commit()
    page = send(f"/console/templates/{own.id}", channel="sms")

    assert page.status_code == 422 and 'id="channel-error"' in page.text


def test_a_template_is_made_beside_the_stage_form(office, team):
    form = office.get("/console/templates/new?for=sms_template", headers=HTMX)
    assert "<html" not in form.text and 'name="for" value="sms_template"' in form.text
    assert 'id="sms_template-name"' in form.text

    typed = {"for": "sms_template", "channel": "sms", "name": "Sur place", "body_en": "Hello"}
    refused = office.post("/console/templates/new", data=typed | {"body_en": "{{ x }}"}, headers=HTMX)
    assert refused.status_code == 422 and 'id="sms_template-body_en-error"' in refused.text
    made = office.post("/console/templates/new", data=typed, headers=HTMX)
    template = session.scalar(select(Template).where(Template.name == "Sur place"))
    assert made.status_code == 204
    assert json.loads(made.headers["HX-Trigger"]) == {
        "template-made": {"id": template.id, "name": "Sur place", "chooser": "sms_template"}
    }


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
