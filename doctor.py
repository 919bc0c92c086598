"""What `flask doctor` looks at. Each check yields findings: what was seen, and how to mend what is wrong."""

import os
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from itsdangerous import URLSafeSerializer
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

import preflight
from config import ConfigError
from mail.envelope import Unreachable
from mail.sms import BALANCES, Gateway
from mail.smtp import Server
from models.base import db, is_sqlite, now, session, sqlite_driver, wal_is_safe
from models.event import Event
from models.held import HELD, why_held
from models.incoming import IncomingMail
from models.outbox import Delivery
from models.stage import Stage
from web import queue

WAITS_TOO_LONG = timedelta(minutes=15)
CLOCK_MAY_DIFFER = timedelta(minutes=2)
DISK_BYTES_NEEDED = 500_000_000
PATIENCE_SECONDS = 5


@dataclass
class Finding:
    part: str
    good: bool
    what: str
    cure: str = ""


def database(app) -> Iterator[Finding]:
    try:
        session.execute(text("SELECT 1"))
        if is_sqlite():
            yield from sqlite()
        else:
            yield Finding("database", True, f"PostgreSQL {session.scalar(text('SHOW server_version'))} answers.")
        session.rollback()  # lets go of SQLite's one write lock
        with db.engine.connect() as connection:
            behind = preflight.behind(connection)
        what = "Migrations wait." if behind else "All migrations are done."
        yield Finding("migrations", not behind, what, "run: .venv/bin/flask --app wsgi db upgrade")
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding("database", False, f"It does not answer: {reason}", "start it, or correct DATABASE_URL.")
    except ConfigError as error:
        yield Finding("migrations", False, str(error), "install the newer program, or restore an older backup.")


def sqlite() -> Iterator[Finding]:
    driver = sqlite_driver()
    what = f"SQLite {driver.sqlite_version} answers, journal {session.scalar(text('PRAGMA journal_mode'))}."
    cure = "use a Python with SQLite 3.51.3 or newer: this one needs a slower journal to be safe."
    yield Finding("database", wal_is_safe(driver.sqlite_version_info), what, cure)
    damage = session.scalar(text("PRAGMA quick_check(1)"))
    yield Finding("database", damage == "ok", f"The file is whole: {damage}.", "restore the last backup.")


def doorbell(app) -> Iterator[Finding]:
    report = queue.report()
    if report is None:
        cure = "start Guichet or the Redis of REDIS_URL; until then everything is done with up to a minute's delay."
        yield Finding("queue", False, "It does not answer.", cure)
        return
    yield Finding("queue", True, f"It answers; {report['waiting']} jobs wait.")
    age = report["worker_age_seconds"]
    alive = age is not None and age < 2 * queue.HEARTBEAT_SECONDS / 3
    what = f"{report['workers']} known, last heard of {age:.0f} s ago." if alive else "None was heard of lately."
    yield Finding("worker", alive, what, "start it: bin/serve, or the unit guichet-worker.")


def mail(app) -> Iterator[Finding]:
    url = app.config["MAIL_URL"]
    if not url:
        yield Finding("mail", True, f"Without MAIL_URL, mail is kept as files under {app.config['DATA_DIR']}/mail.")
    else:
        host = urlsplit(url).hostname
        try:
            with Server(url, greeting=app.config["MAIL_DOMAIN"]) as server:
                server.greet()
            yield Finding("mail", True, f"{host} takes our mail.")
        except Unreachable as error:
            cure = "correct MAIL_URL, or see to the mail server; nothing is lost meanwhile."
            yield Finding("mail", False, f"{host} does not take it: {error}", cure)
    try:
        oldest = session.scalar(select(func.min(Delivery.due_at)).where(Delivery.state == "queued"))
        failed = session.scalar(select(func.count()).where(Delivery.state == "failed"))
        parked = session.scalar(select(func.count()).where(IncomingMail.state == "parked"))
    except SQLAlchemyError:
        return
    late = oldest is not None and now() - oldest > WAITS_TOO_LONG
    what = f"The oldest unsent mail was due at {oldest:%Y-%m-%d %H:%M} UTC." if late else "No mail is late."
    yield Finding("outbox", not late, what, "start the worker, then see the outbox in the console for the reason.")
    if parked:
        yield Finding(
            "mail", False, f"{parked} received mails found no place.", "see Mail in the console for the reason."
        )
    if failed:
        yield Finding("outbox", False, f"{failed} mails were refused for good.", "see the outbox in the console.")


def sms(app) -> Iterator[Finding]:
    url = app.config["SMS_URL"]
    try:
        used = session.scalar(select(Stage.name).where(Stage.sms_template_id.is_not(None)).limit(1))
        held = session.scalar(select(func.count()).where(HELD))
        why = held and why_held().error
    except SQLAlchemyError:
        return
    if url:
        yield gateway(Gateway(url))
    else:
        what = (
            f"The stage {used} sends SMS, and no gateway is named." if used else "No gateway is named, and none needed."
        )
        yield Finding("sms", not used, what, "set SMS_URL, or take the SMS template from the stage.")
    if held:
        yield Finding("sms", False, f"{held} are held: {why}", "mend it, then see the outbox: one button sends them.")


def gateway(way: Gateway) -> Finding:
    cure = "correct SMS_URL: docs/operating.md has examples, and the addresses of apprise are allowed."
    if not way.known():
        return Finding("sms", False, f"apprise knows no gateway {way.name}:// of that form.", cure)
    if way.name not in BALANCES:
        return Finding("sms", True, f"They go through {way.name}, which tells no balance.")
    if (balance := way.balance()) is None:
        return Finding("sms", False, f"{way.name} does not tell the balance: wrong key, or not reached.", cure)
    return Finding("sms", balance[0] > 0, f"{way.name} tells a balance of {balance[0]:.2f} {balance[1]}.", "top it up.")


def clock(app) -> Iterator[Finding]:
    cure = "set this machine's clock (and keep it right, with chrony or systemd-timesyncd)."
    try:
        latest = session.scalar(select(func.max(Event.at)))
        theirs = now() if is_sqlite() else session.scalar(text("SELECT now()")).astimezone(UTC)
    except SQLAlchemyError:
        return
    apart = abs(theirs - now())
    if apart > CLOCK_MAY_DIFFER:
        yield Finding("clock", False, f"The database's clock differs by {apart.total_seconds():.0f} s.", cure)
    elif latest and latest - now() > CLOCK_MAY_DIFFER:
        yield Finding("clock", False, f"The history reaches into the future, to {latest:%Y-%m-%d %H:%M} UTC.", cure)
    else:
        yield Finding("clock", True, f"It is {now():%Y-%m-%d %H:%M} UTC.")


def disk(app) -> Iterator[Finding]:
    folder = app.config["DATA_DIR"]
    free = shutil.disk_usage(folder).free
    cure = "free some space, or move DATA_DIR to a larger disk."
    yield Finding("disk", free > DISK_BYTES_NEEDED, f"{free / 1e9:.1f} GB are free under {folder}.", cure)
    open_to_all = os.stat(folder).st_mode & 0o007
    if open_to_all:
        yield Finding("disk", False, f"Others on this machine can read {folder}.", f"run: chmod 750 {folder}")


def links(app) -> Iterator[Finding]:
    base = app.config["BASE_URL"]
    local = urlsplit(base).hostname in ("127.0.0.1", "localhost", "::1")
    signer = URLSafeSerializer([*app.config["SECRET_KEY_FALLBACKS"], app.config["SECRET_KEY"]], salt="guichet.doctor")
    readable = signer.loads(signer.dumps(1)) == 1
    yield Finding("links", readable, "They are signed and read with the present key.", "set another SECRET_KEY.")
    if not local and not base.startswith("https://"):
        yield Finding("links", False, f"{base} is not encrypted.", "put a reverse proxy with TLS in front of it.")
    if not local and not app.config["TRUSTED_PROXIES"] and app.config["HOST"] in ("127.0.0.1", "::1", "localhost"):
        cure = "set TRUSTED_PROXIES to the reverse proxy's address, as in TRUSTED_PROXIES=127.0.0.1."
        yield Finding("links", False, "The reverse proxy is not believed: all visitors look like one.", cure)
    if local and app.config["MAIL_URL"]:
        yield Finding("links", False, f"Links in mail lead to {base}, this machine only.", "set BASE_URL.")
    try:
        with urllib.request.urlopen(f"{base}/health/live", timeout=PATIENCE_SECONDS):  # noqa: S310 - our own address
            yield Finding("links", True, f"{base} answers.")
    except (OSError, ValueError) as error:
        what = f"{base} does not answer from here: {getattr(error, 'reason', error)}"
        yield Finding("links", False, what, "start Guichet, or correct BASE_URL and the reverse proxy.")


CHECKS = (database, doorbell, mail, sms, clock, disk, links)
