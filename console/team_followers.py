"""Who follows a team: colleagues, portal users of a public team, and anybody else by e-mail (R-VIS-4, 6)."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from wtforms import ValidationError

from models import Contact, Team, session
from models.follower import StillNeeded

from . import administrators_only, bp, me
from .choices import email_address, trim
from .pipeline import stages_known_to
from .team_forms import TeamForm
from .team_settings import possible_members, settings_page


class Typed:
    """One typed address, in the shape that a check of a form's field expects."""

    def __init__(self, data):
        self.data = data


@bp.post("/teams/<int:id>/following")
def follow_team(id):
    """Whoever sees the team follows it if they like, and stops; no administrator is needed for that."""
    team = me().team(id)
    team.add_follower(me().contact)
    session.commit()
    flash(_("You follow the team: what happens on its tickets is mailed to you."), "success")
    return redirect(url_for(".board", id=id), 303)


@bp.post("/teams/<int:id>/unfollowing")
def unfollow_team(id):
    team = me().team(id)
    try:
        team.remove_follower(me().contact)
        session.commit()
    except StillNeeded:
        session.rollback()
        flash(_("You are a member of the team: members follow it."), "warning")
        return redirect(url_for(".board", id=id), 303)
    if not me().sees(team):
        flash(_("You no longer follow the team, and no longer see it."), "success")
        return redirect(url_for(".dashboard"), 303)
    flash(_("You no longer follow the team."), "success")
    return redirect(url_for(".board", id=id), 303)


@bp.post("/teams/<int:id>/followers")
@administrators_only
def add_team_follower(id):
    team, typed = me().team(id), Typed(trim(request.form.get("email", "")))
    try:
        email_address(None, typed)
        contact = Contact.by_email(typed.data)
        may_follow(team, contact)
    except ValidationError as refusal:
        form = TeamForm(team, me().companies, stages_known_to(me()), possible_members(me()), formdata=None)
        return settings_page(team, form, email=typed.data, refusal=str(refusal)), 422
    team.add_follower(contact or Contact.get_or_create(typed.data))
    session.commit()
    flash(_("%(email)s follows the team.", email=typed.data), "success")
    return redirect(url_for(".team_settings", id=id, _anchor="followers"), 303)


def may_follow(team: Team, contact: Contact | None):
    """Somebody who may never see the team is not told of its tickets either (R-VIS-5, 8)."""
    user = contact and contact.user
    if user and user.role == "portal" and team.visibility != "public":
        raise ValidationError(_("Portal users can only follow a team that portal users may see."))
    if user and user.role != "portal" and team.company not in user.companies:
        raise ValidationError(_("This address cannot follow the team: it belongs to another company."))


@bp.post("/teams/<int:id>/followers/<int:contact>/removal")
@administrators_only
def remove_team_follower(id, contact):
    team = me().team(id)
    found = next((one for one in team.followers if one.id == contact), None)
    if found is not None:
        try:
            team.remove_follower(found)
            flash(_("%(email)s no longer follows the team.", email=found.email), "success")
        except StillNeeded:
            flash(
                _("%(email)s is a member of the team: take them out of the members first.", email=found.email), "error"
            )
    session.commit()
    return redirect(url_for(".team_settings", id=id, _anchor="followers"), 303)
