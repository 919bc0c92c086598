"""Templates of each language, with what never changes put in when they are compiled."""

import pytest
from flask import render_template
from flask_babel import force_locale
from jinja2 import DictLoader

from web.templating import Templates

WORDS = {
    "base.html": "<p>{% block inside %}{% endblock %}</p>",
    "part.html": "{% for word in words %}[{{ word }}]{% endfor %}",
    "page.html": """{% extends "base.html" %}{% block inside %}{{ _("Close") }} {{ _("by %(name)s", name=words[0]) }}
{{- icon("lock") }}{% include "part.html" %}{% endblock %}""",
}


@pytest.fixture
def page(app):
    """A page of our own; its words are of the catalogue."""
    kept, app.jinja_env.loader = app.jinja_env.loader, DictLoader(WORDS)
    app.jinja_env.__dict__.pop("_overlays", None)
    yield lambda **values: render_template("page.html", **values)
    app.jinja_env.loader = kept
    app.jinja_env.__dict__.pop("_overlays", None)


def test_each_language_has_its_sentences_and_values_are_escaped_in_all(app, page):
    found = {}
    with app.test_request_context():
        for language in ("en", "fr", "en"):
            with force_locale(language):
                found.setdefault(language, []).append(page(words=["<b>", 1]))

    assert found["en"][0] == found["en"][1]
    assert found["en"][0].startswith("<p>Close by &lt;b&gt;<svg") and found["en"][0].endswith("[&lt;b&gt;][1]</p>")
    assert found["fr"][0].startswith("<p>Clôturer par")


def test_a_sentence_without_values_is_in_the_template_as_it_is(app):
    environment = app.jinja_env.overlay()
    environment.settled = ("en", True)
    with app.test_request_context():
        code = environment.compile('{{ _("Close") }}{{ icon("lock") }}{{ word }}', "page.html", raw=True)

    assert "Close<svg" in code and "icons.svg" in code and "'_'" not in code
    assert isinstance(environment, Templates)


def test_an_app_below_another_address_finds_its_icons_there(app, page):
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/desk"}):
        assert 'href="/desk/static/icons.svg' in page(words=[1])
