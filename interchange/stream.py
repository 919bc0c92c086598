"""Reads one large JSON object record by record: memory holds one record and the text around it."""

import codecs
import json
from collections.abc import Iterator

CHUNK = 256 * 1024  # bytes
WHITESPACE = " \t\r\n"
LIST = object()  # what a block begins with when its records follow one by one


class NotJson(Exception):
    """The file is no JSON: one line that says where and what."""


class Reader:
    """Text on its way in, decoded piece by piece. ``place`` counts what was let go, for messages."""

    def __init__(self, source):
        self.source, self.decode = source, codecs.getincrementaldecoder("utf-8-sig")().decode
        self.text, self.at, self.ended = "", 0, False
        self.length = 0  # of the last value, in characters
        self.line, self.column = 1, 1

    def more(self, size=CHUNK):
        """Let go of what was read and take in the next piece."""
        done = self.text[: self.at]
        self.line, self.column = self._position(done)
        data = self.source.read(size)
        try:
            self.text, self.at = self.text[self.at :] + self.decode(data, final=not data), 0
        except UnicodeDecodeError as error:
            raise NotJson(f"after line {self.line}: the file is not UTF-8 ({error.reason})") from None
        self.ended = not data

    def peek(self) -> str:
        """The next character that says something, or an empty text at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in WHITESPACE:
                    return self.text[self.at]
                self.at += 1
            if self.ended:
                return ""
            self.more()

    def take(self, *wanted: str) -> str:
        """The next character, which must be one of these."""
        if (found := self.peek()) not in wanted or not found:
            raise self.wrong(f"expected {' or '.join(wanted)}" + ("" if found else ", but the file ends"))
        self.at += 1
        return found

    def value(self):
        """The next value, whole. Each time it does not fit what was read, twice as much is."""
        self.peek()
        size = CHUNK
        while True:
            try:
                found, end = _decoder.raw_decode(self.text, self.at)
                if end < len(self.text) or self.ended:
                    self.length, self.at = end - self.at, end
                    return found
            except json.JSONDecodeError as error:
                if self.ended or self._is_certain(error):
                    raise self.wrong(error.msg, error.pos) from None
            except RecursionError:
                raise self.wrong("too many levels inside one another") from None
            except ValueError as error:  # a number too long, a name given twice, NaN
                raise self.wrong(str(error)) from None
            self.more(size)
            size *= 2

    def _is_certain(self, error) -> bool:
        """Whether more text cannot mend it: it lies before the end, and is no text that just goes on."""
        return not error.msg.startswith("Unterminated") and error.pos < len(self.text) - 16

    def wrong(self, message: str, at: int | None = None) -> NotJson:
        line, column = self._position(self.text[: self.at if at is None else at])
        return NotJson(f"line {line}, column {column}: {message}")

    def _position(self, done: str) -> tuple[int, int]:
        lines = done.count("\n")
        return self.line + lines, len(done) - done.rfind("\n") if lines else self.column + len(done)


def records(source) -> Iterator[tuple[str, int | None, object, int]]:
    """(block, None, LIST or its value, 0) where a block begins, then (block, index, record, length) for each record."""
    reader = Reader(source)
    reader.take("{")
    if reader.peek() == "}":
        reader.take("}")
    else:
        yield from _blocks(reader)
    if reader.peek():
        raise reader.wrong("something follows the end")


def _blocks(reader):
    while True:
        if reader.peek() != '"':
            raise reader.wrong('expected the name of a block in "')
        name = reader.value()
        reader.take(":")
        if reader.peek() == "[":
            yield name, None, LIST, 0
            yield from _list(reader, name)
        else:
            yield name, None, reader.value(), 0
        if reader.take(",", "}") == "}":
            return


def _list(reader, name):
    reader.take("[")
    if reader.peek() == "]":
        reader.take("]")
        return
    index = 0
    while True:
        value = reader.value()
        yield name, index, value, reader.length
        index += 1
        if reader.take(",", "]") == "]":
            return


def _once(pairs):
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f'"{next(name for name in names if names.count(name) > 1)}" is given twice')
    return record


def _constant(name):
    raise ValueError(f"{name} is no value of JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_constant)
