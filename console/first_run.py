"""The first page of an empty database: it makes the administrator and the first team, then is gone."""

from flask import abort, current_app, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import login_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from models import founding, session
from web.extensions import limiter
from web.locale import language

from . import bp, me
from .choices import LANGUAGE_CHOICES, NEEDED, email_address, slug_of, strong_password, trim, well_formed_slug, zones


class FirstRunForm(FlaskForm):
    company = StringField(_l("Company"), [DataRequired(NEEDED), Length(max=120)], [trim])
    timezone = SelectField(
        _l("Time zone"),
        render_kw={"data-guess-timezone": True},
        description=_l("Working hours and the times on every page of the console are in this zone."),
    )
    language = SelectField(_l("Your language"), choices=LANGUAGE_CHOICES)
    name = StringField(_l("Your name"), [DataRequired(NEEDED), Length(max=120)], [trim])
    email = StringField(_l("Your e-mail address"), [DataRequired(NEEDED), email_address], [trim])
    password = PasswordField(
        _l("Password"), [DataRequired(NEEDED), strong_password], description=_l("At least 8 characters.")
    )
    team = StringField(
        _l("First team"), [DataRequired(NEEDED), Length(max=120)], [trim], description=_l("Such as Support or Billing.")
    )
    slug = StringField(
        _l("Address of its public form"), [Optional(), Length(max=60), well_formed_slug], [trim],
        description=_l("The last part of the address. Left empty, it is made from the team's name."),
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.timezone.choices = list(zones())
        if self.is_submitted() and self.team.data and not self.slug.data:
            self.slug.process_data(slug_of(self.team.data) or "support")


@limiter.limit("20/minute", methods=["POST"])
def first_run():
    if founding.founded():
        abort(404)
    form = FirstRunForm(data={"timezone": _zone(), "language": language()})
    if not form.validate_on_submit():
        return render_template("console/first_run.html", form=form), 422 if form.is_submitted() else 200
    try:
        user, team = _found(form)
    except founding.AlreadyFounded:
        abort(404)
    session.commit()
    current_app.logger.info("first run: user %s administers company %s", user.id, team.company_id)
    login_user(user)
    return redirect(url_for("console.dashboard", welcome=team.id), 303)


def _found(form):
    return founding.found(
        company={"name": form.company.data, "timezone": form.timezone.data},
        administrator={"email": form.email.data, "name": form.name.data, "language": form.language.data},
        password=form.password.data,
        team={"name": form.team.data, "slug": form.slug.data},
    )


def _zone() -> str:
    zone = current_app.config["TIMEZONE"]
    return zone if zone in zones() else "UTC"


first_run.permission = "anyone"


@bp.record
def outside_the_console(state):
    state.app.add_url_rule("/setup", "console.first_run", first_run, methods=["GET", "POST"])


@bp.context_processor
def welcome():
    """On the dashboard right after the first run: the new team, for the words on what to do next."""
    id = request.args.get("welcome", type=int)
    if request.endpoint != "console.dashboard" or not id or not me().administrator:
        return {}
    return {"welcome_team": me().team(id)}
