"""The companies of this administrator: name, time zone, working hours and holidays."""

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise

import holidays as calendars
from babel import Locale
from babel.dates import get_day_names
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from models import Company, Team, now, session
from models.access import NotVisible
from models.company import DAYS, OFFICE_HOURS
from web.locale import language

from . import administrators_only, bp, me
from .choices import NEEDED, WholeNumber, commit, refuse, taken, trim, zones

SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")


def parse_hours(text: str) -> list[list[str]]:
    """ "09:00-12:00, 13:00-17:00" as spans, in their order; ValidationError for what is none, or overlaps."""
    spans = []
    for part in filter(None, (one.strip() for one in (text or "").split(","))):
        if not (match := SPAN.fullmatch(part)):
            raise ValidationError(_("Write times like 09:00-12:00, 13:00-17:00, or nothing on a free day."))
        numbers = [int(number) for number in match.groups()]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if max(numbers[1], numbers[3]) > 59 or not 0 <= start < end <= 24 * 60:
            raise ValidationError(
                _("%(span)s is no span of a day: it ends before it begins, or after 24:00.", span=part)
            )
        spans.append((start, end))
    spans.sort()
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise ValidationError(_("Two of these spans overlap."))
    return [[f"{minutes // 60:02}:{minutes % 60:02}" for minutes in span] for span in spans]


def parse_dates(text: str) -> list[str]:
    """The dates of the lines, each once, in their order; ValidationError names the line that is none."""
    found = set()
    for line in filter(None, (one.strip() for one in re.split(r"[\n,;]", text or ""))):
        try:
            found.add(date.fromisoformat(line[:10]).isoformat())
        except ValueError:
            raise ValidationError(
                _("“%(line)s” is no date: write year-month-day, such as 2026-12-25.", line=line[:40])
            ) from None
    return sorted(found)


def hours(form, field):
    parse_hours(field.data)


class CompanyForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(NEEDED), Length(max=120)], [trim])
    timezone = SelectField(_l("Time zone"), render_kw={"data-guess-timezone": True})
    mon = StringField(validators=[Length(max=200), hours])
    tue = StringField(validators=[Length(max=200), hours])
    wed = StringField(validators=[Length(max=200), hours])
    thu = StringField(validators=[Length(max=200), hours])
    fri = StringField(validators=[Length(max=200), hours])
    sat = StringField(validators=[Length(max=200), hours])
    sun = StringField(validators=[Length(max=200), hours])
    holidays = TextAreaField(
        _l("Holidays"),
        [Length(max=20000)],
        [trim],
        description=_l("One date a line, such as 2026-12-25. These days have no working hours."),
    )
    country = SelectField(_l("Country"))
    year = WholeNumber(_l("Year"))

    def __init__(self, company=None, **kwargs):
        super().__init__(data=values(company), **kwargs)
        self.company = company
        here = company.timezone if company else None
        self.timezone.choices = [*([] if here is None or here in zones() else [here]), *zones()]
        self.country.choices = countries(language())
        for day, name in zip(DAYS, day_names(), strict=True):
            self[day].label.text = name
            self[day].flags.unmarked = True  # empty means a free day
        self.year.flags.unmarked = True

    def validate_name(self, field):
        if taken(Company.name, field.data, self.company):
            raise ValidationError(_("Another company has this name: choose another one."))

    def validate_holidays(self, field):
        parse_dates(field.data)

    def fill_holidays(self) -> int:
        """Add the public holidays of a country and year to the dates typed; returns how many are new."""
        known = set(parse_dates(self.holidays.data))
        public = calendars.country_holidays(self.country.data, years=self.year.data)
        new = {day.isoformat() for day in public if day.year == self.year.data} - known
        self.holidays.data = "\n".join(sorted(known | new))
        return len(new)


def values(company) -> dict:
    week = company.working_hours if company else OFFICE_HOURS
    spans = {day: ", ".join(f"{start}-{end}" for start, end in sorted(week.get(day, []))) for day in DAYS}
    more = (
        {"name": company.name, "timezone": company.timezone, "holidays": "\n".join(company.holidays)}
        if company
        else {"timezone": "UTC"}
    )
    return spans | more | {"year": now().year, "country": _country_of(more["timezone"])}


def _country_of(zone: str) -> str:
    """A first guess, for the field that fills holidays."""
    guesses = {
        "Europe/Paris": "FR",
        "Europe/Brussels": "BE",
        "Europe/Zurich": "CH",
        "Europe/London": "GB",
        "Europe/Berlin": "DE",
    }
    return guesses.get(zone, "CA" if zone.startswith(("America/Toronto", "America/Montreal")) else "US")


def day_names() -> list[str]:
    names = get_day_names("wide", context="stand-alone", locale=language())
    return [names[number][:1].upper() + names[number][1:] for number in range(7)]


@lru_cache(maxsize=8)
def countries(code: str) -> list[tuple[str, str]]:
    names = Locale.parse(code).territories
    found = [
        (country, names.get(country, country)) for country in calendars.list_supported_countries(include_aliases=False)
    ]
    return sorted(found, key=lambda pair: pair[1])


def my_company(id: int) -> Company:
    company = next((one for one in me().companies if one.id == id), None)
    if company is None:
        raise NotVisible
    return company


@bp.get("/companies")
@administrators_only
def companies():
    query = select(Team.company_id, func.count()).group_by(Team.company_id)
    counts = dict(session.execute(query).all())
    return render_template("console/companies.html", companies=me().companies, teams=counts)


@bp.route("/companies/new", methods=["GET", "POST"])
@administrators_only
def new_company():
    """Whoever makes a company administers it."""
    return edit(None)


@bp.route("/companies/<int:id>", methods=["GET", "POST"])
@administrators_only
def company(id):
    return edit(my_company(id))


def edit(company):
    form = CompanyForm(company)
    status = 422 if form.is_submitted() else 200
    if "fill" in request.form:
        status = fill(form)
    elif form.validate_on_submit() and save(company, form):
        flash(_("The company %(name)s is saved.", name=form.name.data), "success")
        return redirect(url_for(".companies"), 303)
    return render_template("console/company.html", form=form, company=company, days=DAYS), status


def fill(form) -> int:
    """The button beside country and year: the dates come into the field, nothing is saved yet."""
    if not form.country.validate(form) or not form.year.data or not 1990 <= form.year.data <= 2100:
        refuse(form.year, _("Choose a country, and a year from 1990 to 2100."))
        return 422
    try:
        number = form.fill_holidays()
    except ValidationError as refusal:
        refuse(form.holidays, str(refusal))
        return 422
    flash(_("%(number)s dates were added below. Look through them, then save.", number=number), "info")
    return 200


def save(company, form) -> bool:
    new = company is None
    with session.no_autoflush:
        company = company or Company()
        company.name, company.timezone = form.name.data, form.timezone.data
        company.working_hours = {day: spans for day in DAYS if (spans := parse_hours(form[day].data))}
        company.holidays = parse_dates(form.holidays.data)
        if new:
            me().companies.append(company)
            me().end_logins()  # a change of rights renews the login cookie (threat model, rule 24)
    session.add(company)
    if not commit(form.name):
        return False
    if new:
        login_user(me())
    return True
