"""The words of automatic mails and SMS: a subject and a body per language, with placeholders and nothing else."""

import re
from string import Template as _Words

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Refusal

CHANNELS = ("email", "sms")
# What may stand between {{ and }}; each is a plain text, so that a template can reach nothing and run for ever nowhere.
PLACEHOLDERS = ("customer", "number", "subject", "team", "stage", "agent", "link", "why", "reopen_days", "closes_on")


class UnknownPlaceholder(Refusal):
    """A template names something that does not exist; ``names`` are the offenders."""

    def __init__(self, names):
        super().__init__(", ".join(names))
        self.names = names


class Words(_Words):
    """``{{ name }}`` is replaced by a text; everything else stands for itself."""

    delimiter = "{{"
    flags = re.ASCII
    pattern = r"\{\{(?:(?P<escaped>(?!))|\s{0,9}(?P<named>[a-z_]{1,30})\s{0,9}\}\}|(?P<braced>(?!))|(?P<invalid>))"


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
        """Raise UnknownPlaceholder for a name that will never have a value, before anything is sent."""
        texts = [*self.subject.values(), *self.body.values()]
        names = {name for text in texts for name in Words(text).get_identifiers()}
        if unknown := sorted(names - set(PLACEHOLDERS)):
            raise UnknownPlaceholder(unknown)

    def fill(self, language: str, values: dict) -> tuple[str, str]:
        """Subject (one line) and body in this language, else in English, else in whichever there is."""
        subject, body = (Words(_pick(texts, language)).safe_substitute(values) for texts in (self.subject, self.body))
        return " ".join(subject.split()), body


def _pick(texts: dict, language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
