"""The words of automatic mails and SMS, in each language: which there are, who sends them, and their pages."""

import json

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from models import Stage, Template, session
from models.access import NotVisible
from models.template import CHANNELS
from models.templates_shipped import IN_FRENCH, INACTIVITY, NAMES, REMINDER
from web.respond import asked_by_htmx

from . import administrators_only, bp, me
from .choices import commit
from .pipeline import stages_known_to
from .template_form import TemplateForm
from .template_preview import placeholders_offered, previews, send_test

CHANNEL_NAMES = {"email": _l("E-mail"), "sms": _l("SMS")}
RULES = {REMINDER: _l("the reminder before closing"), INACTIVITY: _l("automatic closing, in place of a rating request")}
RULES |= {IN_FRENCH[name]: words for name, words in RULES.items()}
CHOOSERS = ("email_template", "sms_template")  # fields of the stage form that a template can be made for on the spot


def known_template(id: int) -> Template:
    template = session.get(Template, id) if id < 2**31 else None
    if template is None:
        raise NotVisible
    return template


@bp.get("/templates")
@administrators_only
def templates():
    channel = request.args.get("channel", "")
    query = select(Template).order_by(Template.name, Template.id)
    if channel in CHANNELS:
        query = query.where(Template.channel == channel)
    words = [("", _("All")), *CHANNEL_NAMES.items()]
    chips = [(label, url_for(".templates", channel=key or None), key == channel, None) for key, label in words]
    found = session.scalars(query).all()
    return render_template("console/templates.html", templates=found, uses=uses(), chips=chips, channel=channel)


def uses() -> dict[int, list[str]]:
    """{template: who sends it}: stages that this administrator may know of by name, others as such, and rules."""
    known, found = {stage.id for stage in stages_known_to(me())}, {}
    query = select(Stage).where(or_(Stage.email_template_id.is_not(None), Stage.sms_template_id.is_not(None)))
    for stage in session.scalars(query.order_by(Stage.position, Stage.id)):
        name = stage.name if stage.id in known else _("a stage of another company")
        for id in filter(None, (stage.email_template_id, stage.sms_template_id)):
            if name not in found.setdefault(id, []):
                found[id].append(name)
    for id, name in session.execute(select(Template.id, Template.name).where(Template.name.in_(RULES))):
        found.setdefault(id, []).append(str(RULES[name]))
    return found


@bp.route("/templates/new", methods=["GET", "POST"])
@administrators_only
def new_template():
    """A page, or beside the stage form a dialog, that leaves alone what is typed there."""
    chooser = request.values.get("for") if asked_by_htmx() else None
    return edit(None, chooser if chooser in CHOOSERS else None)


@bp.route("/templates/<int:id>", methods=["GET", "POST"])
@administrators_only
def template(id):
    return edit(known_template(id))


def edit(template, chooser=None):
    """Show, preview, test or save; a preview and a test keep nothing."""
    form = TemplateForm(template)
    if chooser:
        form.stand_beside(chooser)
    looking = "preview" in request.form or "test" in request.form
    if not form.is_submitted() and template is None:
        form.channel.data = "sms" if "sms" in (request.args.get("channel"), (chooser or "")[:3]) else "email"
    if not looking and form.validate_on_submit() and (kept := save(template, form)):
        return chosen(kept, chooser) if chooser else saved(kept)
    shown = previews(form)
    if "test" in request.form and not shown["refused"]:
        flash(send_test(form, shown), "info")
    refused = form.is_submitted() and (bool(shown["refused"]) or (not looking and bool(form.errors)))
    return render_template(
        "console/_template_dialog.html" if chooser else "console/template.html",
        form=form, template=template, chooser=chooser,
        placeholders=placeholders_offered(shown["about"]), uses=uses().get(template and template.id, []), **shown,
    ), 422 if refused else 200  # fmt: skip


def save(template, form) -> Template | None:
    """The template, kept; None where somebody else took its name a moment ago."""
    with session.no_autoflush:
        template, draft = template or Template(), form.draft()
        for part in ("name", "channel", "subject", "body"):
            setattr(template, part, getattr(draft, part))
    session.add(template)
    return template if commit(form.name) else None


def saved(template):
    flash(_("The template %(name)s is saved.", name=template.name), "success")
    return redirect(url_for(".templates"), 303)


def chosen(template, chooser):
    """Tells the dialog to close, and the stage form which template it has now."""
    answer = make_response("", 204)
    made = {"id": template.id, "name": template.name, "chooser": f"{template.channel}_template"}
    answer.headers["HX-Trigger"] = json.dumps({"template-made": made})
    return answer


@bp.route("/templates/<int:id>/deletion", methods=["GET", "POST"])
@administrators_only
def delete_template(id):
    template = known_template(id)
    if template.name in NAMES:
        raise NotVisible
    users = uses().get(id, [])
    if request.method == "POST" and not users:
        session.delete(template)
        session.commit()
        flash(_("The template is deleted."), "success")
        return redirect(url_for(".templates"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("console/delete_template.html", template=template, users=users), status
