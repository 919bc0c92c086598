"""What can be typed about a team. The fields are called as in the interchange file."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from models import Stage, Team, TeamAddress

from .choices import NEEDED, MultiCheckboxField, WholeNumber, email_address, taken, trim, well_formed_slug, within

VISIBILITY = [
    ("private", _l("Invited internal users: only who follows the team or a ticket of it")),
    ("company", _l("All internal users of the company")),
    ("public", _l("All internal users, and portal users for the tickets that they follow")),
]
METHOD = [
    ("", _l("By hand")),
    ("equal_total", _l("Equal number of tickets: whoever was given the fewest in all")),
    ("equal_open", _l("Equal number of open tickets: whoever has the fewest open ones now")),
]
SLUG_HELP = _l("The last part of the public form's address. Mailed or printed addresses stop working when it changes.")
PUBLIC_HELP = _l("Public: it stands on the public form.")


def optional_address(form, field):
    if field.data:
        email_address(form, field)


class NewTeamForm(FlaskForm):
    name = StringField(
        _l("Name"), [DataRequired(NEEDED), Length(max=120)], [trim],
        description=_l("What customers read on the form and in mails."),
    )  # fmt: skip
    slug = StringField(
        _l("Short name in addresses"),
        [DataRequired(NEEDED), Length(max=60), well_formed_slug],
        [trim],
        description=SLUG_HELP,
    )
    company = SelectField(
        _l("Company"),
        coerce=int,
        description=_l("Its time zone, working hours and holidays hold for the team; only its people can be members."),
    )
    description = TextAreaField(_l("Description"), [Length(max=5000)], [trim], description=PUBLIC_HELP)
    visibility = RadioField(
        _l("Who sees the team and its tickets"), choices=VISIBILITY, default="company",
        description=_l("Administrators of the company always see all. The link in a customer's mail always works."),
    )  # fmt: skip

    def __init__(self, companies, team=None, **kwargs):
        super().__init__(**kwargs)
        self.team = team
        self.company.choices = [(company.id, company.name) for company in companies]

    def validate_slug(self, field):
        if taken(Team.slug, field.data, self.team):
            raise ValidationError(_l("Another team has this short name: choose another one."))


class TeamForm(NewTeamForm):
    active = BooleanField(
        lazy_pgettext("team", "Active"),
        description=_l("An inactive team has no public form and gets no new tickets."),
    )
    address = StringField(
        _l("E-mail address"), [optional_address, Length(max=254)], [trim],
        description=_l("Mails of this team come from here; what is sent here becomes a ticket."),
    )  # fmt: skip
    auto_assign = RadioField(
        _l("New tickets are assigned"), choices=METHOD,
        description=_l("Who is on time off is passed over. Outside working hours, whoever is back first is chosen."),
    )  # fmt: skip
    members = MultiCheckboxField(
        _l("Members"), coerce=int,
        description=_l("Who is given tickets. With nobody ticked, everybody who takes tickets and sees the team."),
    )  # fmt: skip
    stages = MultiCheckboxField(
        _l("Stages of this team"),
        coerce=int,
        description=_l("The columns of its board. New tickets start in the first."),
    )
    takes = SelectField(
        _l("Their tickets go to"), coerce=int, default=0, description=_l("Nobody is mailed about this move.")
    )
    follow_conversation = BooleanField(
        _l("Follow the conversation"),
        description=_l(
            "Our answer moves a ticket to the first answered stage, the customer's message back to the first open one."
        ),
    )
    auto_close = BooleanField(
        _l("Close tickets without activity automatically"), description=_l("Looked at every minute, day and night.")
    )
    to_stage = SelectField(
        _l("Move to stage"), coerce=int, description=_l("A folded stage closes the ticket and may mail the customer.")
    )
    after_days = WholeNumber(
        _l("After days of inactivity"),
        [InputRequired(NEEDED), within(1, 3650)],
        description=_l("A day is 24 hours since the last activity."),
    )
    in_stages = MultiCheckboxField(
        _l("In stages"), coerce=int, description=_l("With none ticked, in every stage that is not folded.")
    )
    spare_waiting = BooleanField(
        _l("Except tickets that wait for our answer"),
        description=_l("Where the customer wrote last, the ticket stays open and is listed as forgotten."),
    )
    remind_days_before = WholeNumber(
        _l("Remind the customer, days before"), [Optional(), within(1, 3649)],
        description=_l("Left empty, nobody is reminded. Any activity cancels the closing."),
    )  # fmt: skip
    closure_by_customers = BooleanField(
        _l("Customers may close their tickets"), description=_l("Their page shows Close ticket.")
    )
    reopen_days = WholeNumber(
        _l("Reopening window in days"), [InputRequired(NEEDED), within(0, 3650)],
        description=_l("A message to a closed ticket reopens it for so long; later it opens a follow-up ticket."),
    )  # fmt: skip
    ask_rating = BooleanField(
        _l("Ask for a rating"), description=_l("Once after each closing, never after an automatic one.")
    )
    publish_ratings = BooleanField(
        _l("Publish the ratings"),
        description=_l("Portal users see the shares of the last 30 days, never the comments."),
    )

    def __init__(self, team, companies, stages, members, **kwargs):
        super().__init__(companies, team, data=values(team), **kwargs)
        names = [(stage.id, stage.name) for stage in stages]
        self.known = {stage.id: stage for stage in stages}
        self.people = {user.id: user for user in members}
        self.members.choices = [(user.id, user.name or user.email) for user in members]
        self.stages.choices = names
        offered = set(self.stages.data or []) | {stage.id for stage in team.stages}  # those typed now, and those kept
        self.in_stages.choices = [(id, name) for id, name in names if id in offered and not self.known[id].folded]
        self.takes.choices = [(0, _l("Choose a stage")), *names]
        self.to_stage.choices = [(0, default_words(team)), *((id, name) for id, name in names if id in offered)]
        self.leaving = []  # the stages that go although tickets stand in them: the form then asks what takes these

    def validate_address(self, field):
        if field.data and (taken(Team.address, field.data, self.team) or taken(TeamAddress.address, field.data, None)):
            raise ValidationError(_l("Another team has this address: choose another one."))

    def validate_stages(self, field):
        if not field.data:
            raise ValidationError(_l("A team has at least one stage."))

    def validate_to_stage(self, field):
        if field.data and field.data not in self.stages.data:
            raise ValidationError(_l("This stage is not one of the team's."))
        if field.data and field.data in self.in_stages.data:
            raise ValidationError(
                _l("Tickets cannot move from this stage to itself: choose another one, or take it out of “In stages”.")
            )

    def validate_in_stages(self, field):
        if set(field.data) - set(self.stages.data):
            raise ValidationError(_l("Only stages of this team can be chosen."))

    def validate_remind_days_before(self, field):
        if field.data and not self.after_days.errors and field.data >= self.after_days.data:
            raise ValidationError(_l("The reminder comes before the closing: write fewer days than above."))

    def chosen_stages(self) -> list[Stage]:
        return [self.known[id] for id in self.stages.data]


def values(team: Team) -> dict:
    """The team as the form shows it."""
    same = (
        "name", "slug", "description", "active", "address", "visibility", "follow_conversation", "auto_close",
        "spare_waiting", "remind_days_before", "closure_by_customers", "reopen_days", "ask_rating", "publish_ratings",
    )  # fmt: skip
    return {name: getattr(team, name) for name in same} | {
        "company": team.company_id,
        "auto_assign": team.auto_assign or "",
        "members": [one.user_id for one in team.memberships],
        "stages": [stage.id for stage in team.stages],
        "to_stage": team.auto_close_stage_id or 0,
        "after_days": team.auto_close_days,
        "in_stages": [stage.id for stage in team.auto_close_in],
    }


def default_words(team):
    return _l("%(stage)s (the default: the first folded stage, else the last one)", stage=team.closing_stage.name)
