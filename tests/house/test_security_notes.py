"""docs/security.md names, for every rule of the threat model, a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTES = (ROOT / "docs" / "security.md").read_text()
LATER = {40, 72}


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py::[\w:]+)`", NOTES))))
def test_a_test_that_is_named_is_there(named):
    path, _, name = named.partition("::")
    assert re.search(rf"^ *(async )?def {name.rpartition('::')[2]}\(", (ROOT / path).read_text(), re.M)


def test_every_rule_has_its_line():
    told = {int(number) for line in re.findall(r"^\| ([0-9, ]+) ", NOTES, re.M) for number in re.findall(r"\d+", line)}
    assert told == set(range(1, 75)) - LATER
