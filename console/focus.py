"""Of several companies, the one that is shown now: a choice that narrows pages and touches no right."""

from flask import request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from web.redirects import safe_next
from web.respond import respond

from . import bp, me


@bp.post("/focus")
def choose_company():
    """``company`` is the id of one of mine; anything else shows all of them."""
    wanted = request.form.get("company", type=int)
    company = next((one for one in me().companies if one.id == wanted), None)
    cookie["company"] = company and company.id
    said = _("You now see %(company)s.", company=company) if company else _("You now see all your companies.")
    return respond("_said.html", back=safe_next(url_for("console.dashboard")), message=said)


@bp.before_request
def look_at_the_chosen_company():
    chosen = cookie.get("company")
    if chosen and me().is_authenticated:
        me().focus = next((one.id for one in me().companies if one.id == chosen), None)
