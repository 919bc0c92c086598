"""What a ticket's columns say beyond the file: worked out from its messages and its history."""

from datetime import datetime, timedelta

from .desk import Known

MOVES = ("stage", "closed", "reopened")
AT_ONCE = timedelta(seconds=2)  # what one action writes carries almost the same time


class History:
    """A ticket of the file, its people looked up, its times filled in, and messages and events in order of time."""

    def __init__(self, ticket: dict, people: dict[str, Known]):
        self.ticket, self.people = ticket, people
        self.events = sorted(ticket["events"], key=lambda event: event["at"])
        self.messages = sorted(ticket["messages"], key=lambda message: message["at"])

    def last(self, *kinds) -> dict | None:
        return next((event for event in reversed(self.events) if event["kind"] in kinds), None)

    @property
    def stage_changed_at(self) -> datetime:
        moved = self.last(*MOVES)
        return moved["at"] if moved else self.ticket["created_at"]

    @property
    def assigned_at(self) -> datetime | None:
        if not (assignee := self.ticket["assignee"]):
            return None
        given = (one["at"] for one in reversed(self.events) if one["kind"] == "assigned" and one["to"] == assignee)
        return next(given, self.ticket["created_at"])

    @property
    def awaits_assignment(self) -> bool:
        """False for a ticket with an assignee, or from which a person took the assignee on purpose."""
        if self.ticket["assignee"]:
            return False
        taken = self.last("assigned")
        return not taken or taken["to"] is not None or taken["by"] is None or self._followed_from_change_of_team(taken)

    def _followed_from_change_of_team(self, taken) -> bool:
        """The new team's rule may choose again where the assignee was lost by the change (R-STAGE-8)."""
        changed = self.last("team")
        return bool(changed and changed["by"] == taken["by"] and abs(taken["at"] - changed["at"]) < AT_ONCE)

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the customer's side has had no answer; also by saying *not yet* without a word (R-CLOSE-7)."""
        said = [(one["at"], self._outside(one["author"])) for one in self.messages if not one["internal"]]
        said += [(one["at"], True) for one in self.events if one["kind"] == "stage" and self._outside(one["by"])]
        since = None
        for at, outside in sorted(said, key=lambda one: one[0]):
            since = (since or at) if outside else None
        return since

    def _outside(self, email) -> bool:
        return email is not None and (email == self.ticket["customer"] or not self.people[email].internal)

    @property
    def reminded_at(self) -> datetime | None:
        """The reminder of this spell of inactivity; any later activity cancelled it."""
        reminded = self.last("reminded")
        return reminded["at"] if reminded and reminded["at"] >= self.ticket["last_activity_at"] else None

    @property
    def rated_at(self) -> datetime:
        rated = self.last("rated")
        return rated["at"] if rated else self.ticket["closed_at"] or self.ticket["last_activity_at"]

    def closing(self, stages: dict[str, int]) -> dict:
        """The row that remembers the closing: when and how as the file says, else as the history does."""
        event = self.last("closed")
        by = event and event["by"]
        if event is None:
            how = "agent"
        elif by is None:
            how = "automatic"
        else:
            how = "customer" if self._outside(by) else "agent"
        return {
            "ticket_id": self.ticket["number"],
            "at": self.ticket["closed_at"] or (event["at"] if event else self.ticket["last_activity_at"]),
            "how": self.ticket["closed_by"] or how,
            "by_id": self.people[by].id if by else None,
            "why": event["why"] if event else "",
            "from_stage_id": stages.get(event["from"]) if event else None,
        }
