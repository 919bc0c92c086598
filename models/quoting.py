"""Plain text of a mail taken apart: the new words, what they answer, and the signature.

The attribution lines of English, French and German clients are known from mail-parser-reply. Its reader of whole
mails is not used: it strips lines, takes a list for a signature, and its patterns need more than linear time. So one
pass over the lines finds the places, and the library judges one short line at a time (threat model, rule 39).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailparser_reply.constants import MAIL_LANGUAGES

LONGEST = 200_000  # a longer text is not taken apart
LONGEST_ATTRIBUTION = 250
MOST_ATTRIBUTIONS = 50  # looked at in one text
LONGEST_SIGNATURE = 20  # lines
LANGUAGES = ("en", "fr", "de")

NEW, QUOTED, SIGNATURE = "new", "quoted", "signature"


class Parts(NamedTuple):
    """What a text says at its end, in this order: joined they are the text.

    A signature above the quotation goes with it into ``quoted``; a quotation among the answers stays in ``new``.
    """

    new: str
    quoted: str
    signature: str


class Piece(NamedTuple):
    """A run of lines of one sort: new, quoted or signature."""

    sort: str
    text: str


def parts(text: str) -> Parts:
    found = pieces(text)
    end = len(found)
    while end and found[end - 1].sort != NEW:
        end -= 1
    tail = found[end:]
    signature = tail.pop().text if tail and tail[-1].sort == SIGNATURE else ""
    return Parts("".join(piece.text for piece in found[:end]), "".join(piece.text for piece in tail), signature)


def pieces(text: str) -> list[Piece]:
    """The text as runs of new words, quotations and signatures, in its order. Text without a new word is all new."""
    lines = text.splitlines(keepends=True) if len(text) <= LONGEST else []
    sorts = _sorts([line.rstrip().replace("\xa0", " ").replace("\u202f", " ") for line in lines])
    if not any(sort == NEW and line.strip() for sort, line in zip(sorts, lines, strict=True)):
        return [Piece(NEW, text)] if text else []
    found: list[tuple[str, list[str]]] = []
    for sort, line in zip(sorts, lines, strict=True):
        if not found or found[-1][0] != sort:
            found.append((sort, []))
        found[-1][1].append(line)
    return [Piece(sort, "".join(run)) for sort, run in found]


def _sorts(lines: list[str]) -> list[str]:
    sorts = [NEW] * len(lines)
    for start, end in _quotations(lines):
        while end < len(lines) and not lines[end].strip():  # what is blank belongs to what stands above
            end += 1
        sorts[start:end] = [QUOTED] * (end - start)
    end = len(sorts)
    while end and sorts[end - 1] == QUOTED:
        end -= 1
    if (start := _signature(lines, sorts, end)) is not None:
        sorts[start:end] = [SIGNATURE] * (end - start)
    return sorts


# --- Quotations ---

# Between dashes, above a mail that is answered in whole: everything from there on is that mail.
_ORIGINAL = {"original message", "message d'origine", "message original", "ursprüngliche nachricht"}
# A forwarded mail is what its sender wants to be read.
_FORWARDED = {
    *("forwarded message", "message transféré", "message transmis", "weitergeleitete nachricht"),
    *("begin forwarded message:", "début du message réexpédié :", "début du message transféré :"),
    "anfang der weitergeleiteten nachricht:",
}
_HEADER_FROM = re.compile(r"[*\s]{0,4}(from|de|von) ?:[* ]{0,4}\S", re.I)
_HEADER = re.compile(r"[*\s]{0,4}(sent|to|cc|date|envoyé|à|date|gesendet|an|datum|importance|priorité) ?:", re.I)
_HEADER_SUBJECT = re.compile(r"[*\s]{0,4}(subject|objet|betreff) ?:", re.I)
_ATTRIBUTION = re.compile("|".join(MAIL_LANGUAGES[language]["wrote_header"] for language in LANGUAGES), re.I)
_OWN_ATTRIBUTION = re.compile(
    r"(\d{4}-\d\d-\d\d |\S)[^\n]{0,200}(<[^<>\s]{3,100}> ?(wrote|a écrit|schrieb)? ?:|schrieb am [^\n]{4,40}:)$", re.I
)
_VERBS = ("wrote", "écrit", "schrieb", ">")


def _quotations(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where quotations begin and end; those that have no mark on their lines reach to the end of the text."""
    tries, here, fenced = MOST_ATTRIBUTIONS, 0, False
    while here < len(lines):
        line = lines[here]
        fenced ^= line.startswith("```")  # what is shown as code quotes nobody
        if fenced:
            here += 1
            continue
        if _words(line) in _FORWARDED:
            return
        if line.lstrip().startswith(">"):
            end = _marked_until(lines, here)
            yield here, end
        elif _whole_mail_below(lines, here):
            end = len(lines)
            yield here - _ruled(lines, here), end
        elif tries and line.endswith(":") and any(verb in line for verb in _VERBS):
            tries -= 1
            start, end = _attributed(lines, here)
            if end > here + 1:
                yield start, end
            end = max(end, here + 1)
        else:
            end = here + 1
        here = end


def _words(line: str) -> str:
    """A separator without its dashes."""
    return line.strip("-_=*> ").replace("’", "'").lower() if len(line) <= LONGEST_ATTRIBUTION else ""


def _marked_until(lines: list[str], start: int) -> int:
    """The first line after those that begin with >; blank lines between them belong to them."""
    end = here = start
    while here < len(lines) and (not lines[here] or lines[here].lstrip().startswith(">")):
        here += 1
        if lines[here - 1]:
            end = here
    return end


def _whole_mail_below(lines: list[str], here: int) -> bool:
    """A separator, or from, sent, to, subject, as Outlook puts them above the mail that is answered."""
    if _words(lines[here]) in _ORIGINAL and "---" in lines[here]:
        return True
    if not _HEADER_FROM.match(lines[here]):
        return False
    below = lines[here + 1 : here + 7]
    return any(map(_HEADER_SUBJECT.match, below)) and any(map(_HEADER.match, below))


def _ruled(lines: list[str], here: int) -> int:
    """How many lines above belong to it: Outlook's row of underscores, and what is blank between."""
    for above in (1, 2):
        if above <= here and (rule := lines[here - above].strip()):
            return above if len(rule) >= 10 and not rule.strip("_-") else 0
    return 0


def _attributed(lines: list[str], last: int) -> tuple[int, int]:
    """From the attribution, one to three lines of which ``last`` is the last, to the end of what it attributes.

    That is what is marked below it, else all the rest; nothing where it is only a sentence: it names no day.
    """
    start = _attribution(lines, last)
    if start is None:
        return last, last
    below = last + 1
    while below < len(lines) and not lines[below]:
        below += 1
    if below < len(lines) and lines[below].lstrip().startswith(">"):
        return start, _marked_until(lines, below)
    return start, len(lines) if re.search(r"\d", "".join(lines[start : last + 1])) else last


def _attribution(lines: list[str], last: int) -> int | None:
    """The line where an attribution that ends with line ``last`` starts; clients wrap it."""
    windows, text = [], ""
    for start in range(last, max(last - 3, -1), -1):
        text = f"{lines[start].strip()} {text}".rstrip()
        if not lines[start] or len(text) > LONGEST_ATTRIBUTION:
            break
        if start == last or re.search(r"\d", lines[start]):
            windows.append((start, text))
    for pattern in (_ATTRIBUTION, _OWN_ATTRIBUTION):
        for start, text in windows:
            if pattern.match(text):
                return start
    return None


# --- Signatures ---

_SENT_FROM = re.compile(
    "|".join(MAIL_LANGUAGES[language]["sent_from"] for language in LANGUAGES)
    + r"|sent (from|with) (outlook|mail|yahoo|proton|\[proton)|envoyé (de|à partir de) (mon|ma|outlook|yahoo|l['’]app)"
    r"|envoyé avec (proton|la messagerie)|(obtenez|télécharger) outlook|von mein\w+ .{1,40} gesendet"
    r"|gesendet mit (proton|der telekom|outlook)|outlook für \w+ (beziehen|herunterladen)",
    re.I,
)
_GREETING = re.compile(
    r"(best|kind|warm|with kind) regards|regards|cordialement|bien cordialement|bien à vous|(sincères |meilleures )?"
    r"salutations|mit freundlichen grüßen|mit freundlichem gruß|(viele|beste|liebe|freundliche) grüße|mfg",
    re.I,
)
_FEWEST_BELOW_GREETING = 3  # a name alone is read, not folded


def _signature(lines: list[str], sorts: list[str], end: int) -> int | None:
    """The line where the signature that reaches to ``end`` begins, None where there is none (RFC 3676, 4.3)."""
    found, below, greeting = None, 0, None
    for here in range(end - 1, max(end - LONGEST_SIGNATURE, 0) - 1, -1):
        line = lines[here].strip()
        if sorts[here] != NEW or len(line) > 200:
            break
        if line in ("--", "—"):
            return here
        if below < 2 and len(line) < 80 and _SENT_FROM.match(line):
            found = here
        if below >= _FEWEST_BELOW_GREETING and _GREETING.fullmatch(line.rstrip(",. !")):
            greeting = here
            break
        below += bool(line)
    return greeting if greeting is not None else found
