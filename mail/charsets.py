"""Bytes of a stranger become text, whatever they say they are. Needs nothing but the standard library."""

import codecs
import re
from email.errors import MessageError
from email.header import decode_header

# What mail calls a charset, and the larger one that is meant (WHATWG Encoding, "labels").
MEANT = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252",
    "iso-8859-9": "cp1254", "iso-8859-8-i": "iso-8859-8", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "x-mac-roman": "mac-roman", "macintosh": "mac-roman",
    "iso-2022-jp": "iso2022_jp_2", "utf8": "utf-8", "utf-16": "utf-16", "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip
# Codecs of Python that are no charsets, or take more than linear time.
NO_CHARSET = ("unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Letters that turn the direction of what follows: in one line they make one thing look like another.
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
ENCODED = re.compile(r"=\?[^?\s]{1,99}\?[bq]\?[^?]*\?=(?:\s+=\?[^?\s]{1,99}\?[bq]\?[^?]*\?=)*", re.I | re.A)
SPACES = re.compile(r"\s+")


def decoded(raw: bytes, charset: str | None) -> str:
    """The text of these bytes: in the charset that they claim where that fits, else in one that does."""
    for name in (_python_name(charset), "utf-8"):
        if name:
            try:
                return clean(raw.decode(name))
            except (UnicodeError, ValueError, LookupError):
                continue
    return clean(raw.decode(_guessed(raw), "replace"))


def _python_name(charset: str | None) -> str | None:
    name = (charset or "").strip().strip("\"'").lower()
    if name in ("", "unknown-8bit", "x-unknown", "default", "8bit", "binary"):
        return "utf-8"
    if name in ("ascii", "us-ascii"):
        return "ascii"
    name = MEANT.get(name, name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return None if found.name.replace("-", "_") in NO_CHARSET or not found._is_text_encoding else found.name


def _guessed(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Mostly UTF-8, with a broken letter in it: more of it is readable so than as Latin-1.
    sound = raw.decode("utf-8", "ignore")
    beyond = sum(map(len, re.findall(rb"[\x80-\xff]+", raw)))
    return "utf-8" if beyond and len(raw) - len(sound.encode()) < beyond / 10 else "cp1252"


def clean(text: str) -> str:
    """Without control characters and halves of letters, which no database keeps; lines end with one newline."""
    return CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\x0c", "\n"))


def header_text(value, limit: int = 500) -> str:
    """A header as one line of text: encoded words are read (RFC 2047), raw bytes beyond ASCII are guessed."""
    value = _raw(str(value)[: limit * 8])
    if "=?" in value:
        value = ENCODED.sub(_words, value)
    line = SPACES.sub(" ", TURNING.sub("", clean(value))).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _words(run: re.Match) -> str:
    """Encoded words that follow each other, as one: a letter may begin in one and end in the next."""
    try:
        return "".join(
            decoded(part, charset) if isinstance(part, bytes) else part for part, charset in decode_header(run[0])
        )
    except (MessageError, ValueError, LookupError, AssertionError):
        return run[0]


def _raw(value: str) -> str:
    """What was not ASCII in it is bytes, hidden in halves of letters."""
    if value.isascii():
        return value
    try:
        return decoded(value.encode("ascii", "surrogateescape"), None)
    except UnicodeError:
        return clean(value)
