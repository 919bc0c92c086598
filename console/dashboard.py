"""The dashboard: a card per team."""

from flask import render_template

from models.base import now
from models.thanks import count_thanks
from models.workload import MOST_COUNTED, workloads

from . import bp, me
from .outbox import held_sms


@bp.get("/")
def dashboard():
    loads, thanks = workloads(me(), now()), count_thanks(me(), now())
    return render_template("console/dashboard.html", loads=loads, most=MOST_COUNTED, held=held_sms(), thanks=thanks)
