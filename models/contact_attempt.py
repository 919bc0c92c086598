"""Attempts to reach the customer: they are what a closing without an answer stands on (R-CLOSE-9).

An attempt is a line of the history, so that a closed ticket can have one too (R-CLOSE-8). A mail that could not be
delivered writes one by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, insert, select

from .base import Refusal, now, session
from .closing import literals
from .event import Event

CHANNELS = ("call", "mail", "other")
OUTCOMES = ("no_answer", "message_left", "reached", "wrong_contact")
UNDELIVERABLE = "undeliverable"


class UnknownAttempt(Refusal):
    """An attempt has one of the channels and one of the outcomes."""


@dataclass
class Attempt:
    """Something that was tried: ``what`` is wrote, reminded, or the channel of a recorded attempt."""

    at: datetime
    what: str
    outcome: str = ""
    words: str = ""


class Contacted:
    """A ticket keeps what was done to reach its customer."""

    def note_attempt(self, by, channel, outcome, words="", at=None) -> Event:
        """Record an attempt to reach the customer, on a closed ticket too; UnknownAttempt."""
        if channel not in CHANNELS or outcome not in OUTCOMES:
            raise UnknownAttempt(channel, outcome)
        self.lock()
        event = self.record("contact_attempt", by=by, from_=channel, to=outcome, why=words, at=at or now())
        session.flush()
        return event

    @property
    def attempts(self) -> list[Attempt]:
        """What was tried since the customer wrote last, oldest first: our messages, reminders, calls."""
        theirs = [one.at for one in self.messages if one.from_customer and not one.internal and not one.thanks]
        since = max(theirs, default=self.created_at)
        told = [Attempt(one.at, "wrote") for one in self.messages if not one.internal and not one.from_customer]
        for event in self.events:
            if event.kind == "reminded":
                told.append(Attempt(event.at, "reminded"))
            elif event.kind == "contact_attempt" and (event.by_id or event.to == UNDELIVERABLE):
                told.append(Attempt(event.at, event.from_ or "other", event.to or "", event.why))
        return sorted((one for one in told if one.at >= since), key=lambda one: one.at)

    @property
    def tried(self) -> bool:
        """Whether somebody or something tried to reach the customer, besides answering."""
        return any(one.what != "wrote" for one in self.attempts)

    def ask_supervisor(self, by, supervisor, question: str, at=None):
        """In doubt, ask somebody who decides: a note for colleagues, and the ticket goes to them; both are mailed.

        Raises TicketClosed, CannotBeAssigned, EmptyMessage.
        """
        self.lock()
        self.refuse_if_closed()
        self.assign_to(supervisor, by=by, why=question, at=at)
        return self.reply(by, question, internal=True, at=at)


def note_undeliverable(delivery_id: int, reason: str, at: datetime):
    """A mail or SMS to the customer came back or was refused for good: the history says so, once for each.

    It is no activity: nobody did anything (R-CLOSE-3).
    """
    from .outbox import Delivery, never_arrived
    from .ticket import Ticket

    channel = case((Delivery.channel == "sms", "sms"), else_="mail")
    to_customer = select(Ticket.id, *literals("contact_attempt", at), channel, *literals(UNDELIVERABLE, reason))
    to_customer = to_customer.join(Delivery, Delivery.ticket_id == Ticket.id)
    to_customer = to_customer.where(
        Delivery.id == delivery_id, never_arrived(), Delivery.contact_id == Ticket.customer_id
    )
    columns = [Event.ticket_id, Event.kind, Event.at, Event.from_, Event.to, Event.why]
    session.execute(insert(Event).from_select(columns, to_customer))
