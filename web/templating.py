"""How templates write values: as Jinja does, without asking of each by two calls of Python whether it is safe."""

from types import FunctionType

import jinja2
from flask.templating import Environment
from jinja2.runtime import Context
from jinja2.utils import _PassArg
from markupsafe import Markup
from markupsafe import _escape_inner as escape_str  # what ``escape`` does to a str, before it makes a Markup of it

OTHER = object()  # not a plain function


def written(value) -> str:
    """The value as HTML: what is safe stays as it is, everything else is escaped."""
    kind = type(value)
    if kind is Markup:
        return value
    if kind is str:
        return escape_str(value)
    if kind is int:
        return str(value)
    return str(value.__html__()) if hasattr(value, "__html__") else escape_str(str(value))


class Template(jinja2.Template):
    """A template whose values are written by ``written``; a page has a thousand of them."""

    @classmethod
    def from_code(cls, *args, **kwargs):
        template = super().from_code(*args, **kwargs)
        template.root_render_func.__globals__["escape"] = written
        return template


class Calling(Context):
    """Calls a function as Jinja does, which asks four times what it wants to be given. A page calls two hundred; most
    calls are of ``_``, which wants to know whether it writes HTML."""

    def call(__self, __obj, *args, **kwargs):
        wanted = __obj.__dict__.get("jinja_pass_arg") if type(__obj) is FunctionType else OTHER
        if wanted is _PassArg.eval_context:
            args = (__self.eval_ctx, *args)
        elif wanted is not None:
            return super().call(__obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return __obj(*args, **kwargs)


def init_app(app):
    """Before anything asks for the app's templates."""
    classes = {"template_class": Template, "context_class": Calling}
    app.jinja_environment = type("Environment", (Environment,), classes)
