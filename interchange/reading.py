"""Reads a file into the desk: one transaction, every error with its path, nothing mailed and nothing automatic."""

import tempfile
from typing import BinaryIO, NamedTuple

from . import blocks
from .checking import ImportRefused, shown
from .desk import Desk
from .fields import BLOCKS
from .stream import LIST, NotJson, records
from .tickets import Tickets

FORMAT = "guichet/1"
CHUNK_RECORDS = 500
CHUNK_CHARACTERS = 4_000_000


class Summary(NamedTuple):
    """How many records of each block were added, and how many were known already."""

    added: dict[str, int]
    known: dict[str, int]

    def __str__(self):
        added = ", ".join(f"{block} {self.added[block]}" for block in BLOCKS if self.added.get(block)) or "nothing"
        known = sum(self.known.values())
        return f"Added: {added}." + (f" Known already: {known}." if known else "")


def read(source: BinaryIO) -> Summary:
    """Add what the file holds and the desk does not; the caller commits.

    Raises ImportRefused with every error: the caller then rolls back.
    """
    desk = Desk()
    with _aside() as files, _aside() as later:
        tickets = Tickets(desk, files, later)
        try:
            for block, chunk in _chunks(source, desk.report):
                tickets.add(chunk) if block == "tickets" else getattr(blocks, block)(desk, chunk)
            tickets.finish()
            desk.report.raise_errors()
        except NotJson as error:
            tickets.discard_files()
            raise ImportRefused([*desk.report.lines, str(error)], desk.report.count + 1) from None
        except BaseException:
            tickets.discard_files()
            raise
    return Summary(dict(desk.added), dict(desk.known))


def _aside():
    """Lines that are written down instead of remembered: a temporary file once there are many."""
    return tempfile.SpooledTemporaryFile(1_000_000, "w+", encoding="utf-8")


def _chunks(source, report):
    """(block, [(index, record), …]) in the order of the file, which must be that of the format."""
    began, chunk, size, format_ = [], [], 0, None
    for block, index, value, length in records(source):
        if index is not None:
            if block in BLOCKS:
                chunk.append((index, value))
                size += length
            if len(chunk) >= CHUNK_RECORDS or size >= CHUNK_CHARACTERS:
                yield block, chunk
                chunk, size = [], 0
            continue
        if chunk:
            yield began[-1], chunk
            chunk, size = [], 0
        if block == "format":
            format_ = [] if value is LIST else value
        else:
            _begin(block, value, began, report)
    if chunk:
        yield began[-1], chunk
    if format_ != FORMAT:
        instead = f", not {shown(format_)}" if format_ is not None else ""
        report.wrong((None, "format"), f'must be "{FORMAT}"{instead}')


def _begin(block, value, began, report):
    place = (None, block)
    if block not in BLOCKS:
        return report.wrong(place, "unknown field")
    if value is not LIST:
        return report.wrong(place, f"must be a list, not {shown(value)}")
    if block in began:
        report.wrong(place, "stands in the file twice")
    order = list(BLOCKS)
    if late := [other for other in began if order.index(other) > order.index(block)]:
        report.wrong(place, f"must come before {late[0]}")
    began.append(block)
    return None
