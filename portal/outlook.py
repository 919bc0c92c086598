"""What a customer may expect: who waits for whom, when a ticket closes by itself, how to come back."""

from dataclasses import dataclass
from datetime import datetime

from models.ticket import Ticket


@dataclass
class Outlook:
    ticket: Ticket
    at: datetime

    @property
    def state(self) -> str:
        """One of *closed*, *resolved*, *answered* (we wait for the customer), *waiting* (they wait for us), *open*."""
        ticket = self.ticket
        if ticket.closed or ticket.status == "resolved":
            return ticket.status
        if ticket.waiting_since:
            return "waiting"
        return "answered" if ticket.status == "answered" else "open"

    @property
    def closes_at(self) -> datetime | None:
        """When the rule of the team closes this ticket if nobody does anything (R-CLOSE-5); None if it does not."""
        closes_at = self.ticket.closes_at
        return closes_at and max(closes_at, self.at)

    @property
    def closed_how(self) -> str:
        return self.ticket.closing.how if self.ticket.closing else "agent"

    @property
    def reopens(self) -> bool:
        """Whether a message still reopens the ticket; later it opens a follow-up (R-CLOSE-8)."""
        return self.ticket.reopening_allowed(self.at)
