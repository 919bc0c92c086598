"""Templates: placeholders and nothing else, found wrong when they are saved, never too long to send."""

import pytest

from models import session
from models.template import LONGEST, PLACEHOLDERS, Template, TextTooLong, UnknownPlaceholder
from models.templates_shipped import IN_FRENCH, SHIPPED, ship_all, shipped


def saying(body, channel="email", subject=""):
    return Template(name="x", channel=channel, subject={"en": subject}, body={"en": body})


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("{{ client }} {{ pasword }}", ["client", "pasword"]),
        ("{{ customer.email }}", ["customer.email"]),
        ("{{ customer.__class__.__mro__ }}", ["customer.__class__.__mro__"]),
        ("{{ Customer }}", ["Customer"]),
        ("{{customer|upper}}", ["customer|upper"]),
        ("{{ 7*7 }}", ["7*7"]),
        ("{{ customer", ["customer"]),
        ("{{}}", ["{{}}"]),
        ("{{ {{ customer }} }}", ["{{"]),
        ("{% for x in range(10**9) %}x{% endfor %}", ["% endfor %", "% for x in range(10**9) %"]),
    ],
)
def test_what_is_no_placeholder_is_named(body, names):
    for text in (saying(body), saying("", subject=body)):
        with pytest.raises(UnknownPlaceholder) as refused:
            text.check()
        assert refused.value.names == names


def test_ordinary_braces_and_percent_signs_are_only_text():
    template = saying("Save 20 % {today}, {{customer}} } } {x}")
    template.check()

    assert template.fill("en", {"customer": "Carla"})[1] == "Save 20 % {today}, Carla } } {x}"


def test_a_value_that_looks_like_a_placeholder_is_not_read_again():
    values = {"subject": "{{ why }} {{ subject }}", "why": "{{ subject }}"}

    assert saying("{{ subject }}").fill("en", values)[1] == "{{ why }} {{ subject }}"


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_what_could_become_huge_is_refused_before_it_is_sent(channel):
    saying("x" * LONGEST[channel], channel).check()
    for body in ("x" * (LONGEST[channel] + 1), "{{ subject }}" * (LONGEST[channel] // 50)):
        with pytest.raises(TextTooLong):
            saying(body, channel).check()


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_however_long_the_values_the_text_is_as_short_as_promised(channel):
    names = [name for name in PLACEHOLDERS if name != "link"]
    template = saying(" ".join(f"{{{{ {name} }}}}" for name in names), channel)
    template.check()

    body = template.fill("en", dict.fromkeys(names, "x" * 10_000))[1]
    assert len(body) <= LONGEST[channel]
    assert body.count("…") == len(names)


def test_a_link_is_never_cut():
    link = "https://help.example.org/" + "x" * 500

    assert saying("{{ link }}", "sms").fill("en", {"link": link})[1] == link


def test_the_shipped_ones_can_be_sent_and_say_both_languages(app):
    for template in ship_all():
        template.check()
        assert template.body.keys() == template.subject.keys() == {"en", "fr"}
        assert "{{ link }}" in template.body["en"].splitlines() and "{{ link }}" in template.body["fr"].splitlines()


def test_every_shipped_template_has_a_french_name_of_its_own():
    assert IN_FRENCH.keys() == SHIPPED.keys()
    assert len({*SHIPPED, *IN_FRENCH.values()}) == 2 * len(SHIPPED)


def test_a_shipped_template_is_found_in_whichever_language_it_was_made(app):
    reminder = shipped("Closing soon", "fr")
    session.commit()

    assert reminder.name == "Clôture prochaine"
    assert shipped("Closing soon") is reminder
