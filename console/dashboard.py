"""The dashboard: a card per team."""

from flask import render_template

from models.base import now
from models.workload import MOST_COUNTED, workloads

from . import bp, me
from .outbox import held_sms


@bp.get("/")
def dashboard():
    return render_template("console/dashboard.html", loads=workloads(me(), now()), most=MOST_COUNTED, held=held_sms())
