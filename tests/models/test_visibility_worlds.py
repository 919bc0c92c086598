"""R-VIS against an oracle in plain Python, on random worlds: ``--full`` tries 2,000 of them on each database."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from console.exports import written
from models import Company, Contact, Message, Team, Ticket, User, make_team, merge, open_ticket, session
from models.audience import losing_access, who_can_see
from models.base import db, now
from models.board import Board
from models.board_mark import board_mark
from models.candidates import all_of
from models.closing import TicketClosed
from models.follower import StillNeeded, TicketFollower
from models.listing import Filters, page_of
from models.merging import CannotMerge
from models.search import matching
from models.visibility import messages_visible_to, teams_visible_to, tickets_visible_to, users_who_see
from models.workload import workloads
from portal.listing import Listing

VISIBILITIES = ("private", "company", "public")
PEOPLE = 8  # 0 to 3 agents, 4 administrator, 5 and 6 portal users, 7 a contact without a login
TEAMS, TICKETS = 3, 5

person, team, ticket = (st.integers(0, number - 1) for number in (PEOPLE, TEAMS, TICKETS))
step = st.one_of(
    st.tuples(st.just("follow team"), team, person),
    st.tuples(st.just("leave team"), team, person),
    st.tuples(st.just("follow ticket"), ticket, person),
    st.tuples(st.just("leave ticket"), ticket, person),
    st.tuples(st.just("visibility"), team, st.sampled_from(VISIBILITIES)),
    st.tuples(st.just("company"), team, st.integers(0, 1)),
    st.tuples(st.just("assign"), ticket, st.integers(0, 4)),
    st.tuples(st.just("members"), team, st.sets(st.integers(0, 4), max_size=3)),
    st.tuples(st.just("deactivate"), st.just(0), st.integers(0, 6)),
    st.tuples(st.just("merge"), ticket, ticket),
)
world = st.fixed_dictionaries(
    {
        "homes": st.lists(st.sampled_from([(0,), (1,), (0, 1), ()]), min_size=5, max_size=5),
        "teams": st.lists(st.tuples(st.integers(0, 1), st.sampled_from(VISIBILITIES)), min_size=TEAMS, max_size=TEAMS),
        "tickets": st.lists(st.tuples(team, person), min_size=TICKETS, max_size=TICKETS),
        "steps": st.lists(step, max_size=14),
    }
)


@dataclass
class Oracle:
    """Who follows what and may see what, from the text of R-VIS alone."""

    homes: list
    teams: list  # [company, visibility]
    tickets: list  # (team, customer)
    team_followers: set = field(default_factory=set)
    ticket_followers: set = field(default_factory=set)
    excluded: set = field(default_factory=set)
    inactive: set = field(default_factory=set)
    into: dict = field(default_factory=dict)  # {a merged ticket: the one that its conversation goes on with}

    def internal(self, who):
        return who <= 4

    def follows(self, who, number):
        team, customer = self.tickets[number]
        if (number, who) in self.excluded:
            return False
        return (number, who) in self.ticket_followers or (team, who) in self.team_followers or customer == who

    def sees_team(self, who, team):
        company, visibility = self.teams[team]
        if who in self.inactive or not self.internal(who) or company not in self.homes[who]:
            return False
        return who == 4 or visibility != "private" or (team, who) in self.team_followers

    def sees(self, who, number):
        team = self.tickets[number][0]
        company, visibility = self.teams[team]
        if who in self.inactive or who == 7:
            return False
        if not self.internal(who):
            return visibility == "public" and self.follows(who, number)
        if company not in self.homes[who]:
            return False
        return self.sees_team(who, team) or self.follows(who, number)

    def stays(self, number):
        while number in self.into:
            number = self.into[number]
        return number

    def may_merge(self, source, into):
        """R-MERGE-1 for the administrator: two that they see, of one company, neither merged before."""
        apart = source != into and not {source, into} & set(self.into)
        companies = {self.teams[self.tickets[number][0]][0] for number in (source, into)}
        return apart and len(companies) == 1 and self.sees(4, source) and self.sees(4, into)

    def told(self, number):
        """Who follows the ticket or, where it shows them nothing they may not see, one merged into it (R-MERGE-2).

        A colleague whose login was taken away is told what an outsider would be.
        """
        parts = [part for part in range(TICKETS) if part != number and self.leads(part, number)]
        return {
            who
            for who in range(PEOPLE)
            if self.follows(who, number)
            or (
                (number, who) not in self.excluded
                and any(self.follows(who, part) for part in parts)
                and (not self.internal(who) or who in self.inactive or self.sees(who, number))
            )
        }

    def leads(self, part, number):
        while part in self.into:
            part = self.into[part]
            if part == number:
                return True
        return False

    def reads(self, who, number):
        """The first words of a ticket: whoever sees it; we also who see where it leads; its customer there, too."""
        stays = self.stays(number)
        if self.sees(who, number):
            return True
        return self.sees(who, stays) and (self.internal(who) or self.tickets[number][1] == who)

    def lists(self, who):
        """My tickets: those seen and followed; a merged one goes by the one that stays, where that is there, too."""
        mine = {number for number in range(TICKETS) if self.sees(who, number) and self.follows(who, number)}
        return {n for n in mine if not any(self.leads(n, other) for other in mine)}

    def reached_in(self, team):
        """{who: the tickets of the team that they see, and "team" where they see or follow the whole of it}"""
        whole = {who for who in range(PEOPLE - 1) if self.sees_team(who, team)}
        if self.teams[team][1] == "public":
            whole |= {who for who in (5, 6) if (team, who) in self.team_followers and who not in self.inactive}
        return {
            who: {number for number, (home, _) in enumerate(self.tickets) if home == team and self.sees(who, number)}
            | ({"team"} if who in whole else set())
            for who in range(PEOPLE - 1)
        }

    def leave_public(self, team):
        portal = (5, 6)
        self.team_followers -= {(team, who) for who in portal}
        self.ticket_followers -= {
            (number, who) for number, (home, _) in enumerate(self.tickets) if home == team for who in portal
        }


class World:
    """The same world in the database, changed by the verbs."""

    def __init__(self, plan):
        self.companies = companies = [Company(name="Acme"), Company(name="Globex")]
        session.add_all(companies)
        self.contacts = [Contact(email=f"p{n}@x.example", name=f"Person {n}") for n in range(PEOPLE)]
        session.add_all(self.contacts)
        homes = [*plan["homes"], (), ()]
        roles = ["agent"] * 4 + ["administrator"] + ["portal"] * 2
        self.users = [
            User(contact=self.contacts[n], role=role, companies=[companies[home] for home in homes[n]])
            for n, role in enumerate(roles)
        ]
        session.add_all(self.users)
        session.add(User(contact=Contact(email="root@x.example"), role="administrator"))  # never the last one
        self.teams = [
            make_team(f"T{n}", f"t{n}", companies[company], visibility=visibility)
            for n, (company, visibility) in enumerate(plan["teams"])
        ]
        self.tickets = [
            open_ticket(self.teams[team], self.contacts[customer], f"Needle {n}", "hay")
            for n, (team, customer) in enumerate(plan["tickets"])
        ]
        for made in self.tickets:
            made.add_message(self.contacts[0], "whispered", internal=True)
        session.flush()
        self.oracle = Oracle(homes, [list(each) for each in plan["teams"]], plan["tickets"])

    def take(self, kind, thing, value):
        getattr(self, kind.replace(" ", "_"))(thing, value)
        session.flush()

    def follow_team(self, team, who):
        self.teams[team].add_follower(self.contacts[who])
        self.oracle.team_followers.add((team, who))

    def leave_team(self, team, who):
        try:
            self.teams[team].remove_follower(self.contacts[who])
        except StillNeeded:
            return
        self.oracle.team_followers.discard((team, who))

    def follow_ticket(self, number, who):
        self.tickets[number].add_follower(self.contacts[who])
        self.oracle.ticket_followers.add((number, who))
        self.oracle.excluded.discard((number, who))

    def leave_ticket(self, number, who):
        assignee = self.tickets[number].assignee
        if assignee and assignee.contact is self.contacts[who]:
            with pytest.raises(StillNeeded):
                self.tickets[number].remove_follower(self.contacts[who])
            return
        if self.oracle.follows(who, number):
            self.oracle.excluded.add((number, who))
        self.tickets[number].remove_follower(self.contacts[who])
        self.oracle.ticket_followers.discard((number, who))

    def visibility(self, team, value):
        before, said = self.oracle.teams[team][1], losing_access(self.teams[team], value)
        reached = self.oracle.reached_in(team)
        self.teams[team].change_visibility(value)
        self.oracle.teams[team][1] = value
        if before == "public" != value:
            self.oracle.leave_public(team)
        self.check_losers(team, reached, said)

    def company(self, team, value):
        """As the settings page does it: the team goes to another company, with its followers and members."""
        visibility, home = self.oracle.teams[team][1], self.companies[value]
        reached, said = self.oracle.reached_in(team), losing_access(self.teams[team], visibility, home)
        self.teams[team].company = home
        session.flush()
        self.oracle.teams[team][0] = value
        self.check_losers(team, reached, said)

    def check_losers(self, team, reached, said):
        lost = {who for who, things in reached.items() if things - self.oracle.reached_in(team)[who]}
        assert {self.contacts.index(one.contact) for one in said.people} == lost
        assert said.count == len(lost) and all(one.ways for one in said.people)

    def assign(self, number, who):
        if number in self.oracle.into:
            with pytest.raises(TicketClosed):
                self.tickets[number].assign_to(self.users[who], by=self.contacts[4])
        elif self.teams[self.oracle.tickets[number][0]].may_be_assigned(self.users[who]):
            self.tickets[number].assign_to(self.users[who], by=self.contacts[4])
            self.oracle.ticket_followers.add((number, who))
            self.oracle.excluded.discard((number, who))

    def members(self, team, people):
        able = [
            who for who in people if self.oracle.teams[team][0] in self.oracle.homes[who] and self.users[who].active
        ]
        before = {member.id for member in self.teams[team].members}
        self.teams[team].set_members([self.users[who] for who in able])
        self.oracle.team_followers |= {(team, who) for who in able if self.users[who].id not in before}

    def merge(self, source, into):
        if not self.oracle.may_merge(source, into):
            with pytest.raises(CannotMerge):
                merge([self.tickets[source]], self.tickets[into], self.contacts[4])
            return
        merge([self.tickets[source]], self.tickets[into], self.contacts[4])
        self.oracle.into[source] = into

    def deactivate(self, _, who):
        if self.users[who].active:
            self.users[who].deactivate()
            self.oracle.inactive.add(who)

    def check(self):
        for who, user in enumerate(self.users):
            ids = self.numbers(n for n in range(TICKETS) if self.oracle.sees(who, n))
            assert set(session.scalars(select(Ticket.id).where(tickets_visible_to(user)))) == ids
            teams = {team.id for n, team in enumerate(self.teams) if self.oracle.sees_team(who, n)}
            assert set(session.scalars(select(Team.id).where(teams_visible_to(user)))) == teams
            self.check_messages(who, user)
            loads = {load.team.id: load.open for load in workloads(user, now())}
            still_open = ids - self.numbers(self.oracle.into)
            assert loads == {id: sum(session.get(Ticket, one).team_id == id for one in still_open) for id in teams}
            if user.internal:
                self.check_lists(user, ids, still_open, teams)
            mine = self.numbers(self.oracle.lists(who))
            for asked in ({}, {"status": "open"}, {"q": "needle"}):
                assert {ticket.id for ticket in Listing.asked(user, asked).tickets()} == mine
        for number, ticket in enumerate(self.tickets):
            self.check_people(number, ticket)
            self.check_watching(number, ticket)

    def numbers(self, tickets) -> set[int]:
        return {self.tickets[n].id for n in tickets}

    def check_messages(self, who, user):
        words = ["hay", "whispered"] if user.internal else ["hay"]
        expected = [word for n in range(TICKETS) if user.active and self.oracle.reads(who, n) for word in words]
        assert sorted(session.scalars(select(Message.body).where(messages_visible_to(user)))) == sorted(expected)

    def check_lists(self, user, ids, still_open, teams):
        """``ids`` are those that the user may see. We find a merged ticket, at the least, by the one that stays."""
        found = select(Ticket.id).where(tickets_visible_to(user), matching(Ticket.id, "needle", True))
        assert still_open <= set(session.scalars(found)) <= ids
        for team in session.scalars(select(Team).where(Team.id.in_(teams))):
            cards = {card.number for column in Board(user, team.id).columns() for card in column.cards}
            assert cards == {id for id in still_open if session.get(Ticket, id).team_id == team.id}
        for filters in (Filters(), Filters(sort="-priority"), Filters(sort="created")):
            assert {row.number for row in page_of(user, filters).rows} == ids
            assert exported(user, all_of(user, filters)) == ids
        searched = Filters(q="needle")
        assert still_open <= {row.number for row in page_of(user, searched).rows} <= ids
        assert still_open <= exported(user, all_of(user, searched)) <= ids
        assert exported(user, [ticket.id for ticket in self.tickets]) == ids

    def check_people(self, number, ticket):
        assert {self.contacts.index(contact) for contact in ticket.followers} == self.oracle.told(number)
        seeing = {who for who in range(PEOPLE - 1) if self.oracle.sees(who, number)}
        found = session.scalars(select(User).where(users_who_see(ticket), User.id.in_([u.id for u in self.users])))
        assert {self.users.index(user) for user in found} == seeing
        named = {one.contact: one.ways for one in who_can_see(ticket).people if one.contact in self.contacts}
        by_rule = {contact for contact, ways in named.items() if not {"link", "merged"}.issuperset(ways)}
        assert {self.contacts.index(contact) for contact in by_rule} == seeing

    def check_watching(self, number, ticket):
        """A board says that a ticket changed to whom of us it shows the ticket, and is there for who sees the team."""
        boards = {None: None, **{team.id: n for n, team in enumerate(self.teams)}}

        def marks():
            return {
                (who, board): board_mark(user.get_id(), id)
                for who, user in enumerate(self.users)
                for id, board in boards.items()
            }

        before = marks()
        session.execute(update(Ticket).where(Ticket.id == ticket.id).values(changed_at=now()))
        after, home = marks(), self.oracle.tickets[number][0]
        seeing = {who for who in range(5) if self.oracle.sees(who, number)}
        told = {(who, None) for who in seeing} | {(who, home) for who in seeing if self.oracle.sees_team(who, home)}
        assert {one for one in before if after[one] != before[one]} == told
        watching = {(who, None) for who in range(5) if who not in self.oracle.inactive}
        watching |= {(who, n) for who in range(5) for n in range(TEAMS) if self.oracle.sees_team(who, n)}
        assert {one for one, mark in before.items() if mark} == watching


def exported(user, numbers) -> set[int]:
    """The numbers of the tickets in the file that this user gets who asks for these."""
    lines = "".join(written(user, numbers)).splitlines()
    return {int(line.partition(",")[0]) for line in lines[1:]}


@pytest.fixture
def worlds(app, request, monkeypatch):
    monkeypatch.setattr("models.board_mark.STALE_SECONDS", 10**12)  # a world may be tried at any minute of the hour

    @settings(
        max_examples=2000 if request.config.getoption("--full") else 30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(world)
    def run(plan):
        with db.engine.begin_nested() as savepoint:
            try:
                made = World(plan)
                for one in plan["steps"]:
                    made.take(*one)
                made.check()
            finally:
                session.remove()
                savepoint.rollback()

    return run


def test_everybody_sees_what_the_rules_say_and_nothing_else(worlds):
    worlds()


def test_an_exclusion_survives_in_its_row(printer, agnes, team):
    team.add_follower(agnes.contact)
    printer.remove_follower(agnes.contact)
    assert session.get(TicketFollower, (printer.id, agnes.contact_id)).excluded
