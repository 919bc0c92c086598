"""The words of texts and of searches: how a text is cut into words, what a search asks for, where it stands in a text.

Words are cut and folded here, not by the databases, so that both index the same and find the same.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, takewhile

WORD = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile(r"['’ʼ`´]")
LONGEST_WORD, LONGEST_SEARCH, MOST_TERMS = 60, 500, 20
SHORTEST_BEGINNING = 2  # letters before a *: one would stand in nearly every ticket


def words(value: str) -> list[str]:
    """The words of a text, folded: lower case, without accents, compatibility forms undone."""
    plain = value.casefold()
    if not plain.isascii():
        folded = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [word[:LONGEST_WORD] for word in WORD.findall(plain)]


@dataclass(frozen=True)
class Term:
    """One thing that a search asks for: a word, or several that follow each other."""

    words: tuple[str, ...]
    begins: bool = False  # the last word is only the beginning of one: print*
    quoted: bool = False  # as it stands there: no other number of the noun

    @property
    def forms(self) -> tuple[str, ...]:
        """The word itself, and in the other number where it looks like a noun in English or French."""
        (word,) = self.words
        return (word,) if self.begins or self.quoted else tuple(dict.fromkeys((word, *_other_numbers(word))))

    @property
    def single(self) -> bool:
        return len(self.words) == 1

    def __str__(self):
        found = " ".join(self.words) + "*" * self.begins
        return f'"{found}"' if self.quoted or not self.single else found


def terms_of(search: str) -> tuple[Term, ...]:
    """What a search asks for, all of it at once: words, "…" as a phrase, print* as a beginning; at most 20.

    What is written together (a number with hyphens, an address) belongs together. AND, OR and NOT are words. An
    elision is left out: l’imprimante asks for imprimante.
    """
    if len(search) > LONGEST_SEARCH:  # not within a word
        search = (
            search[: search.rfind(" ", 0, LONGEST_SEARCH + 1)]
            if " " in search[:LONGEST_SEARCH]
            else search[:LONGEST_SEARCH]
        )
    parts = search.split('"')
    found = []
    for place, part in enumerate(parts):
        quoted = place % 2 and place < len(parts) - 1
        for written in [part] if quoted else part.split():
            found += [_term(piece, bool(quoted)) for piece in ([written] if quoted else _pieces(written))]
    return tuple(dict.fromkeys(term for term in found if term.words))[:MOST_TERMS]


def beginnings(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The same search with each word taken as the beginning of one; quoted ones stay."""
    return tuple(Term(term.words, begins=not term.quoted and _long_enough(term.words)) for term in terms)


def _term(written: str, quoted: bool) -> Term:
    found = tuple(words(written))
    return Term(found, begins=written.rstrip().endswith("*") and _long_enough(found), quoted=quoted)


def _long_enough(found) -> bool:
    return bool(found) and len(found[-1]) >= SHORTEST_BEGINNING


def _pieces(written: str) -> list[str]:
    """Cut at apostrophes; what is cut off is left out if it is short: l’, d’, qu’, ’s."""
    pieces = [piece for piece in APOSTROPHES.split(written) if words(piece)]
    return [piece for piece in pieces if len("".join(words(piece))) > 2] or pieces


def _other_numbers(word: str):
    """The plural of a singular or the reverse, as guessed from its ending; a wrong guess finds nothing."""
    if len(word) < 3 or not word.isalpha():
        return
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
        if word.endswith("ies") and len(word) > 4:
            yield word[:-3] + "y"
        if word.endswith(("ches", "shes", "xes", "sses", "zes")):
            yield word[:-2]
    elif word.endswith("aux"):
        yield word[:-1] if word.endswith("eaux") else word[:-3] + "al"
    elif word.endswith("eux"):
        yield word[:-1]
    else:
        yield word + ("es" if word.endswith(("ch", "sh", "x", "ss", "z")) else "s")
        if word.endswith(("eau", "eu")):
            yield word + "x"
        elif word.endswith("al"):
            yield word[:-2] + "aux"
        elif word.endswith("y"):
            yield word[:-1] + "ies"


class _Folds(dict):
    """What each letter is folded to, by its code point; most fold to one letter, so that places stay what they are."""

    def __missing__(self, code):
        folded = unicodedata.normalize("NFKD", chr(code).casefold())
        self[code] = "".join(letter for letter in folded if not unicodedata.combining(letter))
        return self[code]


_FOLDS = _Folds()
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# The same for the first 256 letters, of which most texts are made; 0 where it is not one of them again.
_LATIN = bytes(
    ord(found) if len(found) == 1 and found < "\u0100" else 0 for found in map(_FOLDS.__getitem__, range(256))
)


def _folded(text: str) -> str:
    """The text as it is looked through: without accents, in lower case."""
    if text.isascii():
        return text.lower()
    try:
        folded = text.encode("latin-1").translate(_LATIN)
    except UnicodeEncodeError:
        folded = b"\0"
    return folded.decode("latin-1") if 0 not in folded else _folded_by_letters(text)


def _folded_by_letters(text: str) -> str:
    return _NOT_ASCII.sub(lambda found: _FOLDS[ord(found[0])], text).casefold()


class Finder:
    """What finds the terms of a search in texts."""

    def __init__(self, terms: tuple[Term, ...]):
        # What a text has that has one of the terms, and where it begins: found sooner than by the pattern.
        self.needed = {form for term in terms for form in (term.forms if term.single else [max(term.words, key=len)])}
        self.beginnings = {form for term in terms for form in (term.forms if term.single else term.words[:1])}
        # Phrases before the words that they begin with.
        found = sorted((one for term in terms for one in _written(term)), key=len, reverse=True)
        self.pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(found)})(?![^\W_])")

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth while to look for the terms; a quick look that overlooks nothing."""
        return self._has_one(_folded(text))

    def _has_one(self, folded: str) -> bool:
        for word in self.needed:  # noqa: SIM110 - asked of every message of a page
            if word in folded:
                return True
        return False

    def spans(self, text: str, folded: str):
        """Where the terms stand in a text: the first place and the one after the last, in the order of the text."""
        starts, places = [place for word in self.beginnings if (place := folded.find(word)) >= 0], None
        for match in self.pattern.finditer(folded, min(starts)) if starts else ():
            start, end = match.span()
            if len(folded) != len(text):
                places = places or [place for place, letter in enumerate(text) for _ in _FOLDS[ord(letter)]]
                start, end = places[start], places[end - 1] + 1
                while end < len(text) and unicodedata.combining(text[end]):
                    end += 1
            yield start, end

    def marked(self, text: str) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is what was searched for; joined they are the text again."""
        return _pieces_of(text, self.spans(text, _folded(text)))

    def excerpt(self, text: str, around=40) -> list[tuple[str, bool]]:
        """A stretch around what was searched for, in pieces as of ``marked``; none where it does not stand."""
        folded = _folded(text)
        if not self._has_one(folded):
            return []
        if "\n" in text or "  " in text or "\t" in text:
            text = " ".join(text.split())
            folded = _folded(text)
        spans = self.spans(text, folded)
        if (first := next(spans, None)) is None:
            return []
        begin, end = max(0, first[0] - around), min(len(text), first[0] + 2 * around)
        begin = (begin and text.find(" ", begin, first[0]) + 1) or begin
        end = end if end == len(text) else max(text.rfind(" ", begin, end), first[1])
        before, after = "… " * (begin > 0), " …" * (end < len(text))
        here = takewhile(lambda span: span[1] <= end, chain([first], spans))
        moved = len(before) - begin
        return _pieces_of(before + text[begin:end] + after, ((start + moved, stop + moved) for start, stop in here))


finder = lru_cache(maxsize=256)(Finder)


def _written(term: Term):
    *head, last = term.words
    for form in (last,) if head else term.forms:
        longer = "[^\\W_]*" if term.begins or len(form) == LONGEST_WORD else ""
        yield "[\\W_]+".join([*head, form]) + longer


def excerpt(text: str, terms) -> list[tuple[str, bool]]:
    """See Finder."""
    return finder(tuple(terms)).excerpt(text) if terms else []


def _pieces_of(text, spans):
    pieces, done = [], 0
    for start, end in spans:
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    return [piece for piece in (*pieces, (text[done:], False)) if piece[0]]
