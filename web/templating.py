"""Jinja as it is, with less work for each page: what is the same on every page of a language is put in when compiling.

A page calls ``_`` and ``icon`` hundreds of times with the same words. Each language has templates of its own in which
they are text already. And where a page hands each of its thousands of pieces up through blocks and includes, one after
the other, ours joins them where they are made. Jinja's code is the same where these patterns do not fit.
"""

import re

from flask import current_app, has_request_context, request
from flask.templating import Environment
from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import escape as escape_any

try:
    from markupsafe._speedups import _escape_inner
except ImportError:
    from markupsafe._native import _escape_inner

from .assets import icon, url_for
from .locale import finished, language

_INCLUDE = re.compile(r"for event in gen:\n +yield event\n")
_BLOCK = re.compile(r"yield from (context\.blocks\[.*\]\[0\]\(.*\))\n")
_AFTER_IMPORTS = re.compile(r"\A(from jinja2\.runtime import .*\n)")


def piece(value) -> str:
    """A value as it stands on a page: escaped, and not wrapped for being joined a moment later."""
    return _escape_inner(value) if type(value) is str else escape_any(value)


class Templates(Environment):
    """The templates of the app; ``settled`` are, of an overlay, its language and whether the app lies at the root."""

    settled: tuple[str, bool] | None = None

    def get_template(self, name, parent=None, globals=None):
        return super(Templates, self._here()).get_template(name, parent, globals)

    def select_template(self, names, parent=None, globals=None):
        return super(Templates, self._here()).select_template(names, parent, globals)

    def _here(self) -> "Templates":
        """The templates in the language of the reader."""
        if self.settled:
            return self
        at_root = has_request_context() and not request.script_root and not current_app.debug
        key = language(), at_root
        known = self.__dict__.setdefault("_overlays", {})
        if key not in known:
            known[key] = self.overlay()
            known[key].settled = key
        return known[key]

    def _parse(self, source, name, filename):
        tree = super()._parse(source, name, filename)
        autoescape = self.autoescape(name) if callable(self.autoescape) else self.autoescape
        return _Settle(*self.settled, autoescape).visit(tree) if self.settled else tree

    def _generate(self, source, name, filename, defer_init=False):
        code = super()._generate(source, name, filename, defer_init)
        code = _INCLUDE.sub("yield concat(gen)\n", _BLOCK.sub(r"yield concat(\1)\n", code))
        return _AFTER_IMPORTS.sub(r"\1from web.templating import piece as escape\n", code)


class _Settle(NodeTransformer):
    """Puts sentences, icons and addresses of static files in for the calls that make them."""

    def __init__(self, spoken, at_root, autoescape):
        self.language, self.at_root, self.autoescape = spoken, at_root, autoescape

    def visit_Call(self, node):
        node = self.generic_visit(node)
        words = [each.value for each in node.args if _is_word(each)]
        named = {each.key: each.value.value for each in node.kwargs if _is_word(each.value)}
        if [len(words), len(named)] != [len(node.args), len(node.kwargs)] or node.dyn_args or node.dyn_kwargs:
            return node
        text = self._text(_path(node.node), words, named) if words and language() == self.language else None
        return node if text is None else nodes.Const(text, lineno=node.lineno)

    def _text(self, called, words, named):
        if called == "_" and len(words) == 1 and not named:
            return finished(*words, self.language, self.autoescape)
        if called in ("icon", "ui.icon") and self.at_root and not named:
            return icon(*words)
        if called == "url_for" and self.at_root and words == ["static"] and list(named) == ["filename"]:
            return url_for("static", **named)
        return None


def _is_word(node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _path(node) -> str:
    """What is called, as it is written: a name, or an attribute of one."""
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""
