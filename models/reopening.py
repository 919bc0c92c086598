"""Coming back to a resolved or closed ticket: by hand, by a message, later by a new ticket (R-CLOSE-7, 8)."""

from datetime import datetime, timedelta

from .base import now
from .closing import TicketClosed


class Reopenable:
    def reopening_allowed(self, at: datetime) -> bool:
        """Whether a customer's message still reopens this ticket, or opens a follow-up instead (R-CLOSE-8)."""
        return at <= self.reopening_until

    @property
    def reopening_until(self) -> datetime:
        return self.closed_at + timedelta(days=self.team.reopen_days)

    def reopen(self, by=None, why="", at=None):
        """Back to work: to the first *open* stage of the team, else its first unfolded one. An open ticket stays."""
        self.lock()
        if not self.closed:
            return
        if self.merged_into_id is not None:
            raise TicketClosed  # its conversation goes on elsewhere: undo the merge instead (R-MERGE-4)
        stage = self.team.reopening_stage
        if stage is None:
            raise TicketClosed
        self.move_to(stage, by=by, why=why, at=at)

    def not_solved(self, by, body="", attachments=(), key=None, at=None):
        """The customer says *not yet* (R-CLOSE-7) or comes back (R-CLOSE-8); returns the ticket that goes on.

        Whoever presses that button means it: even a short thank-you reopens here.
        """
        if body.strip() or attachments:
            return self.reply(by, body, attachments, key=key, at=at, insists=True).ticket
        self.lock()
        if self.closed:
            raise TicketClosed
        if self.status == "resolved":
            at = at or now()
            self.move_to(self.team.reopening_stage, by=by, at=at)
            self.touch(at)  # also where no other stage is left to go to
            self.waiting_since = self.waiting_since or at
        return self

    def follow_up(self, by, body, attachments=(), key=None, at=None):
        """A new ticket after the reopening window (R-CLOSE-8): customer, team and tags, not the conversation."""
        from .ticket import open_ticket

        ticket = open_ticket(
            self.team, self.customer, self.subject, body, by=by, attachments=attachments, at=at, follow_up_of=self
        )
        ticket.messages[0].submission_key = key
        ticket.tags = list(self.tags)
        return ticket

    def _reopened(self, before, by, why, at):
        """The line of history of a reopening; called by ``move_to`` alone."""
        self.closing = None
        self.cancel_unsent_stage_mail()
        return self.record("reopened", by=by, from_=before.name, to=self.stage.name, why=why, at=at)
