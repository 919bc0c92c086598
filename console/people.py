"""Which users an administrator manages, and what of theirs can be typed: time off, rights."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import and_, exists, or_, select
from wtforms import DateField
from wtforms.validators import InputRequired, ValidationError

from models import Contact, Team, TeamFollower, Ticket, TicketFollower, TimeOff, User
from models.company import user_companies
from models.people import INTERNAL
from models.visibility import teams_visible_to, tickets_visible_to
from web.locale import choose_timezone, language

from . import bp
from .choices import NEEDED

LONGEST = timedelta(days=366)


def managed_by(administrator):
    """A condition on User: colleagues of a shared company, and the customers among the portal users (R-VIS-8).

    A portal user belongs to no company: whoever may see a ticket of theirs may know of them.
    """
    ids = [company.id for company in administrator.companies]
    at_home = select(user_companies.c.user_id).where(user_companies.c.company_id.in_(ids))
    seen = tickets_visible_to(administrator)
    teams = select(Team.id).where(teams_visible_to(administrator))
    teams = select(TeamFollower.contact_id).where(TeamFollower.team_id.in_(teams))
    asks = exists().where(Ticket.customer_id == User.contact_id, seen)
    follows = exists().where(TicketFollower.contact_id == User.contact_id, TicketFollower.ticket_id == Ticket.id, seen)
    customers = and_(User.role == "portal", or_(asks, follows, User.contact_id.in_(teams)))
    return or_(and_(User.role.in_(INTERNAL), User.id.in_(at_home)), customers)


def matching(text: str):
    """A condition on Contact: name or address contains the text."""
    return or_(Contact.name.icontains(text, autoescape=True), Contact.email.icontains(text, autoescape=True))


class TimeOffForm(FlaskForm):
    first_day = DateField(_l("First day"), [InputRequired(NEEDED)])
    last_day = DateField(_l("Last day"), [InputRequired(NEEDED)])

    def validate_last_day(self, field):
        if self.first_day.data and field.data:
            if field.data < self.first_day.data:
                raise ValidationError(_("The last day is before the first one."))
            if field.data - self.first_day.data > LONGEST:
                raise ValidationError(_("Write at most a year at once."))

    def time_off(self, user) -> TimeOff:
        """Whole days, in the time zone of the user's first company."""
        zone = zone_of(user)
        return TimeOff(
            user=user,
            starts_at=datetime.combine(self.first_day.data, time(), zone),
            ends_at=datetime.combine(self.last_day.data + timedelta(days=1), time(), zone),
        )


def zone_of(user) -> ZoneInfo:
    return ZoneInfo(user.companies[0].timezone if user.companies else choose_timezone())


@bp.app_template_filter("days_off")
def days_off(off) -> str:
    """ "3 May 2026", or from the first to the last day; with the hours where it is no whole day."""
    zone = zone_of(off.user)
    starts, ends = off.starts_at.astimezone(zone), off.ends_at.astimezone(zone)
    if starts.time() == ends.time() == time():
        first, last = starts.date(), (ends - timedelta(days=1)).date()
        shown = [format_date(day, "long", locale=language()) for day in (first, last)]
        return shown[0] if first == last else _("%(first)s to %(last)s", first=shown[0], last=shown[1])
    shown = [f"{format_date(at, 'medium', locale=language())}, {at:%H:%M}" for at in (starts, ends)]
    return _("%(first)s to %(last)s", first=shown[0], last=shown[1])
