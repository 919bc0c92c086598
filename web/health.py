"""For orchestrators and Prometheus. Strangers learn whether the server answers, and nothing else (rule 74)."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, current_app, jsonify, request
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from models.base import session

from . import queue
from .trust import networks, within

bp = Blueprint("health", __name__)


def trusted() -> bool:
    """Whether a monitor asks. Behind a proxy that TRUSTED_PROXIES does not name, everybody has the proxy's address."""
    if request.environ.get("guichet.unknown_proxy"):
        return False
    return within(request.remote_addr, networks(current_app.config.get("TRUSTED_MONITORS")))


@bp.get("/health/live")
def live():
    return jsonify(live=True)


@bp.get("/health/ready")
def ready():
    """200 when the database answers and its schema is this program's; the queue is told but not needed."""
    checks = {"database": _database(), "migrations": _migrations()}
    good = all(checks.values())
    if trusted():
        checks["queue"] = queue.report() is not None
        return jsonify(ready=good, **checks), 200 if good else 503
    return jsonify(ready=good), 200 if good else 503


@bp.get("/metrics")
def metrics():
    if not trusted():
        abort(404)
    lines = []
    for name, (help_text, samples) in _measurements().items():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
        lines += [f"{name}{labels} {value}" for labels, value in samples]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _database() -> bool:
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        session.rollback()
        return False
    return True


def _migrations() -> bool:
    """Whether the newest migration has been run; where the program brings none, the schema is taken as it is."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    known = current_app.extensions.get("migrate")
    try:
        newest = set(ScriptDirectory(known.directory).get_heads()) if known else set()
        present = set(MigrationContext.configure(session.connection()).get_current_heads())
    except Exception:  # whatever is wrong with the database or the folder: not ready
        return False
    return present == newest


def _measurements() -> dict:
    from models.incoming import IncomingMail
    from models.outbox import Delivery
    from models.stage import Stage
    from models.ticket import Ticket

    moment = datetime.now(UTC)
    states = (Stage.folded, Stage.status)
    by_status = session.execute(
        select(*states, func.count()).join(Ticket, Ticket.stage_id == Stage.id).group_by(*states)
    )
    tickets = {}
    for folded, status, count in by_status:
        word = "closed" if folded else status
        tickets[word] = tickets.get(word, 0) + count
    mails = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all()
    waiting = IncomingMail.state.in_(("received", "parked", "quarantined"))
    arrived = session.execute(
        select(IncomingMail.state, func.count()).where(waiting).group_by(IncomingMail.state)
    ).all()
    oldest = session.scalar(select(func.min(Delivery.created_at)).where(Delivery.state == "queued"))
    return {
        "guichet_tickets": ("Tickets by status.", [(f'{{status="{k}"}}', v) for k, v in sorted(tickets.items())]),
        "guichet_deliveries": ("Mails and SMS by state.", [(f'{{state="{state}"}}', count) for state, count in mails]),
        "guichet_incoming_mails": (
            "Mails that wait to be read, or for somebody to decide.",
            [(f'{{state="{state}"}}', count) for state, count in arrived],
        ),
        "guichet_oldest_unsent_seconds": (
            "Age of the oldest mail that waits to be sent.",
            [("", round((moment - oldest).total_seconds(), 1) if oldest else 0)],
        ),
    } | _queue_measurements()


def _queue_measurements() -> dict:
    report = queue.report()
    found = {"guichet_queue_up": ("1 when the queue answers.", [("", int(report is not None))])}
    if report:
        found["guichet_workers"] = ("Workers that the queue knows.", [("", report["workers"])])
    if report and report["worker_age_seconds"] is not None:
        age = round(report["worker_age_seconds"], 1)
        found["guichet_worker_age_seconds"] = ("Seconds since a worker was last heard of.", [("", age)])
    return found
