"""Configuring teams: the list, a new one, and all settings of one on one page."""

import logging

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from models import Contact, Team, TeamAddress, TeamFollower, TeamMember, Ticket, User, make_team, session
from models.audience import losing_access
from models.company import user_companies
from models.people import INTERNAL
from models.setting_change import history_of, note_changes, settings_of
from models.stage import MergedStayClosed, StageHoldsTickets
from models.team import NotAllowedMember, TeamHasTickets
from models.visibility import teams_visible_to
from web.locale import language

from . import administrators_only, bp, me
from .audience import WAYS, WAYS_TO_TEAM
from .choices import commit, refuse, slug_of, taken
from .closing_rule import confirm_closing, keep_quiet, must_be_asked
from .pipeline import merged_stay_closed, stages_known_to, tickets_in
from .setting_words import SETTINGS, value_told
from .team_forms import NewTeamForm, TeamForm

log = logging.getLogger(__name__)


@bp.get("/teams")
@administrators_only
def teams():
    query = select(Team).where(teams_visible_to(me())).options(joinedload(Team.company)).order_by(Team.name, Team.id)
    members = select(TeamMember.team_id, func.count()).group_by(TeamMember.team_id)
    counts = dict(session.execute(members).all())
    return render_template("console/teams.html", teams=session.scalars(query).all(), members=counts, told=value_told)


@bp.route("/teams/new", methods=["GET", "POST"])
@administrators_only
def new_team():
    form = NewTeamForm(me().companies)
    if form.is_submitted() and not form.slug.data:
        form.slug.process_data(slug_of(form.name.data or ""))
    if form.validate_on_submit():
        home = company_chosen(form)
        team = make_team(
            form.name.data, form.slug.data, home, language=language(),
            description=form.description.data, visibility=form.visibility.data,
            **({} if address_is_free(form.slug.data) else {"address": None}),
        )  # fmt: skip
        if commit(form.slug):
            flash(
                _("The team %(team)s is made. Here is how it works; change what you like.", team=team.name), "success"
            )
            return redirect(url_for(".team_settings", id=team.id), 303)
    return render_template("console/new_team.html", form=form), 422 if form.is_submitted() else 200


def company_chosen(form):
    return next(company for company in me().companies if company.id == form.company.data)


def address_is_free(slug: str) -> bool:
    """Another team may hold the address that one of this short name would get: it had the name before, or took it as a
    further one."""
    address = f"{slug}@{current_app.config['MAIL_DOMAIN']}"
    return not taken(Team.address, address) and not taken(TeamAddress.address, address)


@bp.route("/teams/<int:id>/settings", methods=["GET", "POST"])
@administrators_only
def team_settings(id):
    team = me().team(id, joinedload(Team.company), joinedload(Team.auto_close_stage))
    form = form_of(team)
    if form.validate_on_submit():
        losing = losing_access(team, form.visibility.data, company_chosen(form))
        if (losing.count or team.visibility == "public" != form.visibility.data) and "confirmed" not in request.form:
            return confirm_visibility(team, form, losing)
        if must_be_asked(team, form):
            return confirm_closing(team, form)
        before = settings_of(team)
        if change(team, form):
            keep_quiet(team)
            changes = note_changes(team, before, by=me().contact)
            if commit(form.slug):
                flash(summary(changes), "success")
                return redirect(url_for(".team_settings", id=id), 303)
    return settings_page(team, form), 422 if form.is_submitted() else 200


def form_of(team) -> TeamForm:
    return TeamForm(team, me().companies, stages_known_to(me()), possible_members(me()))


def settings_page(team, form, email="", refusal="", **forecast):
    losing = len(team.portal_followers()) if team.visibility == "public" else 0
    return render_template(
        "console/team_settings.html", team=team, form=form, followers=followers_of(team), losing=losing,
        email=email, refusal=refusal, history=history_of(team), names=SETTINGS,
        told=value_told, **{"forecast": None, **forecast},
    )  # fmt: skip


def confirm_visibility(team, form, losing):
    """Who will lose access is said by name, and how many portal users R-VIS-5 removes, before it is saved."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return render_template(
        "console/confirm_visibility.html", team=team, losing=losing, visibility=form.visibility.data, typed=typed,
        portal=len(team.portal_followers()), back=url_for(".team_settings", id=team.id), ways=WAYS | WAYS_TO_TEAM,
        company=company_chosen(form),
    )  # fmt: skip


def summary(changes) -> str:
    """What was changed, by the names that the settings have on the page."""
    if not changes:
        return _("Nothing was changed.")
    return _("Saved: %(settings)s.", settings=", ".join(str(SETTINGS[change.setting]) for change in changes))


def possible_members(user) -> list[User]:
    """Who can be given tickets in the companies of this administrator."""
    at_home = select(user_companies.c.user_id).where(
        user_companies.c.company_id.in_([one.id for one in user.companies])
    )
    able = User.active & User.takes_tickets & User.role.in_(INTERNAL) & User.id.in_(at_home)
    return list(session.scalars(select(User).join(Contact).where(able).order_by(Contact.name, Contact.email)))


def followers_of(team) -> list:
    """Contact, role and whether a member, of everybody who follows the team."""
    members = select(TeamMember.user_id).where(TeamMember.team_id == team.id)
    query = (
        select(Contact, User.role, User.id.in_(members).label("member"))
        .join(TeamFollower, TeamFollower.contact_id == Contact.id)
        .outerjoin(User, User.contact_id == Contact.id)
        .where(TeamFollower.team_id == team.id)
    )
    return session.execute(query.order_by(Contact.email)).all()


def change(team, form) -> bool:
    """Bring the team to what the form says; False, with the reason at its field, when the rules refuse."""
    before = team.visibility
    plain = (
        "name", "slug", "description", "active", "follow_conversation", "auto_close", "spare_waiting",
        "remind_days_before", "closure_by_customers", "reopen_days", "ask_rating", "publish_ratings",
    )  # fmt: skip
    with session.no_autoflush:
        for name in plain:
            setattr(team, name, getattr(form, name).data)
        team.company = company_chosen(form)
        team.address, team.auto_assign = form.address.data or None, form.auto_assign.data or None
        team.auto_close_days = form.after_days.data
    if not change_pipeline(team, form) or not change_members(team, form):
        session.rollback()
        return False
    team.auto_close_stage = form.known.get(form.to_stage.data)
    team.auto_close_in = [form.known[id] for id in form.in_stages.data]
    lost = team.change_visibility(form.visibility.data)
    if team.visibility != before:
        log.info("user %s changed the visibility of team %s from %s to %s", me().id, team.id, before, team.visibility)
        if lost:
            said = "%(num)s portal user was removed as a follower.", "%(num)s portal users were removed as followers."
            flash(ngettext(*said, lost), "info")
    return True


def change_pipeline(team, form) -> bool:
    """R-STAGE-6: a stage goes only when another one of the team takes its tickets."""
    wanted, takes = form.chosen_stages(), form.known.get(form.takes.data)
    leaving = [stage for stage in team.stages if stage not in wanted]
    holding = tickets_in(team, leaving)
    if holding and (takes is None or takes not in wanted):
        form.leaving = [(stage, holding[stage.id]) for stage in leaving if stage.id in holding]
        refuse(form.takes, _("Tickets stand in a stage that goes: choose the one that takes them."))
        return False
    team.stages.extend(stage for stage in wanted if stage not in team.stages)
    try:
        for stage in leaving:
            team.remove_stage(stage, takes=takes, by=me().contact)
    except MergedStayClosed as last:
        refuse(form.takes, merged_stay_closed(last))
        return False
    except StageHoldsTickets:
        refuse(form.takes, _("Tickets came in meanwhile: choose the stage that takes them."))
        return False
    team.set_stages(wanted)
    return True


def change_members(team, form) -> bool:
    try:
        team.set_members([form.people[id] for id in form.members.data])
    except NotAllowedMember as refusal:
        refuse(form.members, _("%(email)s does not belong to the team's company.", email=refusal))
        return False
    return True


@bp.route("/teams/<int:id>/deletion", methods=["GET", "POST"])
@administrators_only
def delete_team(id):
    team = me().team(id)
    tickets = session.scalar(select(func.count()).where(Ticket.team_id == team.id))
    if request.method == "GET":
        return render_template("console/delete_team.html", team=team, tickets=tickets)
    try:
        team.delete()
    except TeamHasTickets:
        return render_template("console/delete_team.html", team=team, tickets=tickets), 422
    session.commit()
    log.info("user %s deleted team %s", me().id, id)
    flash(_("The team is deleted."), "success")
    return redirect(url_for(".teams"), 303)
