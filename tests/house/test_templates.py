"""What the content security policy forbids, or what would let markup through, stands in no template of ours."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(
    path for room in ("web", "portal", "console", "mail") for path in (ROOT / room / "templates").rglob("*.html")
)
# Mail programs know no style sheets: there, and only there, a style stands in its element.
MAIL = ROOT / "web" / "templates" / "mail", ROOT / "mail" / "templates"
FORBIDDEN = {
    "unescaped markup": r"\|\s*safe\b|\{%-?\s*autoescape\s+false",
    "an inline handler": r"<[^>]*\son[a-z]+\s*=",
    "a javascript: address": r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "another host": r"<(?:link|script|img|iframe)[^>]*(?:href|src)\s*=\s*[\"'](?:https?:)?//",
}
STYLES = {"an inline style": r"<[^>{%]*\sstyle\s*=", "a style element": r"<style\b"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_keeps_to_the_content_policy(path):
    words = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    mail = any(path.is_relative_to(folder) for folder in MAIL)
    found = [what for what, pattern in (FORBIDDEN if mail else FORBIDDEN | STYLES).items() if re.search(pattern, words)]

    assert found == []


def test_there_are_templates_to_look_at():
    assert len(TEMPLATES) > 5


def test_no_python_file_declares_typed_text_as_markup():
    """Markup(…) around anything but a literal is left to web/markup.py, which cleans it first."""
    rooms = [path for room in ("portal", "console", "models", "mail") for path in (ROOT / room).rglob("*.py")]
    found = [path.name for path in rooms if re.search(r"\bMarkup\((?![\"'])", path.read_text())]

    assert found == []
