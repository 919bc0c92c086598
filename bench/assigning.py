"""Assigning tickets among members by the rule: exact (R-ASSIGN-8), however many at once."""

import argparse
import time
from collections import Counter

from sqlalchemy import func, select

from bench import world
from bench.databases import KINDS, fresh
from bench.memory import Peak
from models import Delivery, Team, Ticket, session
from models.assignment import assign_due_batch
from models.event import Event

AT = world.NOW


def main():
    parser = argparse.ArgumentParser(prog="bench/assigning", description=__doc__)
    parser.add_argument("tickets", type=int, nargs="?", default=10_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        with fresh(kind, "assigning"):
            teams, agents, customers = world.people(asked.tickets)
            world.inactive(teams[0], customers, asked.tickets)
            world.settle()
            session.get(Team, teams[0].id).auto_assign = "equal_open"
            session.commit()
            with Peak() as memory:
                started = time.perf_counter()
                while assign_due_batch(AT):
                    session.commit()
                session.commit()
                took = time.perf_counter() - started
            print(
                f"{kind}: assigned {asked.tickets:,} tickets among {len(agents)} members in {took:.2f} s "
                f"({asked.tickets / took:,.0f}/s), {exactness(asked.tickets)}, memory +{memory.grown:.1f} MB",
                flush=True,
            )


def exactness(number) -> str:
    """Each ticket once, with its reason, its follower and its mail; the members differ by at most one."""
    counts = Counter(session.scalars(select(Ticket.assignee_id)))
    assert None not in counts
    assert max(counts.values()) - min(counts.values()) <= 1, counts
    for rows in (
        select(func.count(func.distinct(Event.ticket_id))).where(Event.kind == "assigned", Event.why != ""),
        select(func.count(func.distinct(Delivery.ticket_id))).where(Delivery.kind == "assigned"),
    ):
        assert session.scalar(rows) == number
    return f"{min(counts.values())} to {max(counts.values())} each"


if __name__ == "__main__":
    main()
