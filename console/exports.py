"""A list as a CSV file (RFC 4180), for spreadsheets: all that it shows on all of its pages, written as it is read."""

import csv
import io
from datetime import UTC

from flask import request, stream_with_context
from flask_babel import gettext as _

from models.base import now
from models.candidates import all_of
from models.filters import Filters
from models.listing import rows_of
from web.words import iso, priority_name, status_name

from . import bp, me

CHUNK = 500
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes the file for Latin-1
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@bp.get("/tickets/export")
def export():
    """What the filters of the address ask for, or the tickets of these numbers: ``?ticket=7&ticket=8``."""
    chosen = [number for number in request.args.getlist("ticket", type=int) if 0 < number < 2**31]
    ids = chosen if "ticket" in request.args else all_of(me(), Filters.read(request.args))
    name = f"tickets-{now().astimezone(UTC):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return stream_with_context(written(me(), ids)), 200, {"Content-Type": "text/csv; charset=utf-8", **headers}


def written(user, ids):
    """The lines of the file, piece by piece; of these tickets those that the user may see."""
    yield BYTE_ORDER_MARK + _lines([_head()])
    for start in range(0, len(ids), CHUNK):
        yield _lines(_cells(row) for row in rows_of(user, ids[start : start + CHUNK]))


def _lines(rows) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([harmless(cell) for cell in row] for row in rows)
    return written.getvalue()


def harmless(cell) -> str:
    """A spreadsheet must not take what somebody wrote for a formula (threat model, rule 40)."""
    text = str(cell).replace("\0", "")
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def _head():
    return (_("No."), _("Subject"), _("Team"), _("Stage"), _("Status"), _("Priority"), _("Customer"),
            _("Customer's address"), _("Assignee"), _("Tags"), _("Opened"), _("Last activity"),
            _("Waiting for us since"))  # fmt: skip


def _cells(row):
    return (row.number, row.subject, row.team, row.stage, status_name(row.status), priority_name(row.priority),
            row.customer, row.customer.email, row.assignee or "", ", ".join(row.tags), iso(row.created_at),
            iso(row.last_activity_at), iso(row.waiting_since) if row.waiting_since else "")  # fmt: skip
