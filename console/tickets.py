"""One ticket: the page, a new one for a customer, and its properties."""

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice
from wtforms.validators import StopValidation

from models import open_ticket, session
from models.attachment import TooLarge
from models.people import Contact

from . import bp, me
from .assignments import assignee_named
from .colleagues import colleagues
from .forms import NewTicketForm, key_of, uploads
from .ticket_page import SHOWN, address_of, changed, edit_form, refused, render


@bp.get("/tickets/<int:number>")
def ticket(number):
    ticket = me().ticket(number, *SHOWN)
    if ticket.merged_into_id and "own" not in request.args and me().sees(ticket.stays):
        return redirect(address_of(ticket.stays), 303)
    g.timezone = ticket.team.company.timezone
    return render(ticket)


@bp.post("/tickets/<int:number>/edit")
def edit(number):
    ticket = me().ticket(number)
    form = edit_form(ticket, request.form)
    if not form.validate():
        return refused(number, edit=_whole_form(ticket, form))
    given = {field.name: field.data for field in form if field.name != "csrf_token"}
    if "tags" in given:
        given["tags"] = given["tags"].split(",")
    if "team" in given:
        given["team"] = me().team(given["team"]) if given["team"] != ticket.team_id else None
    ticket.edit(me().contact, **given)
    session.commit()
    if not me().sees(ticket):
        flash(_("The ticket now belongs to a team that you do not see."), "success")
        return redirect(url_for("console.tickets"), 303)
    return changed(number, _("Saved."))


def _whole_form(ticket, form):
    """The refused form with every field: what was sent as typed, the rest as it stands."""
    whole = edit_form(ticket)
    for field in form:
        if field.name != "csrf_token":
            whole[field.name].data, whole[field.name].errors = field.data, field.errors
            whole[field.name].raw_data = field.raw_data
    return whole


@bp.route("/tickets/new", methods=["GET", "POST"])
def new_ticket():
    form = NewTicketForm()
    teams = {team.id: team for team in me().teams()}
    form.team.choices = [SelectChoice(team.id, team.name) for team in teams.values()]
    team = (
        teams.get(form.team.data) or teams.get(request.args.get("team", type=int)) or next(iter(teams.values()), None)
    )
    if not form.is_submitted() and team:
        form.team.data = team.id
        form.email.data = form.email.data or request.args.get("email", "")[:254]
    if form.validate_on_submit() and (made := _open(form, team)):
        return redirect(address_of(made), 303)
    people = colleagues(me())
    return render_template(
        "console/new_ticket.html", form=form, teams=teams, people=people
    ), 422 if form.is_submitted() else 200


def _open(form, team):
    """The new ticket, or None after a refusal that stands at its field."""
    try:
        user = assignee_named(form.assignee.data, team)
    except StopValidation as refusal:
        form.assignee.errors = [str(refusal)]
        return None
    try:
        customer = Contact.get_or_create(form.email.data, form.name.data or "")
        ticket = open_ticket(
            team, customer, form.subject.data, form.description.data,
            by=me().contact, attachments=uploads(form.attachments), key=key_of(form),
            stage=team.open_stage(request.args.get("stage", 0, type=int)),
        )  # fmt: skip
    except TooLarge as refusal:
        session.rollback()
        form.attachments.errors = [_("%(name)s is too large.", name=refusal)]
        return None
    if form.priority.data:
        ticket.edit(me().contact, priority=form.priority.data)
    if user:
        ticket.assign_to(user, by=me().contact)
    session.commit()
    flash(_("Ticket %(number)s is open.", number=ticket.id), "success")
    return ticket
