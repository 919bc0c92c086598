"""What templates write is escaped as Jinja and MarkupSafe do."""

import jinja2
import pytest
from flask import render_template_string
from markupsafe import Markup

from web.locale import lazy_gettext


class Name(str):
    __slots__ = ()


class Safe:
    def __html__(self):
        return "<b>safe</b>"


VALUES = [
    "<b>\"Tom\" & 'Anna'</b>",
    Markup("<b>safe</b>"),
    Markup("<i>{}</i>").format("<b>"),
    Name("<b>"),
    Safe(),
    lazy_gettext("Send <b>"),
    ["<b>"],
    7,
    1.5,
    None,
    True,
    "",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_written_as_jinja_does(app, value):
    template = (
        "{% macro m(v) %}[{{ v }}]{% endmacro %}{{ m(v) }}{% set w %}{{ v }}{% endset %}{{ w }}{{ w ~ v }}{{ v }}"
    )
    with app.test_request_context():
        here = render_template_string(template, v=value)
        assert here == jinja2.Environment(autoescape=True).from_string(template).render(v=value)
        assert "<b>" not in here or here.count("<b>safe</b>") == here.count("<b>")


def test_what_is_no_html_is_not_escaped(app):
    with app.test_request_context():
        written = app.jinja_env.from_string("{% autoescape false %}{{ v }}{% endautoescape %}").render(v="<b>")
    assert written == "<b>"
