"""Who works a ticket: by hand, or by the team's rule, fair and with its reason (R-ASSIGN)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import Integer, String, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import selectinload

from .base import Refusal, is_sqlite, now, session
from .head_start import Sharing
from .people import INTERNAL, Contact, Person, User

if TYPE_CHECKING:
    from .ticket import Ticket

BATCH = 500
NEVER = datetime.min.replace(tzinfo=UTC)


class CannotBeAssigned(Refusal):
    """Not somebody who takes tickets and may see the team (R-ASSIGN-1)."""


@dataclass
class Candidate:
    """A member in the eyes of the rule: how many tickets they have, and from when on they can take one."""

    user: User
    count: int
    last: datetime
    available: datetime | None  # None: never

    def __post_init__(self):
        self.id, self.email = self.user.id, self.user.email  # asked for once per ticket and member

    @property
    def turn(self):
        """Fewest tickets first, then whoever was given one longest ago, then the lower id (R-ASSIGN-4)."""
        return self.count, self.last, self.id


@dataclass
class Decision:
    """One step of the rule: this ticket, to whom (None: it waits), and why."""

    ticket: "Ticket"
    user: User | None
    why: str
    candidates: list[Candidate] = field(default_factory=list)


def whose_turn(candidates: list[Candidate]) -> Candidate | None:
    """Of those who are available soonest, the one whose turn it is (R-ASSIGN-6); None if nobody ever will be."""
    soonest = min((one.available for one in candidates if one.available), default=None)
    able = (one for one in candidates if one.available == soonest)
    return min(able, key=lambda one: one.turn) if soonest else None


class Assignable:
    """A ticket has at most one assignee."""

    def assign_to(self, user, by=None, why="", at=None):
        """Give the ticket to an internal user, or to nobody with None; giving it again changes nothing.

        The assignee becomes a follower (R-VIS-1). ``by`` is None for the rule. Raises TicketClosed, CannotBeAssigned.
        """
        self.lock()
        if user is self.assignee:
            return
        self.refuse_if_closed()
        if user and not self.team.may_be_assigned(user):
            raise CannotBeAssigned(user.email)
        at, before = at or now(), self.assignee
        self.assignee, self.assigned_at = user, at if user else None
        self.awaits_assignment = user is None and by is None
        if user:
            self.add_follower(user.contact, quietly=True)
        if by:
            self.touch(at)
        event = self.record("assigned", by=by, from_=before and before.email, to=user and user.email, why=why, at=at)
        session.flush()
        if user and user.contact is not by:
            self.tell_assignee(event)

    @property
    def why_assigned(self) -> str:
        """Why the rule chose the assignee (R-ASSIGN-7); empty where a person did, or where nobody is assigned."""
        given = next((event for event in reversed(self.events) if event.kind == "assigned"), None)
        return given.reason if given and given.to and given.by_id is None else ""


def _takes_tickets_of(team_id, company_id, visibility):
    """A condition on User: somebody of the company who takes tickets and may see the team (R-ASSIGN-1)."""
    from .company import user_companies
    from .follower import TeamFollower

    at_home = select(user_companies.c.user_id).where(user_companies.c.company_id == company_id)
    followers = select(TeamFollower.contact_id).where(TeamFollower.team_id == team_id)
    invited = or_(User.role == "administrator", User.contact_id.in_(followers), visibility != "private")
    return User.active & User.takes_tickets & User.role.in_(INTERNAL) & User.id.in_(at_home) & invited


@cache
def _assignable_people():
    """Those of one team; built once."""
    team, company = bindparam("team", type_=Integer), bindparam("company", type_=Integer)
    query = select(User.id, Contact.name, Contact.email).join(Contact, Contact.id == User.contact_id)
    query = query.where(_takes_tickets_of(team, company, bindparam("visibility", type_=String)))
    return query.order_by(Contact.name, User.id)


class Assigning(Sharing):
    """A team gives its tickets to its members."""

    @property
    def assignable_users(self) -> list[User]:
        """The internal users of the company who take tickets and may see the team, in the order of their names."""
        query = select(User).join(Contact).where(self._may_be_assigned()).order_by(Contact.name, User.id)
        return list(session.scalars(query))

    @property
    def assignable_people(self) -> list[Person]:
        """The same people as a choice shows them; the ids are those of users."""
        values = {"team": self.id, "company": self.company_id, "visibility": self.visibility}
        return [Person(*row) for row in session.execute(_assignable_people(), values)]

    def may_be_assigned(self, user) -> bool:
        return session.scalar(select(User.id).where(User.id == user.id, self._may_be_assigned())) is not None

    def _may_be_assigned(self):
        session.flush()
        return _takes_tickets_of(self.id, self.company_id, self.visibility)

    def takers(self, *options) -> list[User]:
        """Whom the rule chooses from: the members, or everybody where none is named (R-ASSIGN-5)."""
        from .team import TeamMember

        members = select(TeamMember.user_id).where(TeamMember.team_id == self.id)
        query = select(User).where(self._may_be_assigned(), ~members.exists() | User.id.in_(members))
        return list(session.scalars(query.order_by(User.id).options(*options)).unique())

    def candidates(self, at: datetime) -> list[Candidate]:
        """The takers with what the team's method counts; few queries, whatever the number of tickets."""
        counts, lasts = self.loads(open_only=self.auto_assign == "equal_open"), self._last_given()
        takers = self.takers(selectinload(User.time_off))
        starts = self.starts_of(takers) if self.auto_assign == "equal_total" else {}
        return [
            Candidate(
                user,
                counts.get(user.id, 0) + starts.get(user.id, 0),
                lasts.get(user.id, NEVER),
                user.available_from(at, self.company),
            )
            for user in takers
        ]

    def decide(self, at: datetime, limit=BATCH, hold=False) -> list[Decision]:
        """What the rule says of the oldest tickets that wait; changes nothing. ``hold`` locks them for doing it."""
        tickets, candidates = self.tickets_to_assign(limit, hold), self.candidates(at)
        return [self._choose(ticket, candidates, at) for ticket in tickets]

    def tickets_to_assign(self, limit=BATCH, hold=False, numbers=False) -> list:
        """The open tickets that arrived without an assignee, or their numbers alone, oldest first; held, without those
        that others hold."""
        from .ticket import Ticket, skip_locked

        query = select(Ticket.id if numbers else Ticket).where(Ticket.team_id == self.id, waits_for_assignment())
        query = query.order_by(Ticket.created_at, Ticket.id).limit(limit)
        return list(session.scalars(skip_locked(query) if hold else query))

    def _choose(self, ticket, candidates, at) -> Decision:
        chosen = whose_turn(candidates)
        if chosen is None:
            return Decision(ticket, None, "no member" if not candidates else "no member will be available")
        why = self._explain(chosen, candidates, chosen.available, at)
        chosen.count, chosen.last = chosen.count + 1, at
        return Decision(ticket, chosen.user, why, candidates)

    def _explain(self, chosen, candidates, soonest, at) -> str:
        """The counts compared, who was skipped and until when (R-ASSIGN-7)."""
        asked = nsmallest(10, (one for one in candidates if one.available == soonest), key=attrgetter("turn"))
        away = [one for one in candidates if one.available != soonest]
        parts = [f"{self.auto_assign}: " + ", ".join(f"{one.email} {one.count}" for one in asked)]
        if soonest > at:
            parts.append(f"nobody now, first back at {moment(soonest)}")
        if away:
            until = (
                f"{one.email} {'until ' + moment(one.available) if one.available else 'always'}" for one in away[:10]
            )
            parts.append("away: " + ", ".join(until))
        return "; ".join(parts)

    def loads(self, open_only: bool) -> dict[int, int]:
        """{user id: how many tickets of this team they have}, those with none left out."""
        from .stage import Stage
        from .ticket import Ticket

        query = select(Ticket.assignee_id, func.count()).where(
            Ticket.team_id == self.id, Ticket.assignee_id.is_not(None)
        )
        if open_only:
            query = query.where(Ticket.stage_id.in_(select(Stage.id).where(~Stage.folded)))
        return dict(session.execute(query.group_by(Ticket.assignee_id)).all())

    def _last_given(self) -> dict[int, datetime]:
        from .ticket import Ticket

        query = select(Ticket.assignee_id, func.max(Ticket.assigned_at)).where(
            Ticket.team_id == self.id, Ticket.assigned_at.is_not(None)
        )
        return dict(session.execute(query.group_by(Ticket.assignee_id)).all())


def waits_for_assignment():
    """A condition on Ticket: open, without assignee, and nobody took the assignee away on purpose."""
    from .stage import Stage
    from .ticket import Ticket

    folded = select(Stage.id).where(Stage.folded)
    return Ticket.assignee_id.is_(None) & Ticket.awaits_assignment & Ticket.stage_id.not_in(folded)


def teams_with_work() -> list[int]:
    from .team import Team
    from .ticket import Ticket

    waiting = select(Ticket.id).where(Ticket.team_id == Team.id, waits_for_assignment()).exists()
    return list(session.scalars(select(Team.id).where(Team.auto_assign.is_not(None), waiting).order_by(Team.id)))


def assign_due_batch(at: datetime, limit=BATCH) -> int:
    """Assign the oldest waiting tickets of one team; returns how many, 0 when nothing is left to do.

    The team's row is held meanwhile: two workers never count at the same time (R-ASSIGN-8).
    """
    for team_id in teams_with_work():
        if team := _hold(team_id):
            team.note_takers()
            if done := _carry_out(team.decide(at, limit, hold=True), at):
                return done
    return 0


def held_by_others() -> bool:
    """Whether ``assign_due_batch`` left out a waiting ticket, or a team, because somebody is changing it just now.

    To know, it holds the others until the end of the transaction. Never on SQLite, which has one writer at a time.
    """
    if is_sqlite():
        return False
    for team_id in teams_with_work():
        if (team := _hold(team_id)) is None:
            return True
        free, waiting = (team.tickets_to_assign(hold=hold, numbers=True) for hold in (True, False))
        if len(free) < len(waiting):
            return True
    return False


def _hold(team_id):
    from .team import Team

    query = select(Team).where(Team.id == team_id).execution_options(populate_existing=True)
    return session.scalar(query if is_sqlite() else query.with_for_update(skip_locked=True, key_share=True))


def _carry_out(decisions: list[Decision], at: datetime) -> int:
    """Give the tickets as decided, unless a person was quicker: the write itself tests once more that they wait.

    What ``assign_to`` does for one ticket, for many at once: a few statements for each assignee, not for each ticket.
    """
    from .ticket import Ticket

    tickets: dict[User, list[int]] = {}
    for one in decisions:
        if one.user is not None:
            tickets.setdefault(one.user, []).append(one.ticket.id)
    given: dict[int, User] = {}
    for user, ids in tickets.items():
        taking = (
            update(Ticket)
            .where(Ticket.id.in_(ids), waits_for_assignment())
            .values(assignee_id=user.id, assigned_at=at, awaits_assignment=False)
            .returning(Ticket.id)
            .execution_options(synchronize_session=False)
        )
        given |= dict.fromkeys(session.scalars(taking), user)
    if given:
        _write_down(given, {one.ticket.id: one.why for one in decisions}, at)
        session.expire_all()
    return len(given)


def _write_down(given: dict[int, User], why: dict[int, str], at: datetime):
    """The history with its reasons (R-ASSIGN-7), the followers (R-VIS-1), and the mails to the assignees."""
    from .event import Event
    from .follower import follow_tickets
    from .outbox import queue_mails

    rows = [  # in the order of the decisions: the oldest ticket first
        {"ticket_id": id, "at": at, "kind": "assigned", "to": given[id].email, "why": reason}
        for id, reason in why.items()
        if id in given
    ]
    events = session.execute(insert(Event).returning(Event.ticket_id, Event.id), rows).all()
    follow_tickets([(id, user.contact_id) for id, user in given.items()])
    queue_mails("assigned", at, [(id, event, given[id].contact_id, given[id].email) for id, event in events])


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
