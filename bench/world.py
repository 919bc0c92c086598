"""A large desk, made fast and always the same: tickets with three messages each, 15 % of them open, 10 % tagged."""

import random
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from flask_migrate import upgrade
from sqlalchemy import insert, select, text

from models import Company, Contact, User, make_team, session
from models.base import db, is_sqlite
from models.people import _hasher
from models.templates_shipped import ship_all
from models.ticket import Tag
from models.words import words

PASSWORD = "bench bench bench"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
OPEN_SHARE = 0.15
OFTEN = 200  # so many tickets are of the one customer who signs in, whatever the size of the desk
CHUNK = 20_000
# The words of real texts: a few stand everywhere, thousands are rare (Zipf). The most frequent first.
FREQUENT = """
the to de is a and la not we le it of je for est in les my pas on with un have des i une que en this et please bonjour
hello thanks merci pour you from be nous vous was since depuis can no plus does our after sur avec dans
printer invoice delivery password screen order refund router cable toner login account address payment contract
licence update backup server meeting laptop keyboard monitor phone battery charger window door heating parking badge
holiday payslip expense travel hotel ticket train flight booking return exchange warranty repair noise leak light
imprimante facture livraison commande remboursement écran clavier contrat adresse paiement congé chauffage
""".split()  # noqa: SIM905
VOCABULARY = 8000


def vocabulary() -> list[str]:
    """Thousands of words that look like words; the same in every run."""
    dice, found = random.Random(1), dict.fromkeys(FREQUENT)
    starts, middles, ends = (*"bcdfglmnprstv", "br", "ch", "pl", "tr"), (*"aeioué", "ai", "ou"), (*"nrstl", "nd")
    while len(found) < VOCABULARY:
        syllables = (
            dice.choice(starts) + dice.choice(middles) + dice.choice(["", *ends]) for _ in range(dice.randint(2, 4))
        )
        found["".join(syllables)] = None
    return list(found)


WORDS = vocabulary()
WEIGHTS = list(accumulate(1 / (rank + 2) for rank in range(len(WORDS))))
RARE, COMMON = WORDS[6000], "printer"


def fill(tickets: int):
    """Fill the empty, migrated database of the current app with that many tickets; returns the seconds it took."""
    upgrade()
    teams, agents, customers = people(tickets)
    stages = [stage.id for stage in teams[0].stages]
    team_ids, agent_ids = [team.id for team in teams], [agent.id for agent in agents]
    tags = [tag.id for tag in Tag.named(WORDS[80:100])]
    agent_contacts, agent_emails = [agent.contact_id for agent in agents], {agent.id: agent.email for agent in agents}
    session.commit()
    connection = session.connection()
    with without_indexes(connection):
        for start in range(1, tickets + 1, CHUNK):
            rows = [
                ticket(n, tickets, team_ids, stages, agent_ids, customers)
                for n in range(start, min(start + CHUNK, tickets + 1))
            ]
            write(connection, "tickets", TICKET, rows)
            write(connection, "messages", MESSAGE, (each for row in rows for each in messages(row, agent_contacts)))
            write(connection, "events", EVENT, (each for row in rows for each in events(row, agent_emails)))
            given = ((r[0], agent_contacts[r[4] - agent_ids[0]], False) for r in rows if r[4])
            write(connection, "ticket_followers", FOLLOWER, given)
            closed = ((r[0], r[9], "agent", "", stages[1]) for r in rows if r[2] == stages[-1])
            write(connection, "closings", CLOSING, closed)
            write(
                connection,
                "ticket_tags",
                TAGGED,
                ((r[0], tags[r[0] // 10 % len(tags)]) for r in rows if r[0] % 10 == 0),
            )
            search(connection, rows)
    if not is_sqlite():
        for table in ("tickets", "messages", "events"):
            connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))
    session.commit()
    settle()


@contextmanager
def without_indexes(connection):
    """Index the rows when all of them are there: some times faster than one by one."""
    if is_sqlite():
        connection.exec_driver_sql("PRAGMA cache_size = -500000")
        made = """SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN
                  ('tickets', 'messages', 'events', 'ticket_followers', 'closings')"""
    else:
        connection.execute(text("SET session_replication_role = replica"))  # the rows fit each other by the way made
        connection.execute(text("SET maintenance_work_mem = '1GB'"))
        made = """SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN
                  ('tickets', 'messages', 'events', 'ticket_followers', 'closings', 'ticket_search')
                  AND indexname NOT IN (SELECT conname FROM pg_constraint)"""
    indexes = connection.execute(text(made)).all()
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    yield
    for _, definition in indexes:
        connection.exec_driver_sql(definition)
    if not is_sqlite():
        connection.execute(text("RESET session_replication_role"))


def people(tickets):
    """Two companies, six teams (one of them private), forty agents, and one customer for ten tickets."""
    ship_all()
    companies = [Company(name="Acme", timezone="Europe/Paris"), Company(name="Globex", timezone="UTC")]
    session.add_all(companies)
    visibility = ["public", "public", "company", "private", "public", "company"]
    teams = [make_team(f"Team {n}", f"team-{n}", companies[n // 4], visibility=visibility[n]) for n in range(6)]
    password = _hasher.hash(PASSWORD)
    agents = [
        User(
            contact=Contact(email=f"agent{n}@bench.example", name=f"Agent {n}"),
            role="administrator" if n == 0 else "agent",
            companies=companies if n < 20 else companies[:1],
            password_hash=password,
        )
        for n in range(40)
    ]
    session.add_all(agents)
    session.flush()
    number = max(20, min(tickets // 10, 100_000))
    rows = [{"email": f"customer{n}@client.example", "name": f"Customer {n}"} for n in range(number)]
    for start in range(0, number, CHUNK):
        session.execute(insert(Contact), rows[start : start + CHUNK])
    customers = list(session.scalars(select(Contact.id).where(Contact.email.like("customer%")).order_by(Contact.id)))
    session.add(User(contact_id=customers[0], role="portal", password_hash=password))
    session.commit()
    return teams, agents, customers


def inactive(team, customers, number: int):
    """Tickets that nobody touched for a month, answered by us, without an assignee."""
    stage, long_ago = team.stages[2].id, NOW - timedelta(days=30)
    start = (session.scalar(text("SELECT max(id) FROM tickets")) or 0) + 1
    rows = [
        (id, team.id, stage, customers[id % len(customers)], None, f"Request {id}", 0, long_ago, long_ago, long_ago,
         None, True, None, False, float(id), long_ago)
        for id in range(start, start + number)
    ]  # fmt: skip
    connection = session.connection()
    write(connection, "tickets", TICKET, rows)
    write(connection, "events", EVENT, ((row[0], row[7], "created", row[3], None, None, "") for row in rows))
    session.commit()


TICKET = ("id", "team_id", "stage_id", "customer_id", "assignee_id", "subject", "priority", "created_at",
          "last_activity_at", "stage_changed_at", "assigned_at", "awaits_assignment", "waiting_since",
          "never_auto_close", "rank", "changed_at")  # fmt: skip
MESSAGE = ("ticket_id", "author_id", "at", "body", "internal")
EVENT = ("ticket_id", "at", "kind", "by_id", "from_value", "to_value", "why")
FOLLOWER = ("ticket_id", "contact_id", "excluded")
TAGGED = ("ticket_id", "tag_id")
CLOSING = ("ticket_id", "at", "how", "why", "from_stage_id")


def ticket(n, total, teams, stages, agents, customers):
    dice = random.Random(n)
    created = NOW - timedelta(minutes=(total - n) * 525_600 * 3 / total + dice.random() * 60)
    is_open = dice.random() < OPEN_SHARE
    stage = dice.choice(stages[:-1]) if is_open else stages[-1]
    active = min(NOW, created + timedelta(hours=dice.random() * 240))
    given = None if is_open and dice.random() < 0.1 else dice.choice(agents)
    waiting = active if is_open and dice.random() < 0.5 else None
    customer = customers[0] if n % max(1, total // OFTEN) == 0 else dice.choice(customers)
    return (n, dice.choice(teams), stage, customer, given, sentence(dice, 6), dice.choice((0, 0, 0, 1, 2, 3)), created,
            active, active, given and created, True, waiting, False, active.timestamp(), active)  # fmt: skip


def messages(row, contacts):
    dice = random.Random(-row[0])
    yield row[0], row[3], row[7], sentence(dice, 30), False
    yield row[0], dice.choice(contacts), row[7] + (row[8] - row[7]) / 2, sentence(dice, 25), False
    yield row[0], row[3], row[8], sentence(dice, 15), False


def events(row, emails):
    yield row[0], row[7], "created", row[3], None, None, ""
    if row[4]:
        yield row[0], row[7], "assigned", None, None, emails[row[4]], ""


def search(connection, rows):
    texts = (
        (row[0], " ".join(words(f"{row[5]} customer {row[0]} " + sentence(random.Random(-row[0]), 30)))) for row in rows
    )
    if is_sqlite():
        write(connection, "ticket_search", ("rowid", "public", "internal"), ((n, words, words) for n, words in texts))
        return
    vectors = ((n, " ".join(f"'{word}':{place}" for place, word in enumerate(words.split(), 1))) for n, words in texts)
    write(connection, "ticket_search", ("ticket_id", "public", "internal"), ((n, v, v) for n, v in vectors))


def sentence(dice, length) -> str:
    return " ".join(dice.choices(WORDS, cum_weights=WEIGHTS, k=length))


def write(connection, table: str, columns: tuple, rows: Iterable[tuple]):
    """Write rows by the fastest way that each database has."""
    cursor = connection.connection.cursor()
    names = ", ".join(columns)
    if is_sqlite():
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", (tuple(map(plain, row)) for row in rows))
        return
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def plain(value):
    """A moment as SQLAlchemy keeps it on SQLite."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def settle():
    """What a database in use has done by itself: no pages left to write; statistics on PostgreSQL, none on SQLite."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw = connection.connection.dbapi_connection
        if is_sqlite():
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            raw.autocommit = True
            raw.execute("VACUUM ANALYZE")
