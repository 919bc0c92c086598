"""Closing inactive tickets by the rule: beside the bare UPDATE and INSERT … SELECT statements that do as much."""

import argparse
import time
from datetime import timedelta

from sqlalchemy import select, text

from bench import world
from bench.databases import KINDS, fresh
from bench.memory import Peak
from models import Batch, Delivery, Team, session
from models.sweep import close_due_batch

AT = world.NOW
BARE = (
    """UPDATE tickets SET stage_id = :closed, stage_changed_at = :at, last_activity_at = :at, reminded_at = NULL,
       rank = :rank WHERE team_id = :team AND stage_id <> :closed AND last_activity_at <= :until
       AND waiting_since IS NULL""",
    """INSERT INTO events (ticket_id, at, kind, from_value, to_value, why)
       SELECT id, :at, 'closed', 'Customer feedback', 'Closed', 'inactive for 7 days' FROM tickets
       WHERE team_id = :team AND stage_changed_at = :at""",
    """INSERT INTO closings (ticket_id, at, how, why, from_stage_id)
       SELECT id, :at, 'automatic', 'inactive for 7 days', :before FROM tickets
       WHERE team_id = :team AND stage_changed_at = :at""",
    """INSERT INTO batch_tickets (batch_id, ticket_id, at, restored, stage_id, active_at, stage_changed_at, rank)
       SELECT :batch, id, :at, false, :before, :until, :until, rank FROM tickets
       WHERE team_id = :team AND stage_changed_at = :at""",
    """INSERT INTO deliveries (key, kind, channel, contact_id, address, ticket_id, event_id, template_id, mail_id,
                               subject, state, attempts, due_at, created_at, error)
       SELECT 'stage:event:' || events.id || ':' || contacts.id, 'stage', 'email', contacts.id, contacts.email,
              tickets.id, events.id, :template, events.id || '@bench.example', '', 'queued', 0, :at, :at, ''
       FROM tickets JOIN events ON events.ticket_id = tickets.id AND events.at = :at
       JOIN contacts ON contacts.id = tickets.customer_id WHERE tickets.team_id = :team""",
)


def bare(team, number) -> float:
    stage = team.closing_stage
    batch = Batch.going_on(team, stage, AT)
    session.commit()
    values = {
        "batch": batch.id,
        "team": team.id, "closed": stage.id, "before": team.stages[2].id, "template": stage.email_template_id,
        "at": AT, "until": AT - timedelta(days=7), "rank": AT.timestamp(),
    }  # fmt: skip
    values = {name: world.plain(value) if session.get_bind().dialect.name == "sqlite" else value
              for name, value in values.items()}  # fmt: skip
    started = time.perf_counter()
    counts = [session.execute(text(statement), values).rowcount for statement in BARE]
    session.commit()
    assert counts == [number] * 5, counts
    return time.perf_counter() - started


def by_rule(number) -> float:
    started = time.perf_counter()
    total = 0
    while done := close_due_batch(AT):
        session.commit()
        total += done
    session.commit()
    assert total == number, total
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(prog="bench/closing", description=__doc__)
    parser.add_argument("tickets", type=int, nargs="?", default=10_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        with fresh(kind, "closing"):
            teams, _, customers = world.people(asked.tickets)
            world.inactive(teams[0], customers, asked.tickets)
            world.inactive(teams[1], customers, asked.tickets)
            world.settle()
            slow = bare(session.get(Team, teams[1].id), asked.tickets)
            session.get(Team, teams[0].id).auto_close = True
            session.commit()
            with Peak() as memory:
                took = by_rule(asked.tickets)
            mails = session.scalars(select(Delivery.id).where(Delivery.kind == "stage")).all()
            assert len(mails) == 2 * asked.tickets
            print(
                f"{kind}: closed {asked.tickets:,} tickets in {took:.2f} s, bare statements {slow:.2f} s, "
                f"{took / slow:.1f} × bare, memory +{memory.grown:.1f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
