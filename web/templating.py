"""How templates write values: as Jinja does, without asking of each by two calls of Python whether it is safe."""

import jinja2
from flask.templating import Environment
from markupsafe import Markup
from markupsafe import _escape_inner as escape_str  # what ``escape`` does to a str, before it makes a Markup of it


def written(value) -> str:
    """The value as HTML: what is safe stays as it is, everything else is escaped."""
    kind = type(value)
    if kind is Markup:
        return value
    if kind is str:
        return escape_str(value)
    if kind is int:
        return str(value)
    return value.__html__() if hasattr(value, "__html__") else escape_str(str(value))


class Template(jinja2.Template):
    """A template whose values are written by ``written``; a page has a thousand of them."""

    @classmethod
    def from_code(cls, *args, **kwargs):
        template = super().from_code(*args, **kwargs)
        template.root_render_func.__globals__["escape"] = written
        return template


def init_app(app):
    """Before anything asks for the app's templates."""
    app.jinja_environment = type("Environment", (Environment,), {"template_class": Template})
