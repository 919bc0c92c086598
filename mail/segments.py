"""How many messages an SMS is: what the gateway counts and the phone puts together again (3GPP TS 23.038)."""

from dataclasses import dataclass

_PLAIN = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = set("^{}\\[~]|€\f")  # an escape and a letter
_ROOM = {"GSM-7": (160, 153), "UCS-2": (70, 67)}  # alone, and as a part of several


@dataclass(frozen=True)
class Segments:
    """``count`` messages of ``units`` in all; ``strange`` are the letters that make the dear alphabet necessary."""

    alphabet: str
    units: int
    count: int
    strange: tuple[str, ...]


def segments(text: str) -> Segments:
    strange = tuple(dict.fromkeys(letter for letter in text if letter not in _PLAIN and letter not in _DOUBLE))
    if strange:
        alphabet, sizes = "UCS-2", [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    else:
        alphabet, sizes = "GSM-7", [2 if letter in _DOUBLE else 1 for letter in text]
    alone, part = _ROOM[alphabet]
    units = sum(sizes)
    return Segments(alphabet, units, 1 if units <= alone else _parts(sizes, part), strange)


def _parts(sizes, room: int) -> int:
    """How many parts it takes where no letter of two units is torn apart."""
    count, left = 1, room
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count
