"""What a customer may expect: who waits for whom, when a ticket closes by itself, how to come back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
        ticket, team = self.ticket, self.ticket.team
        if ticket.closed or not team.auto_close or ticket.never_auto_close or not team.closes_into.folded:
            return None
        if team.spare_waiting and ticket.waiting_since:
            return None
        if team.auto_close_in and ticket.stage not in team.auto_close_in:
            return None
        return max(ticket.last_activity_at + timedelta(days=team.auto_close_days), self.at)

    @property
    def closed_at(self) -> datetime:
        return self.ticket.closing.at if self.ticket.closing else self.ticket.stage_changed_at

    @property
    def closed_how(self) -> str:
        return self.ticket.closing.how if self.ticket.closing else "agent"

    @property
    def reopens(self) -> bool:
        """Whether a message still reopens the ticket; later it opens a follow-up (R-CLOSE-8)."""
        return self.ticket.reopening_allowed(self.at)
