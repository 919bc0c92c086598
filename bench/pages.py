"""What a page costs: beside a bare Flask page that renders as many rows from one raw SQL query, in the same run.

A row is a card, a line of a list, in a search also the passage of a message below a line, a message, a line of a
ticket's history. The bare page and the page are asked in turn, and so are the sizes: whatever else the machine does
meets all of them alike. "x bare" is the median of the rounds' ratios, "x cpu" the same of the processor time of this
process, in which SQLite works as well; "growth" is the page at this size against the smallest one.
"""

import argparse
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field

from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.engine import Engine
from werkzeug.test import EnvironBuilder

from bench.databases import KINDS, filled
from bench.world import COMMON, RARE
from models import Event, Message, Team, Ticket, User
from models.base import db, engine_options, reading
from web.memory import keep_what_is_loaded

BARE = """<!doctype html><title>Tickets</title><table>{% for row in rows %}<tr><td>{{ row.id }}</td>
<td>{{ row.subject }}</td><td>{{ row.created_at }}</td></tr>{% endfor %}</table>"""
RAW = "SELECT id, subject, created_at FROM tickets ORDER BY last_activity_at DESC LIMIT :rows"
AGENT, CUSTOMER = "agent5@bench.example", "customer0@client.example"


@dataclass
class Page:
    """An address, who asks for it, and how many rows it shows."""

    name: str
    address: str
    client: object
    bare: object
    rows: int
    queries: int = 0
    times: list = field(default_factory=list)  # (seconds, seconds of the processor)
    bare_times: list = field(default_factory=list)

    def round(self):
        self.bare_times.append(seconds(self.bare, f"/{self.rows}"))
        self.times.append(seconds(self.client, self.address))


def median_ratio(ones, others, clock=0) -> float:
    return statistics.median(one[clock] / other[clock] for one, other in zip(ones, others, strict=True))


def median(times, clock=0) -> float:
    """In milliseconds."""
    return statistics.median(each[clock] for each in times) * 1000


def least(times, clock=0) -> float:
    return min(each[clock] for each in times) * 1000


def seconds(client, address, headers=None, status=200) -> tuple[float, float]:
    started = time.perf_counter(), time.process_time()
    answer = client.get(address, headers=headers)
    took = time.perf_counter() - started[0], time.process_time() - started[1]
    assert answer.status_code == status, (address, answer.status_code)
    answer.close()
    return took


def bare_app(engine):
    app = Flask("bare")
    app.jinja_loader = DictLoader({"rows.html": BARE})

    @app.get("/<int:rows>")
    def page(rows):
        before = reading.set(engine.dialect.name == "sqlite")  # on PostgreSQL in a transaction
        try:
            with engine.connect() as connection:
                return render_template("rows.html", rows=connection.execute(text(RAW), {"rows": rows}).all())
        finally:
            reading.reset(before)

    return app


def signed_in(app, email):
    client = app.test_client()
    with app.app_context():
        login = User.by_email(email).get_id()
    with client.session_transaction() as cookie:
        now = int(time.time())
        cookie.update({"_user_id": login, "_fresh": True, "_permanent": True, "since": now, "used": now})
    return client


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


def pages(app) -> list[Page]:
    """Every page that is measured, with the number of rows that it shows on this database."""
    mine = select(Ticket.id).join(User, User.contact_id == Ticket.customer_id).where(User.role == "portal")
    mine = mine.join(Team, Team.id == Ticket.team_id).where(Team.visibility == "public")
    own = db.session.scalar(mine.order_by(Ticket.id.desc()).limit(1))
    newest = select(Ticket.id).where(Ticket.team_id == 1).order_by(Ticket.id.desc()).limit(1)
    closed, still_open = (db.session.scalar(newest.where(each)) for each in (Ticket.closed, ~Ticket.closed))
    wanted = (
        ("list", AGENT, "/console/tickets", "<tr", 1),
        ("list, open, oldest first", AGENT, "/console/tickets?status=active&sort=created", "<tr", 1),
        ("list of one team", AGENT, "/console/tickets?team=1", "<tr", 1),
        ("closed tickets", AGENT, "/console/tickets/closed", "<tr", 1),
        ("search, common word", AGENT, f"/console/tickets?q={COMMON}", "<tr", 1),
        ("search, word everywhere", AGENT, "/console/tickets?q=the", "<tr", 1),
        ("search, rare word", AGENT, f"/console/tickets?q={RARE}", "<tr", 1),
        ("search, two words", AGENT, "/console/tickets?q=printer+toner", "<tr", 1),
        ("search, phrase", AGENT, "/console/tickets?q=%22the+printer%22", "<tr", 1),
        ("search, beginning", AGENT, "/console/tickets?q=print*", "<tr", 1),
        ("search, closed, oldest", AGENT, "/console/tickets/closed?q=printer&sort=created", "<tr", 1),
        ("mine", AGENT, "/console/tickets/mine", "<tr", 1),
        ("dashboard", AGENT, "/console/", "team-card-head", 0),
        ("board", AGENT, "/console/teams/1", 'class="ticket-card"', 0),
        ("board of all", AGENT, "/console/tickets/board", 'class="ticket-card"', 0),
        ("board of mine", AGENT, "/console/tickets/mine/board", 'class="ticket-card"', 0),
        ("ticket, open", AGENT, f"/console/tickets/{still_open}", still_open, 0),
        ("ticket, closed", AGENT, f"/console/tickets/{closed}", closed, 0),
        ("My tickets", CUSTOMER, "/my/tickets?status=closed", "<tr", 1),
        ("my ticket", CUSTOMER, f"/my/tickets/{own}", own, 0),
    )
    address = db.engine.url.render_as_string(hide_password=False)
    # With connections of its own, used as people use those of PostgreSQL: asked whether they live, in a transaction.
    options = engine_options(address) | {"pool_pre_ping": True}
    bare = bare_app(create_engine(address, **options)).test_client()
    clients = {email: signed_in(app, email) for email in (AGENT, CUSTOMER)}
    return [
        Page(name, address, clients[email], bare, rows_of(clients[email], address, mark) - heads)
        for name, email, address, mark, heads in wanted
    ]


def rows_of(client, address, mark) -> int:
    """How often the mark of a row stands on the page, or of a passage; of a ticket, its messages and history."""
    if isinstance(mark, str):
        page = client.get(address).text
        return page.count(mark) + page.count('class="row-found"') * ("q=" in address)
    inside = "/console" in address
    kinds = (Message, Event) if inside else (Message,)
    return sum(db.session.query(kind).filter_by(ticket_id=mark).count() for kind in kinds)


def measure(sizes: list[list[Page]], rounds: int):
    """Ask for each page of each size in turn; the first rounds only warm up."""
    for same in zip(*sizes, strict=True):
        for number in range(rounds + 5):
            for page in same:
                page.round()
                if number == 4:
                    page.times.clear()
                    page.bare_times.clear()
        for page in same:
            page.queries = queries_of(page.client, page.address)
        yield same


def show(kind: str, sizes: dict[int, list[Page]], rounds: int):
    print(f"\n{kind:<26}  tickets  rows  p50 ms   per s  bare ms  x bare  x cpu  growth  queries")
    for same in measure(list(sizes.values()), rounds):
        for tickets, page in zip(sizes, same, strict=True):
            per_second = len(page.times) / sum(wall for wall, _ in page.times)
            ratio, processor = (median_ratio(page.times, page.bare_times, clock) for clock in (0, 1))
            print(
                f"{page.name:<26}{tickets:>9,} {page.rows:5} {median(page.times):7.2f} {per_second:7.0f} "
                f"{median(page.bare_times):8.2f} {ratio:7.1f} {processor:6.1f} "
                f"{median_ratio(page.times, same[0].times):7.2f} {page.queries:8}",
                flush=True,
            )


def watched(kind: str, sizes: dict[int, list[Page]], rounds: int):
    """Ask again and again for boards that nobody changes, beside the bare page of 50 rows, and show milliseconds, the
    least and the median: of this process, and by the clock, in which it also waits for PostgreSQL."""
    print(f"\n{kind + ', 304':<26}  tickets    processor        clock   bare, clock")
    boards = [(n, page) for n, pages in sizes.items() for page in pages if page.name.startswith("board")]
    for tickets, page in sorted(boards, key=lambda each: each[1].name):
        app, unchanged = page.client.application, {"HX-Request": "true"}
        login = page.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        for number in range(10 * rounds):
            if number % 10 == 0:  # every ten minutes each board has another mark
                unchanged["If-None-Match"] = page.client.get(page.address, headers=unchanged).headers["ETag"]
                asked = EnvironBuilder(path=page.address, headers={**unchanged, "Cookie": f"{login.key}={login.value}"})
            page.bare_times.append(seconds(page.bare, "/50"))
            times, status = seconds_of_server(app, asked.get_environ())
            if status == "304 NOT MODIFIED":
                page.times.append(times)
        assert len(page.times) > 9 * rounds, "the board changed"
        both = (page.times, 1), (page.times, 0), (page.bare_times, 0)
        words = (f"{least(times, clock):6.2f} {median(times, clock):6.2f}" for times, clock in both)
        print(f"{page.name:<26}{tickets:>9,}" + "".join(words), flush=True)
        page.times.clear()
        page.bare_times.clear()


def seconds_of_server(app, environ) -> tuple[tuple[float, float], str]:
    """As a web server asks, without what a client of tests does besides; and the status of the answer."""
    given = []
    started = time.perf_counter(), time.process_time()
    with closing(app(environ, lambda status, headers, error=None: given.append(status))) as answer:
        b"".join(answer)
    return (time.perf_counter() - started[0], time.process_time() - started[1]), given[0]


def main():
    parser = argparse.ArgumentParser(prog="bench/pages", description=__doc__.splitlines()[0])
    parser.add_argument("tickets", type=int, nargs="*", default=[100_000])
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", default="", help="pages whose name begins so")
    asked = parser.parse_args()
    reading.set(True)
    for kind in asked.kind or KINDS:
        sizes = {}
        for tickets in sorted(asked.tickets):
            with filled(kind, tickets) as app:
                sizes[tickets] = [page for page in pages(app) if page.name.startswith(asked.only)]
        keep_what_is_loaded()  # as the web server does
        watched(kind, sizes, asked.rounds)
        show(kind, sizes, asked.rounds)  # with no context pushed: each request makes its own, as behind a server


if __name__ == "__main__":
    main()
