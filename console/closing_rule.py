"""What a closing rule would do, shown beside its settings before it is saved (R-CLOSE-4)."""

from flask import render_template, request, url_for
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from models.base import now
from models.closing_rule import NEVER, UNREMINDED, WAITING, ClosingRule, Forecast
from web.respond import asked_by_htmx

from . import administrators_only, bp, me

RULE = ("stages", "to_stage", "after_days", "in_stages", "remind_days_before")
SPARED = {
    NEVER: _l("never to be closed automatically"),
    WAITING: _l("waiting for our answer"),
    UNREMINDED: _l("the reminder could not be delivered"),
}


@bp.post("/teams/<int:id>/closing/preview")
@administrators_only
def preview_closing(id):
    """The forecast for what is typed, saved or not: as a part of the settings for htmx, else the whole page."""
    from .team_settings import form_of, settings_page

    team = me().team(id)
    form = form_of(team)
    form.validate()
    if asked_by_htmx():
        return render_template("console/_forecast.html", team=team, **forecast_of(team, form))
    return settings_page(team, form, **forecast_of(team, form))


def rule_typed(team, form) -> ClosingRule | None:
    """The rule as the form says it; None while its fields cannot be understood."""
    if not form.auto_close.data or any(form[name].errors for name in RULE):
        return None
    chosen = [form.known[id] for id in form.in_stages.data]
    more = {"days": form.after_days.data, "spare_waiting": form.spare_waiting.data}
    return ClosingRule.of(team, form.chosen_stages(), form.known.get(form.to_stage.data), chosen, **more)


def forecast_of(team, form) -> dict:
    rule = rule_typed(team, form)
    forecast = rule and Forecast.made(rule, now(), team.company.timezone)
    return {
        "forecast": forecast, "rule_on": form.auto_close.data, "spared_words": SPARED,
        "backlog": request.form.get("backlog", ""), "day_name": format_date,
    }  # fmt: skip


def must_be_asked(team, form) -> bool:
    """Whether saving closes tickets at once that the saved rule leaves open, and nobody said yet how."""
    rule = rule_typed(team, form)
    if rule is None or request.form.get("backlog") in ("mail", "quiet"):
        return False
    saved = team.closing_rule
    alike = ("target", "watched", "days", "spare_waiting")
    if team.auto_close and all(getattr(rule, name) == getattr(saved, name) for name in alike):
        return False
    return Forecast.made(rule, now(), team.company.timezone).now > 0


def confirm_closing(team, form):
    """What closes at once is said, and how is asked: with mail, or without."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "backlog")]
    return render_template(
        "console/confirm_closing.html", team=team, typed=typed, back=url_for(".team_settings", id=team.id),
        **forecast_of(team, form),
    )  # fmt: skip


def keep_quiet(team):
    """What is due at this moment closes without mail, where that was chosen; the choice is made anew at each asking."""
    backlog = request.form.get("backlog")
    if backlog in ("mail", "quiet"):
        team.quiet_until = now() if backlog == "quiet" else None
