"""The words of automatic mails and SMS: a subject and a body per language, with placeholders and nothing else."""

import re

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Refusal

CHANNELS = ("email", "sms")
# What may stand between {{ and }}, and how many characters of it are used at most. Each is a plain text, put in once:
# a template can reach nothing else, and cannot run for ever.
PLACEHOLDERS = {
    "customer": 120, "number": 20, "subject": 250, "team": 120, "stage": 80, "agent": 120, "link": 400, "why": 2000,
    "reopen_days": 10, "closes_on": 60,
}  # fmt: skip
LONGEST = {"email": 50_000, "sms": 1_000}  # characters of a text with every placeholder at its longest
SMS_VALUE = 80  # in an SMS a value is shorter, save the link, which is whole or worth nothing
_NAMED = re.compile(r"\{\{\s{0,9}([a-z_]{1,30})\s{0,9}\}\}", re.ASCII)
# Whatever else begins like a placeholder, or like a loop or condition of another language.
_STRANGE = re.compile(r"\{\{[^{}\n]{0,60}\}{0,2}|\{%[^%{}\n]{0,60}(?:%\})?")


class UnknownPlaceholder(Refusal):
    """A template names something that does not exist; ``names`` are the offenders, without their braces."""

    def __init__(self, names):
        super().__init__(", ".join(names))
        self.names = names


class TextTooLong(Refusal):
    """With every placeholder at its longest the text would have so many ``characters``, and ``most`` are sent."""

    def __init__(self, characters: int, most: int):
        super().__init__(f"{characters} characters, at most {most}")
        self.characters, self.most = characters, most


class Template(Base):
    """A text that a stage or a rule sends; ``subject`` and ``body`` are {language: text}."""

    __tablename__ = "templates"
    __table_args__ = (CheckConstraint(f"channel in {CHANNELS}", name="channel"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    channel: Mapped[str] = mapped_column(String(10), default="email")
    subject: Mapped[dict] = mapped_column(JSON, default=dict)
    body: Mapped[dict] = mapped_column(JSON, default=dict)

    def __str__(self):
        return self.name

    def check(self):
        """Raise UnknownPlaceholder or TextTooLong for what could not be sent, before anything is sent."""
        texts = [*(self.subject or {}).values(), *self.body.values()]
        if unknown := sorted({name for text in texts for name in _unknown(text)}):
            raise UnknownPlaceholder(unknown)
        most = LONGEST[self.channel or "email"]
        if (characters := max(map(self._longest, texts), default=0)) > most:
            raise TextTooLong(characters, most)

    def _longest(self, text: str) -> int:
        return len(_NAMED.sub("", text)) + sum(self._room(name) for name in _NAMED.findall(text))

    def _room(self, name: str) -> int:
        room = PLACEHOLDERS[name]
        return min(room, SMS_VALUE) if self.channel == "sms" and name != "link" else room

    def fill(self, language: str, values: dict) -> tuple[str, str]:
        """Subject (one line) and body in this language, else in English, else in whichever there is."""
        texts = _pick(self.subject, language), _pick(self.body, language)
        subject, body = (_NAMED.sub(lambda found: self._value(found, values), text) for text in texts)
        return " ".join(subject.split()), body

    def _value(self, found: re.Match, values: dict) -> str:
        """The value, cut where it is longer than its room; a name without a value stays as it was written."""
        value = values.get(name := found[1])
        if value is None:
            return found[0]
        room = self._room(name) if name in PLACEHOLDERS else 0
        return value if len(value) <= room or name == "link" else value[: room - 1].rstrip() + "…"


def _unknown(text: str):
    """What looks like a placeholder and is none."""
    for found in _STRANGE.findall(text):
        name = _NAMED.fullmatch(found)
        if not name or name[1] not in PLACEHOLDERS:
            yield name[1] if name else found.strip("{} ") or found.strip()


def _pick(texts: dict, language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
