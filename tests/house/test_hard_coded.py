"""No page says a word that does not go through the catalogue: such a word would stay English in French."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "console", "web", "mail")
TEMPLATES = sorted(path for room in ROOMS for path in (ROOT / room / "templates").rglob("*.*"))
FOR_MACHINES = {"commands.py", "health.py"}  # the operator's terminal and Prometheus
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.name not in FOR_MACHINES)
TRANSLATED = {
    "_", "_l", "gettext", "ngettext", "pgettext", "npgettext", "lazy_gettext", "lazy_ngettext", "lazy_pgettext",
    "in_english", "NotForThem", "Obsolete",
}  # fmt: skip
READ_ALOUD = {"title", "alt", "placeholder", "aria-label", "aria-description", "label", "data-confirm", "data-empty"}
EXPRESSION = "\ue000"  # stands for what an expression of the template writes
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
SENTENCE = re.compile(r"[A-Z“][\w’',“”-]*(?: [\w’',;:“”#()-]+)+[.?!:…]?|[A-Z][a-z]+(?: [a-z]+)*[.?!:…]")
SAME_EVERYWHERE = {"Guichet", "Ctrl", "Camille Martin", "Closing soon"}  # brand, key, example, a template's name
LAYOUT = {"width", "body_class", "robots"}  # blocks that hold a word for machines
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Where a form or a page takes words for its reader.
FIELD = re.compile(r"\w*Field|WholeNumber|DateField")
SPEAKS = re.compile(r"flash|ValidationError|StopValidation|DataRequired|InputRequired|SelectChoice")
SPOKEN = {"message", "description", "label", "placeholder", "title"}
# What stands in logs, in the last words of a process and in the answers of mail servers is English for everybody.
# The child that reads mail knows no languages: mail/reader.py marks its words for the catalogue.
LOGGED = re.compile(r"info|warning|error|exception|debug|exit|syntax|Unreachable|Refused|Unreadable|dumps|\w*Error")


class Visible(HTMLParser):
    """The text of a page, and the attributes that are shown or read aloud."""

    def __init__(self):
        super().__init__()
        self.said, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in ("style", "script")
        self.said += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag):
        self.silent -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data)


def written(tree) -> str:
    """The template's own text, an EXPRESSION for everything else."""
    for block in tree.find_all(nodes.Block):
        if block.name in LAYOUT:
            block.body = []
    outputs = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    return "".join(part.data if isinstance(part, nodes.TemplateData) else EXPRESSION for part in outputs)


def constants(node):
    """The texts inside expressions, save those that go through the catalogue."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in TRANSLATED:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from constants(child)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_says_nothing_untranslated(path):
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text())
    page = Visible()
    text = written(tree)
    page.feed(text) if path.suffix == ".html" else page.said.append(text)
    parts = [part.strip() for said in page.said for part in said.split(EXPRESSION)]
    bare = [part for part in parts if WORD.search(part) and part not in SAME_EVERYWHERE and part[0] not in "-/#"]
    quoted = [text for text in constants(tree) if SENTENCE.fullmatch(text.strip())]

    assert bare + quoted == []


def spoken(call) -> list:
    """The arguments of a call that a reader sees."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    first = call.args[:1] if FIELD.fullmatch(name) or SPEAKS.fullmatch(name) else []
    return first + [word.value for word in call.keywords if word.arg in SPOKEN and (FIELD.fullmatch(name) or first)]


def untranslated(node):
    """Texts for readers, and whole sentences, that no function of the catalogue holds."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in TRANSLATED or (LOGGED.fullmatch(name) and not SPEAKS.fullmatch(name)):
            return
        yield from (
            word.value for word in spoken(node) if isinstance(word, ast.Constant) and isinstance(word.value, str)
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.fullmatch(node.value.strip()):
        yield node.value
    docstring = isinstance(node, DOCUMENTED) and ast.get_docstring(node)
    for child in ast.iter_child_nodes(node):
        if not (docstring and child is node.body[0]):
            yield from untranslated(child)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_view_or_form_says_nothing_untranslated(path):
    found = untranslated(ast.parse(path.read_text()))

    assert [text for text in found if WORD.search(text) and text not in SAME_EVERYWHERE] == []
