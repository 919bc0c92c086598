"""How many messages an SMS is (3GPP TS 23.038)."""

import pytest

from mail.segments import segments


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("", "GSM-7", 1), ("a" * 160, "GSM-7", 1), ("a" * 161, "GSM-7", 2), ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3), ("é" * 160, "GSM-7", 1), ("€" * 80, "GSM-7", 1), ("€" * 81, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),  # the euro's two halves stay together
        ("ê" * 70, "UCS-2", 1), ("ê" * 71, "UCS-2", 2), ("ê" + "a" * 134, "UCS-2", 3),
        ("🖨" * 35, "UCS-2", 1), ("🖨" * 36, "UCS-2", 2),
    ],
)  # fmt: skip
def test_segments(text, alphabet, count):
    found = segments(text)

    assert (found.alphabet, found.count) == (alphabet, count)


def test_the_letters_that_make_it_dear_are_named_once():
    assert segments("L’été, l’être : « ok »").strange == ("’", "ê", "«", "»")
