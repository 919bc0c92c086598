"""What is handed to a mail server, and the answers of mail servers and SMS gateways."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Envelope:
    """One mail to one recipient. ``name`` is unique and the same at each attempt."""

    name: str
    sender: str
    recipient: str
    raw: bytes


class NotTaken(Exception):
    """The mail or SMS is still ours; the words say why."""


class Refused(NotTaken):
    """The server said no to this mail: for good where ``permanent``."""

    def __init__(self, words: str, permanent: bool):
        super().__init__(words)
        self.permanent = permanent


class Dropped(NotTaken):
    """The line broke while this mail was handed over: it may have been taken or not."""


class Unreachable(NotTaken):
    """Nobody takes mail at the moment, whichever it is."""


class Withheld(NotTaken):
    """Nothing is taken until a person sees to it: no credit, or wrong settings."""
