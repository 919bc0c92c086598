"""R-MERGE-3 and 4 on random worlds: who reads which message, against an oracle in plain Python; and the way back.

``--full`` tries 1,000 worlds on each database.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Message, merge, session
from models.base import db
from models.merging import CannotMerge, MergedPath, Merging
from models.ticket import Ticket
from models.visibility import messages_behind, messages_heard_by, messages_visible_to, tickets_visible_to
from tests.models.export import export
from tests.models.test_visibility_worlds import PEOPLE, TICKETS, World, world

ticket, person = st.integers(0, TICKETS - 1), st.integers(0, PEOPLE - 1)
deed = st.one_of(
    st.tuples(st.just("merge"), st.sets(ticket, min_size=1, max_size=3), ticket),
    st.tuples(st.just("merge"), st.sets(ticket, min_size=1, max_size=2), ticket),
    st.tuples(st.just("unmerge"), ticket, st.none()),
    st.tuples(st.just("write"), ticket, person),
    st.tuples(st.just("write"), ticket, st.just(4)),
    st.tuples(st.just("follow"), ticket, person),
    st.tuples(st.just("leave"), ticket, person),
    st.tuples(st.just("tag"), ticket, st.sampled_from(["red", "green", "blue"])),
)
deeds = st.lists(deed, min_size=2, max_size=10)
TAKEN = ("subject", "priority", "assignee", "stage")
# Where all teams are of one company, whose administrator looks on, most of what is tried can be merged and undone.
at_one = world.map(
    lambda plan: (
        plan
        | {
            "homes": [*plan["homes"][:4], (0, 1)],
            "teams": [(0, visibility) for _, visibility in plan["teams"]],
            "steps": [step for step in plan["steps"] if step[0] not in ("company", "deactivate")],
        }
    )
)
desks = st.one_of(at_one, at_one, world)


class Merged:
    """The oracle: which ticket each message was said to and when, what is merged into what and since when."""

    def __init__(self, made):
        self.made, self.oracle = made, made.oracle
        self.into, self.since, self.clock = {}, {}, 1
        # (body, the ticket it was said to, its author, public or not, when)
        self.said = [(f"hay {n}", n, customer, True, 0) for n, (_, customer) in enumerate(self.oracle.tickets)]
        self.said += [(f"whispered {n}", n, 0, False, 0) for n in range(TICKETS)]

    def stays(self, number):
        while number in self.into:
            number = self.into[number]
        return number

    def chain(self, number, end):
        """The tickets on the way from one to another that it is part of now; None if it is not."""
        way = [number]
        while way[-1] != end:
            if way[-1] not in self.into:
                return None
            way.append(self.into[way[-1]])
        return way

    def part_since(self, number, end):
        way = self.chain(number, end)
        return None if way is None or len(way) == 1 else max(self.since[one] for one in way[:-1])

    def hears(self, who, message, takes_part, removed, anywhere=True):
        """R-MERGE-3 for an outsider. ``takes_part`` says of a ticket whether it is theirs."""
        _body, home, author, public, at = message
        if not public:
            return False
        if takes_part(home) or (author == who and takes_part(self.stays(home))):
            return True
        ours = author <= 4 and author != self.oracle.tickets[home][1]
        if (
            not ours
            or removed(home)
            or not (anywhere or self.oracle.teams[self.oracle.tickets[home][0]][1] == "public")
        ):
            return False
        return any(
            takes_part(number) and (since := self.part_since(number, home)) is not None and at > since
            for number in range(TICKETS)
        )

    def reads(self, who, message):
        home = message[1]
        if who <= 4:
            return self.oracle.sees(who, self.stays(home)) or self.oracle.sees(who, home)
        return self.hears(
            who, message, lambda one: self.oracle.sees(who, one), lambda one: (one, who) in self.oracle.excluded, False
        )


class MergingWorld(World):
    deeds = Counter()  # of all worlds: that the oracle was asked about merges, and not about refusals alone

    def __init__(self, plan):
        super().__init__(plan)
        for number, made in enumerate(self.tickets):
            hay, whispered = made.messages
            hay.body, whispered.body = f"hay {number}", f"whispered {number}"
        session.flush()
        self.merged = Merged(self)
        self.admin = self.contacts[4]

    def merge(self, source, into):
        """Before the deeds nothing is merged: each of them is held against the oracle of messages."""

    def do(self, kind, first, second):
        getattr(self, f"do_{kind}")(first, second)
        session.flush()

    def do_merge(self, sources, into):
        known, numbers = self.merged, sorted(sources)
        able = into not in sources and not {into, *sources} & set(known.into)
        able &= all(self.oracle.sees(4, one) for one in (into, *sources))
        able &= len({self.oracle.teams[self.oracle.tickets[one][0]][0] for one in (into, *sources)}) == 1
        chosen = [self.tickets[one] for one in numbers]
        take = {name: chosen[place % len(chosen)] for place, name in enumerate(TAKEN)}
        if take["subject"].customer_id != self.tickets[into].customer_id:
            del take["subject"]
        if take["assignee"].assignee and not self.tickets[into].team.may_be_assigned(take["assignee"].assignee):
            del take["assignee"]
        if not able:
            with pytest.raises(CannotMerge):
                merge(chosen, self.tickets[into], self.admin, take=take)
            return
        merge(chosen, self.tickets[into], self.admin, take=take)
        self.deeds["merged"] += len(numbers)
        if assignee := self.tickets[into].assignee:
            self.oracle.ticket_followers.add((into, self.users.index(assignee)))
            self.oracle.excluded.discard((into, self.users.index(assignee)))
        for one in numbers:
            known.into[one], known.since[one] = into, known.clock
        known.clock += 1

    def do_unmerge(self, number, _):
        known = self.merged
        if number not in known.into:
            self.tickets[number].unmerge(self.admin)
        elif not all(self.oracle.sees(4, one) for one in (number, known.into[number])):
            with pytest.raises(CannotMerge):
                self.tickets[number].unmerge(self.admin)
        else:
            into = known.into.pop(number)
            del known.since[number]
            self.tickets[number].unmerge(self.admin)
            self.deeds["undone"] += 1
            self.read_followers(into)

    def read_followers(self, number):
        """A choice of the assignee made a follower, and is taken back: that alone is read from the rows."""
        rows = {(row.contact_id, row.excluded) for row in self.rows_of(number)}
        for who, contact in enumerate(self.contacts):
            for kind, excluded in ((self.oracle.ticket_followers, False), (self.oracle.excluded, True)):
                kind.discard((number, who))
                if (contact.id, excluded) in rows:
                    kind.add((number, who))

    def rows_of(self, number):
        from models.follower import TicketFollower

        return session.scalars(select(TicketFollower).where(TicketFollower.ticket_id == self.tickets[number].id))

    def do_write(self, number, who):
        known, ticket, contact = self.merged, self.tickets[number], self.contacts[who]
        stays, body = known.stays(number), f"said {len(known.said)}"
        message = ticket.reply(contact, body)
        # Equal times would hide what the order of deeds tells apart; and nothing may depend on how fast this runs.
        home = stays if contact.internal and not (who == self.oracle.tickets[number][1] and number != stays) else number
        if not contact.internal and number == stays:
            home = self.own_face(who, stays)
        assert (message.ticket, message.home_id) == (self.tickets[stays], self.tickets[home].id)
        known.clock += 1
        known.said.append((body, home, who, True, known.clock))
        known.clock += 1

    def own_face(self, who, stays):
        if self.oracle.follows(who, stays):
            return stays
        parts = [
            n for n in range(TICKETS) if self.merged.chain(n, stays) and n != stays and self.oracle.follows(who, n)
        ]
        return min(parts, key=lambda n: self.tickets[n].id, default=stays)

    def do_follow(self, number, who):
        self.follow_ticket(number, who)

    def do_leave(self, number, who):
        assignee = self.tickets[number].assignee
        if assignee and assignee.contact is self.contacts[who]:
            return
        followed = who in self.followers(number)
        self.tickets[number].remove_follower(self.contacts[who])
        if followed:
            self.oracle.excluded.add((number, who))
            self.oracle.ticket_followers.discard((number, who))

    def do_tag(self, number, name):
        ticket = self.tickets[number]
        if number not in self.merged.into:
            ticket.edit(self.admin, tags=[*(tag.name for tag in ticket.tags), name])

    def check_messages(self):
        known = self.merged
        for who, user in enumerate(self.users):
            expected = sorted(one[0] for one in known.said if user.active and known.reads(who, one))
            assert sorted(session.scalars(select(Message.body).where(messages_visible_to(user)))) == expected
        for who in (5, 6, 7):
            contact = self.contacts[who]
            told = [
                one[0] for one in known.said
                if known.hears(who, one, lambda number: self.oracle.follows(who, number),  # noqa: B023
                               lambda number: (number, who) in self.oracle.excluded)  # noqa: B023
            ]  # fmt: skip
            assert sorted(session.scalars(select(Message.body).where(messages_heard_by(contact.id)))) == sorted(told)
        for number, (_, who) in enumerate(self.oracle.tickets):
            mine = {number, *(n for n, (_, other) in enumerate(self.oracle.tickets) if other == who)}
            link = self.tickets[number].link_for(self.contacts[who])
            behind = [one[0] for one in known.said if known.hears(who, one, mine.__contains__, lambda number: False)]
            assert sorted(session.scalars(select(Message.body).where(messages_behind(link)))) == sorted(behind)

    def check_tickets(self):
        """A merge shows nobody another ticket; followers of all parts are told of the one that stays."""
        for who, user in enumerate(self.users):
            ids = {ticket.id for n, ticket in enumerate(self.tickets) if self.oracle.sees(who, n)}
            assert set(session.scalars(select(Ticket.id).where(tickets_visible_to(user)))) == ids
        for number, ticket in enumerate(self.tickets):
            assert {self.contacts.index(one) for one in ticket.followers} == self.followers(number)

    def followers(self, number):
        follows, parts = (
            self.oracle.follows,
            [n for n in range(TICKETS) if n != number and self.merged.chain(n, number)],
        )
        return {
            who for who in range(PEOPLE)
            if follows(who, number) or (
                (number, who) not in self.oracle.excluded
                and any(follows(who, part) for part in parts)
                and (not self.contacts[who].internal or self.oracle.sees(who, number))
            )
        }  # fmt: skip

    def check_places(self):
        known = self.merged
        for body, home, *_ in known.said:
            message = session.scalar(select(Message).where(Message.body == body))
            assert message.ticket_id == self.tickets[known.stays(home)].id
            assert message.home_id == self.tickets[home].id
        for number, made in enumerate(self.tickets):
            assert made.stays is self.tickets[known.stays(number)]
            assert made.closed == (number in known.into)


@pytest.fixture
def run(app, request):
    """Runs a check on many worlds, each rolled back."""

    def tried(check, *strategies):
        @settings(
            max_examples=1000 if request.config.getoption("--full") else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        )
        @given(st.tuples(*strategies))
        def run(values):
            with db.engine.begin_nested() as savepoint:
                try:
                    check(*values)
                finally:
                    session.remove()
                    savepoint.rollback()

        MergingWorld.deeds.clear()
        run()
        return MergingWorld.deeds

    return tried


def live(plan):
    made = MergingWorld(plan)
    for one in plan["steps"]:
        made.take(*one)
    return made


def test_nobody_reads_more_by_a_merge_than_the_rule_says(run):
    def check(plan, what):
        made = live(plan)
        for one in what:
            made.do(*one)
        made.check_places()
        made.check_messages()
        made.check_tickets()

    done = run(check, desks, deeds)
    assert done["merged"] >= 4


def test_merging_and_undoing_in_any_order_leaves_the_desk_as_it_was(run):
    def check(plan, merges, order):
        made = live(plan)
        for number in range(TICKETS):
            made.do_tag(number, ["red", "green", "blue"][number % 3])
        before = export()
        for sources, into in merges:
            made.do_merge(sources, into)
        for number in order:
            made.do_unmerge(number, None)
        for number in set(made.merged.into):
            made.do_unmerge(number, None)
        assert export() == before
        assert session.scalars(select(Merging)).all() == session.scalars(select(MergedPath)).all() == []

    merges = st.lists(st.tuples(st.sets(ticket, min_size=1, max_size=3), ticket), min_size=1, max_size=4)
    done = run(check, desks, merges, st.permutations(range(TICKETS)))
    assert done["merged"] == done["undone"] >= 8


def test_chains_end_at_one_ticket(run):
    def check(plan, merges):
        made = live(plan)
        for sources, into in merges:
            made.do_merge(sources, into)
        ends = {one.stays.id for one in made.tickets}
        assert ends == set(session.scalars(select(Ticket.id).where(Ticket.merged_into_id.is_(None))))

    done = run(
        check, desks, st.lists(st.tuples(st.sets(ticket, min_size=1, max_size=2), ticket), min_size=3, max_size=6)
    )
    assert done["merged"] >= 8
