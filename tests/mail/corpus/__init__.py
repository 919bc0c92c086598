"""The corpus: mails as the clients and servers in use write them, each with what must become of it.

``{reply}`` stands for Carla's reply address of the ticket about the printer, ``{agents}`` and ``{notes}`` for Agnes's,
``{sent}`` for the Message-ID of our mail to Carla, ``{agents_mail}`` for that of our mail to Agnes.
"""

from dataclasses import dataclass, field

CASES: list["Case"] = []


@dataclass
class Case:
    """One mail. What is None is not looked at; ``new`` are the words without quotation and signature."""

    name: str
    raw: bytes
    state: str
    to: str | None = "support@desk.example"
    sender: str | None = "carla@client.example"
    subject: str | None = None
    body: str | None = None
    new: str | None = None
    has: tuple = ()
    lacks: tuple = ()
    files: tuple | None = None
    author: str | None = None
    reason: str | None = None
    answered: bool | None = None
    internal: bool | None = None
    placed_by: str | None = None
    noted: dict = field(default_factory=dict)  # what a bounce notes at the delivery


def case(name: str, raw: str | bytes, state: str, **expected):
    """Add a mail to the corpus; text is UTF-8 with the line ends of mail."""
    if isinstance(raw, str):
        raw = raw.lstrip("\n").encode()
    assert name not in {one.name for one in CASES}, name
    CASES.append(Case(name, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), state, **expected))


def head(subject="Question", sender="Carla Conti <carla@client.example>", to="Support <support@desk.example>", **more):
    """The usual headers; ``more`` are named with underscores."""
    number = len(CASES) + 1
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: <case{number}@client.example>",
             "Date: Mon, 16 Nov 2026 09:12:44 +0100", "MIME-Version: 1.0"]  # fmt: skip
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\n".join(lines) + "\n"


def load() -> list[Case]:
    from . import automatic, bad, clients, contents  # noqa: F401 - each adds its cases

    return CASES
