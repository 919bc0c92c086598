"""A ticket's history: rows are only added. The kinds are the words of the interchange file."""

import re
from datetime import datetime

from flask_babel import format_datetime, gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, UtcDateTime, now, session
from .people import Contact

# Each kind beside its sentence; %(by)s is a person or "Guichet".
SENTENCES = {
    "created": _l("%(by)s opened the ticket"),
    "assigned": _l("%(by)s assigned the ticket to %(to)s"),
    "stage": _l("%(by)s moved the ticket from %(from)s to %(to)s"),
    "closed": _l("%(by)s closed the ticket"),
    "reopened": _l("%(by)s reopened the ticket"),
    "reminded": _l("%(by)s reminded the customer"),
    "merged": _l("%(by)s merged the ticket into #%(to)s"),
    "unmerged": _l("%(by)s took the ticket out of #%(to)s again"),
    "followed": _l("%(by)s added %(to)s as a follower"),
    "unfollowed": _l("%(by)s removed %(from)s as a follower"),
    "rated": _l("%(by)s rated the ticket: %(to)s"),
    "team": _l("%(by)s moved the ticket from team %(from)s to team %(to)s"),
    "priority": _l("%(by)s changed the priority from %(from)s to %(to)s"),
    "tagged": _l("%(by)s changed the tags to %(to)s"),
    "edited": _l("%(by)s changed the subject from %(from)s to %(to)s"),
    "contact_attempt": _l("%(by)s tried to reach the customer: %(to)s"),
}
UNDELIVERABLE = {
    "mail": _l("An e-mail to the customer could not be delivered"),
    "sms": _l("An SMS to the customer could not be delivered"),
}
NO_SMS = _l("No SMS was sent to the customer")
MERGED_HERE = _l("%(by)s merged ticket #%(from)s into this one")
TAKEN_OUT = _l("%(by)s took ticket #%(from)s out of this one again")
ATTEMPTS = {
    "call": _l("%(by)s called the customer: %(to)s"),
    "mail": _l("%(by)s wrote to the customer: %(to)s"),
}
MESSAGE_MOVED = _l("%(by)s moved a message from #%(from)s to #%(to)s")
UNASSIGNED = _l("%(by)s took the ticket from %(from)s")
UNTAGGED = _l("%(by)s removed the tags %(from)s")
SPARED = _l("%(by)s said never to close the ticket automatically")
NOT_SPARED = _l("%(by)s let the ticket close automatically again")
# What stands in ``from_`` and ``to`` as a number or word of the interchange file, in the reader's words.
VALUES = {
    "priority": {"0": _l("low"), "1": _l("medium"), "2": _l("high"), "3": _l("urgent")},
    "contact_attempt": {
        "no_answer": _l("no answer"),
        "message_left": _l("message left"),
        "reached": _l("reached"),
        "wrong_contact": _l("wrong number or address"),
    },
    "rated": {"5": _l("satisfied"), "3": _l("okay"), "1": _l("dissatisfied")},
}
# Why a rule did it or could not.
REASONS = {
    "folded": _l("The stage was folded or unfolded."),
    "the automatic closing was undone": _l("The automatic closing was undone."),
    "no phone number": _l("The customer has no phone number."),
}
INACTIVE = re.compile(r"inactive for ([0-9]{1,4}) days")
METHODS = {"equal_total:": _l("Fewest tickets in all:"), "equal_open:": _l("Fewest open tickets:")}
FIRST_BACK, AWAY = re.compile(r"nobody now, first back at (\S+)"), re.compile(r"(\S+) (?:until (\S+)|always)")


class Event(Base):
    """Who changed what, when and why. ``from_`` and ``to`` are names, addresses or numbers, never ids."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_ticket_id_at", "ticket_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    kind: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    from_: Mapped[str | None] = mapped_column("from_value", Text)
    to: Mapped[str | None] = mapped_column("to_value", Text)
    why: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[Contact | None] = relationship()

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        values = VALUES.get(self.kind, {})
        said = {"from": self.from_ or "", "to": self.to or ""}
        named = {name: str(values.get(value, value)) for name, value in said.items()}
        return str(self._words) % {"by": self.by or "Guichet", **named}

    @property
    def _words(self):
        if self.kind == "edited" and self.why == "never_auto_close":
            return SPARED if self.to == "True" else NOT_SPARED
        if self.kind == "edited" and self.why == "message":
            return MESSAGE_MOVED
        if self.from_ and not self.to and self.kind in ("merged", "unmerged"):
            return MERGED_HERE if self.kind == "merged" else TAKEN_OUT
        if not self.to and self.kind in ("assigned", "tagged"):
            return UNASSIGNED if self.kind == "assigned" else UNTAGGED
        if self.kind == "contact_attempt":
            return self._attempt
        return SENTENCES[self.kind]

    @property
    def _attempt(self):
        if self.to == "undeliverable":
            return UNDELIVERABLE.get(self.from_, UNDELIVERABLE["mail"])
        return NO_SMS if self.to == "sms" else ATTEMPTS.get(self.from_, SENTENCES[self.kind])

    @property
    def reason(self) -> str:
        """Why it happened: in the words of who did it, or in the reader's language where a rule did."""
        if self.kind == "edited":
            return ""
        if self.why in REASONS and not (self.by and self.kind == "contact_attempt"):
            return str(REASONS[self.why])
        if self.kind == "contact_attempt" and not self.by_id:
            return in_readers_words(self.why)
        if said := inactivity(self.why):
            return said
        method = next((name for name in METHODS if self.why.startswith(name)), None)
        return f"{METHODS[method]}{_explained(self.why.removeprefix(method))}" if method and not self.by else self.why


def in_readers_words(told: str) -> str:
    """A sentence of ours that was kept in English, in the reader's language; what follows a colon as it came."""
    ours, colon, theirs = told.partition(": ")
    if not colon:
        return gettext(told) if told else ""
    return f"{gettext(ours + ':')} {theirs}"


def inactivity(why: str) -> str:
    """The reason of the closing rule in the reader's language; empty where it is another one."""
    if inactive := INACTIVE.fullmatch(why):
        return ngettext("No activity for %(num)s day.", "No activity for %(num)s days.", int(inactive[1]))
    return ""


def _explained(told: str) -> str:
    """The counts compared, who was skipped and until when (R-ASSIGN-7), in the reader's language and time zone."""
    return "; ".join(_part(part) for part in told.split("; "))


def _part(part: str) -> str:
    if back := FIRST_BACK.fullmatch(part):
        return gettext("nobody was available, the first is back on %(time)s", time=_moment(back[1]))
    if part.startswith("away: "):
        return gettext("away: %(people)s", people=", ".join(map(_absence, part.removeprefix("away: ").split(", "))))
    return part


def _absence(one: str) -> str:
    found = AWAY.fullmatch(one)
    if not found:
        return one
    who, until = found.groups()
    if until is None:
        return gettext("%(name)s, for good", name=who)
    return gettext("%(name)s until %(time)s", name=who, time=_moment(until))


def _moment(told: str) -> str:
    try:
        return format_datetime(datetime.fromisoformat(told), "short")
    except ValueError:
        return told


class Eventful:
    """A ticket keeps its history."""

    def record(self, kind, by=None, from_=None, to=None, why="", at=None) -> Event:
        """Add a line; what a person does is an activity (R-CLOSE-3)."""
        event = Event(ticket=self, kind=kind, by=by, from_=from_, to=to, why=why, at=at or now())
        session.add(event)
        if by is not None:
            self.touch(event.at)
        return event
