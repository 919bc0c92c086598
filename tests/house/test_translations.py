"""No string that people read is without its French: English is the source, the catalogue holds all of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cli.py", "console", "mail", "models", "portal", "web", "worker.py")
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3), "lazy_pgettext": ((1, "c"), 2),
    "in_english": None, "NotForThem": None, "Obsolete": None,
}  # fmt: skip
with (ROOT / "babel.cfg").open() as mapping:
    METHODS, OPTIONS = parse_mapping_cfg(mapping)
BADLY_SET = re.compile(r"\w'\w| [:;?!»]|« |n° ")  # a plain apostrophe; a plain space where French does not break
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd%]")


def extracted() -> set:
    """Every message of the program: its English, or English and plural, with its context."""
    found = set()
    for room in (ROOT / name for name in ROOMS):
        folder, only = (room, None) if room.is_dir() else (room.parent, room.name)
        options = {"method_map": METHODS, "options_map": OPTIONS, "keywords": KEYWORDS}
        for name, _, message, _, context in extract_from_dir(str(folder), **options, directory_filter=ours):
            if only in (None, name):
                found.add((message if isinstance(message, tuple) else (message,), context))
    return found


def ours(folder) -> bool:
    return Path(folder).name not in {".venv", "var", "vendor", "tests", "node_modules", "__pycache__", ".git"}


@pytest.fixture(scope="module")
def french():
    path = ROOT / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale="fr")


def test_every_english_string_has_its_french(french):
    missing = []
    for words, context in extracted():
        entry = french.get(words[0] if len(words) == 1 else words, context)
        texts = entry.string if entry and isinstance(entry.string, tuple | list) else (entry.string if entry else "",)
        if not entry or entry.fuzzy or not all(texts):
            missing.append(" | ".join(words))

    assert sorted(missing) == []


def test_a_translation_has_the_placeholders_of_its_source(french):
    wrong = []
    for entry in french:
        if not entry.id:
            continue
        sources = entry.id if isinstance(entry.id, tuple | list) else (entry.id,)
        targets = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
        allowed = {name for text in sources for name in PLACEHOLDER.findall(text)}
        needed = set(PLACEHOLDER.findall(sources[-1])) - {"num"}
        for text in targets:
            used = set(PLACEHOLDER.findall(text))
            if text and (not used <= allowed or (text is targets[-1] and needed - used)):
                wrong.append(text)

    assert wrong == []


def test_the_french_is_set_with_its_own_spaces_and_apostrophes(french):
    texts = [text for e in french if e.id for text in (e.string if isinstance(e.string, tuple | list) else (e.string,))]

    assert [text for text in texts if BADLY_SET.search(text)] == []


def test_the_catalogue_holds_nothing_the_program_no_longer_says(french):
    said = extracted()
    kept = {(tuple(e.id) if isinstance(e.id, tuple | list) else (e.id,), e.context) for e in french if e.id}

    assert sorted(" | ".join(words) for words, context in kept - said) == []


def test_the_catalogue_compiles(tmp_path):
    command = [Path(sys.executable).with_name("pybabel"), "-q", "compile", "-l", "fr", "-o", tmp_path / "messages.mo"]
    command += ["-i", ROOT / "translations" / "fr" / "LC_MESSAGES" / "messages.po"]

    assert subprocess.run(command, check=False).returncode == 0
