"""What a page costs: beside a bare Flask page that renders as many rows from one raw SQL query, in the same run."""

import argparse
import statistics
import time

from flask import Flask, render_template_string
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from bench.databases import KINDS, filled
from models import Ticket, User
from models.base import db

BARE = """<!doctype html><title>Tickets</title><table>{% for row in rows %}<tr><td>{{ row.id }}</td>
<td>{{ row.subject }}</td><td>{{ row.created_at }}</td></tr>{% endfor %}</table>"""
RAW = "SELECT id, subject, created_at FROM tickets ORDER BY last_activity_at DESC LIMIT 50"


def bare_app(engine):
    app = Flask("bare")

    @app.get("/")
    def rows():
        with engine.connect() as connection:
            return render_template_string(BARE, rows=connection.execute(text(RAW)).all())

    return app


def signed_in(app, email):
    client = app.test_client()
    with app.app_context():
        user = User.by_email(email)
        login = user.get_id()
    with client.session_transaction() as cookie:
        cookie.update({"_user_id": login, "_fresh": True, "since": int(time.time())})
    return client


def measure(client, address, rounds):
    """Milliseconds of the median, and requests a second, after a few to warm up."""
    times = []
    for number in range(rounds + 5):
        started = time.perf_counter()
        answer = client.get(address)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200, (address, answer.status_code)
        answer.close()
        if number == 4:
            times.clear()
    return statistics.median(times) * 1000, len(times) / sum(times)


def queries_of(client, address) -> int:
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        client.get(address).close()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return sum(not statement.startswith("BEGIN") for statement in seen)


def addresses(app):
    with app.app_context():
        mine = select(Ticket.id).join(User, User.contact_id == Ticket.customer_id).where(User.role == "portal")
        own = db.session.scalar(mine.limit(1))
        newest = db.session.scalar(select(Ticket.id).where(Ticket.team_id == 1).order_by(Ticket.id.desc()).limit(1))
    agent, customer = "agent5@bench.example", "customer0@client.example"
    yield "list", agent, "/console/tickets"
    yield "list, open, sorted", agent, "/console/tickets?status=open&sort=created"
    yield "search", agent, "/console/tickets?q=printer+toner"
    yield "mine", agent, "/console/tickets/mine"
    yield "dashboard", agent, "/console/"
    yield "board", agent, "/console/teams/1"
    yield "ticket", agent, f"/console/tickets/{newest}"
    yield "My tickets", customer, "/my/tickets?status=closed"
    yield "my ticket", customer, f"/my/tickets/{own}"


def main():
    parser = argparse.ArgumentParser(prog="bench/pages", description=__doc__)
    parser.add_argument("tickets", type=int, nargs="*", default=[100_000])
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    for tickets in asked.tickets:
        for kind in asked.kind or KINDS:
            with filled(kind, tickets) as app:
                base, rate = measure(bare_app(db.engine).test_client(), "/", asked.rounds)
                print(f"\n{kind}, {tickets:,} tickets{'':14} p50 ms   per s   x bare  queries")
                print(f"{'bare Flask page, 50 rows':<34} {base:7.2f} {rate:7.0f}")
                pages = list(addresses(app))
            for name, email, address in pages:
                client = signed_in(app, email)
                p50, rate = measure(client, address, asked.rounds)
                count = queries_of(client, address)
                print(f"{name:<34} {p50:7.2f} {rate:7.0f} {p50 / base:8.1f} {count:8}", flush=True)


if __name__ == "__main__":
    main()
