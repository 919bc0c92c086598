"""The stages: their order, their words, which teams have them, and what folding one closes."""

import logging

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from models import Stage, Team, Template, Ticket, session
from models.access import NotVisible
from models.stage import STATUSES, MergedStayClosed, StageHoldsTickets, order_stages
from models.visibility import teams_visible_to
from web.redirects import safe_next
from web.respond import asked_by_htmx
from web.words import STATUS_NAMES

from . import administrators_only, bp, me
from .choices import NEEDED, MultiCheckboxField, commit, refuse, taken, trim
from .pipeline import (
    merged_stay_closed,
    shared_with_others,
    stages_known_to,
    teams_with_stages,
    tickets_by_team,
    tickets_in,
)

log = logging.getLogger(__name__)
POPUPS = {"stage": "_stage_form", "confirm_folding": "_confirm_folding"}


class StageForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(NEEDED), Length(max=80)], [trim])
    description = TextAreaField(
        _l("Description"),
        [Length(max=2000)],
        [trim],
        description=_l("Shown on the board and, to customers, in the portal."),
    )
    teams = MultiCheckboxField(_l("Teams"), coerce=int, description=_l("The teams whose pipeline has this stage."))
    takes = SelectField(_l("Their tickets go to"), coerce=int, default=0)
    folded = BooleanField(
        _l("Folded in Kanban"),
        description=_l("A ticket in a folded stage is closed. Its column is narrow on the board."),
    )
    status = RadioField(
        _l("Status of its tickets, unless it is folded"),
        choices=[(word, STATUS_NAMES[word]) for word in STATUSES],
        default="open",
    )
    email_template = SelectField(
        _l("E-mail template"),
        coerce=int,
        default=0,
        description=_l("Sent to the customer each time a ticket arrives here."),
    )
    sms_template = SelectField(_l("SMS template"), coerce=int, default=0)

    def __init__(self, stage=None, **kwargs):
        super().__init__(data=values(stage) if stage else None, **kwargs)
        self.stage = stage
        self.known_teams = {
            one.id: one for one in session.scalars(select(Team).where(teams_visible_to(me())).order_by(Team.name))
        }
        self.known_templates = {one.id: one for one in session.scalars(select(Template).order_by(Template.name))}
        self.known_stages = {one.id: one for one in stages_known_to(me())}
        self.teams.choices = [(team.id, team.name) for team in self.known_teams.values()]
        self.takes.choices = [
            (0, _l("Choose a stage")),
            *((one.id, one.name) for one in self.known_stages.values() if one is not stage),
        ]
        for field, channel in ((self.email_template, "email"), (self.sms_template, "sms")):
            fit = [(one.id, one.name) for one in self.known_templates.values() if one.channel == channel]
            field.choices = [(0, lazy_pgettext("template", "None")), *fit]
        self.leaving = []  # teams that lose the stage although tickets of theirs stand in it, and how many

    def validate_name(self, field):
        if taken(Stage.name, field.data, self.stage):
            raise ValidationError(_l("Another stage has this name: choose another one."))

    def validate_teams(self, field):
        if self.stage is None and not field.data:
            raise ValidationError(_l("Choose at least one team."))


def values(stage) -> dict:
    same = {name: getattr(stage, name) for name in ("name", "description", "folded", "status")}
    templates = {"email_template": stage.email_template_id or 0, "sms_template": stage.sms_template_id or 0}
    return same | templates | {"teams": [team.id for team in stage.teams]}


def known_stage(id: int) -> Stage:
    """The stage, if this administrator may know of it; a hidden one is as an absent one."""
    stage = next((one for one in stages_known_to(me()) if one.id == id), None)
    if stage is None:
        raise NotVisible
    return stage


@bp.get("/stages")
@administrators_only
def stages():
    known = [stage.id for stage in stages_known_to(me())]
    loaded = (selectinload(Stage.teams), joinedload(Stage.email_template), joinedload(Stage.sms_template))
    found = session.scalars(
        select(Stage).where(Stage.id.in_(known)).order_by(Stage.position, Stage.id).options(*loaded)
    ).all()
    visible = set(session.scalars(select(Team.id).where(teams_visible_to(me()))))
    where = Ticket.stage_id.in_(known), Ticket.team_id.in_(visible)
    counts = dict(session.execute(select(Ticket.stage_id, func.count()).where(*where).group_by(Ticket.stage_id)).all())
    return render_template("console/stages.html", stages=found, visible=visible, counts=counts)


@bp.post("/stages/<int:id>/place")
@administrators_only
def place_stage(id):
    """One place up or down: the twin of dragging, for keyboards and without script (R-STAGE-4)."""
    order, stage = stages_known_to(me()), known_stage(id)
    here = order.index(stage)
    there = here + {"up": -1, "down": 1}.get(request.form.get("direction"), 0)
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        order_stages(order)
    session.commit()
    return redirect(url_for(".stages", _anchor=f"stage-{id}"), 303)


@bp.route("/stages/new", methods=["GET", "POST"])
@administrators_only
def new_stage():
    """``team`` in the address is ticked already; ``after`` names the stage that the new one follows."""
    form = StageForm()
    if not form.is_submitted():
        form.teams.data = [id for id in [request.args.get("team", type=int)] if id in form.known_teams]
    if form.validate_on_submit():
        stage = Stage(name=form.name.data, position=next_place(), folded=form.folded.data)
        write(stage, form)
        stage.teams = [form.known_teams[id] for id in form.teams.data]
        session.add(stage)
        if commit(form.name):
            put_after(stage, form.known_stages.get(request.args.get("after", type=int)))
            flash(_("The stage %(stage)s is made. Drag it to its place.", stage=stage.name), "success")
            return saved(stage)
    return shown("stage", form, stage=None, shared=False)


def put_after(stage, other):
    if other is not None:
        order = [one for one in stages_known_to(me()) if one is not stage]
        order.insert(order.index(other) + 1, stage)
        order_stages(order)
        session.commit()


def saved(stage):
    """Back to where one came from: the board, or the list of stages."""
    address = safe_next(url_for(".stages", _anchor=f"stage-{stage.id}"))
    return ("", 200, {"HX-Redirect": address}) if asked_by_htmx() else redirect(address, 303)


def shown(name, form, **context):
    """The page, or for the window that a board opens the form alone."""
    popup = asked_by_htmx()
    back, address = safe_next(url_for(".stages")), url_for(request.endpoint, **request.view_args, **request.args)
    template = f"console/{POPUPS[name]}.html" if popup else f"console/{name}.html"
    refused = bool(form.errors)
    return render_template(
        template, form=form, popup=popup, back=back, address=address, **context
    ), 422 if refused else 200


def next_place() -> int:
    return session.scalar(select(func.coalesce(func.max(Stage.position), -1))) + 1


def write(stage, form):
    stage.name, stage.description, stage.status = form.name.data, form.description.data, form.status.data
    stage.email_template = form.known_templates.get(form.email_template.data)
    stage.sms_template = form.known_templates.get(form.sms_template.data)


@bp.route("/stages/<int:id>", methods=["GET", "POST"])
@administrators_only
def stage(id):
    stage = known_stage(id)
    form, shared = StageForm(stage), shared_with_others(stage, me())
    if form.validate_on_submit():
        turned = form.folded.data != stage.folded
        if turned and shared:
            refuse(
                form.folded,
                _("Teams of another company work with this stage: folding it would close tickets of theirs."),
            )
        elif turned and "confirmed" not in request.form and stage.ticket_count():
            return confirm_folding(stage, form)
        elif change(stage, form) and commit(form.name):
            return saved(stage)
        stage = known_stage(id)
    return shown("stage", form, stage=stage, shared=shared)


def confirm_folding(stage, form):
    """R-STAGE-2: how many tickets are closed or reopened is said before it is saved."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    folding = form.folded.data
    counts = tickets_by_team(stage, merged=folding)  # what is merged is not reopened
    count = sum(counts.values())
    teams = [(team, counts[team.id]) for team in teams_with_stages(stage) if team.id in counts]
    return shown(
        "confirm_folding", form, stage=stage, folding=folding, count=count, teams=teams,
        merged=stage.ticket_count() - count, typed=typed,
    )  # fmt: skip


def change(stage, form) -> bool:
    """Bring the stage to what the form says; False, with the reason at its field, when the rules refuse."""
    with session.no_autoflush:
        write(stage, form)
    if not change_teams(stage, form):
        session.rollback()
        return False
    try:
        moved = stage.fold(form.folded.data, by=me().contact)
    except MergedStayClosed as team:
        session.rollback()
        refuse(form.folded, merged_stay_closed(team))
        return False
    said = _("The stage %(stage)s is saved.", stage=stage.name)
    if moved and stage.folded:
        said += " " + ngettext("%(num)s ticket was closed.", "%(num)s tickets were closed.", moved)
    elif moved:
        said += " " + ngettext("%(num)s ticket was reopened.", "%(num)s tickets were reopened.", moved)
    if moved:
        log.info(
            "user %s %s stage %s with %s tickets", me().id, "folded" if stage.folded else "unfolded", stage.id, moved
        )
    flash(said, "success")
    return True


def change_teams(stage, form) -> bool:
    """Teams of other companies stay as they are; a team gives the stage up only as R-STAGE-6 allows."""
    chosen = [form.known_teams[id] for id in form.teams.data]
    stage.teams.extend(team for team in chosen if team not in stage.teams)
    leaving = [team for team in stage.teams if team.id in form.known_teams and team not in chosen]
    if stuck := [team for team in leaving if len(team.stages) == 1]:
        refuse(
            form.teams,
            _(
                "%(stage)s is the only stage of %(team)s: a team has at least one.",
                stage=stage.name,
                team=stuck[0].name,
            ),
        )
        return False
    takes = form.known_stages.get(form.takes.data)
    form.leaving = [(team, count) for team in leaving if (count := tickets_in(team, [stage]).get(stage.id))]
    try:
        for team in leaving:
            team.remove_stage(stage, takes=takes, by=me().contact)
    except MergedStayClosed as last:
        refuse(form.takes, merged_stay_closed(last))
        return False
    except StageHoldsTickets:
        refuse(form.takes, _("Tickets stand in this stage: choose a stage of the same team that takes them."))
        return False
    return True


@bp.route("/stages/<int:id>/deletion", methods=["GET", "POST"])
@administrators_only
def delete_stage(id):
    stage = known_stage(id)
    teams, counts = teams_with_stages(stage), tickets_by_team(stage)
    holding = [(team, counts[team.id]) for team in teams if team.id in counts]
    refusal, status = why_not_deleted(stage), 200
    if request.method == "POST" and not refusal:
        refusal = delete(stage, request.form.get("takes", 0, type=int))
        if not refusal:
            flash(_("The stage is deleted."), "success")
            return redirect(url_for(".stages"), 303)
        stage = known_stage(id)
        status = 422
    elif request.method == "POST":
        status = 422
    others = [
        one for one in stages_known_to(me()) if one is not stage and all(one in team.stages for team, _n in holding)
    ]
    return render_template(
        "console/delete_stage.html", stage=stage, holding=holding, others=others, refusal=refusal,
        stuck=why_not_deleted(stage),
    ), status  # fmt: skip


def why_not_deleted(stage) -> str:
    if shared_with_others(stage, me()):
        return _("Teams of another company work with this stage. It can be taken out of your own teams instead.")
    if last := next((team for team in stage.teams if len(team.stages) == 1), None):
        return _("%(stage)s is the only stage of %(team)s: a team has at least one.", stage=stage.name, team=last.name)
    return ""


def delete(stage, takes: int) -> str:
    """Delete the stage; what is left to say when that is refused."""
    taker = next((one for one in stages_known_to(me()) if one.id == takes), None)
    try:
        stage.delete(takes=taker, by=me().contact)
    except MergedStayClosed as last:
        session.rollback()
        return merged_stay_closed(last)
    except (StageHoldsTickets, IntegrityError):  # a ticket may have come a moment ago
        session.rollback()
        return _("Choose the stage that takes the tickets.")
    session.commit()
    log.info("user %s deleted stage %s", me().id, stage)
    return ""
