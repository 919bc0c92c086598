"""The dashboard: a card per team."""

from flask import render_template

from . import bp


@bp.get("/")
def dashboard():
    return render_template("console/dashboard.html")
