"""What templates write is escaped as Jinja and MarkupSafe do."""

import jinja2
import pytest
from flask import render_template_string
from jinja2 import pass_context, pass_environment, pass_eval_context
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


class Called:
    @pass_context
    def __call__(self, context, word, **more):
        return f"{word} {context.get('v')} {context.get('n')} {more}"


CALLED = {
    "plain": lambda word, **more: f"{word} {more}",
    "with_context": pass_context(lambda context, word: f"{word} {context.get('v')} {context.get('n')}"),
    "with_environment": pass_environment(lambda environment, word: f"{word} {environment.block_start_string}"),
    "with_eval_context": pass_eval_context(lambda context, word, **more: f"{word} {context.autoescape} {more}"),
    "of_a_class": Called(),
    "method": "<b>{}".format,
    "a_class": Markup,
}


@pytest.mark.parametrize("name", CALLED)
def test_a_function_is_called_as_jinja_does(app, name):
    more = ", more=1" if name in ("plain", "with_eval_context", "of_a_class") else ""
    call = f"{{{{ f('<i>'{more}) }}}}"
    template = (
        f"{{% macro m(f, v) %}}{call}{{{{ caller() }}}}{{% endmacro %}}{call}{{% for n in 'ab' %}}{call}{{% endfor %}}"
        f"{{% call m(f, 'x') %}}{call}{{% endcall %}}{{% block b %}}{{% set n = 3 %}}{call}{{% endblock %}}"
    )
    with app.test_request_context():
        here = app.jinja_env.from_string(template).render(f=CALLED[name], v="v")
        there = jinja2.Environment(autoescape=True).from_string(template).render(f=CALLED[name], v="v")
    assert here == there
    assert "i&gt;" in here or name == "a_class"
