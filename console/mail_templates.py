"""The words of automatic mails and SMS, in each language, with a preview on the newest ticket."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from models import Stage, Template, Ticket, User, now, session
from models.access import NotVisible
from models.template import CHANNELS, PLACEHOLDERS, TextTooLong, UnknownPlaceholder
from models.templates_shipped import NAMES
from models.visibility import tickets_visible_to
from web.locale import LANGUAGES
from web.words import number

from . import administrators_only, bp, me
from .choices import NEEDED, commit, refuse, taken, trim

LANGUAGE_NAMES = {"en": _l("English"), "fr": _l("French")}
MEANINGS = {
    "customer": _l("the customer's name"),
    "number": _l("the ticket's number"),
    "subject": _l("the ticket's subject"),
    "team": _l("the team's name"),
    "stage": _l("the stage that the ticket reached"),
    "agent": _l("the assignee's name"),
    "link": _l("the customer's own link to the ticket"),
    "why": _l("the reason given with the change"),
    "reopen_days": _l("how many days a message reopens the ticket"),
    "closes_on": _l("the day on which the ticket closes by itself"),
}


def can_be_sent(form, field):
    """A name that will never have a value, or a text that could become huge, is refused where it was typed."""
    channel = form.channel.data if form.channel.data in CHANNELS else "email"
    try:
        Template(channel=channel, subject={}, body={"en": field.data or ""}).check()
    except TextTooLong as text:
        raise ValidationError(
            _(
                "Written out, this text could have %(count)s characters; at most %(most)s are sent.",
                count=number(text.characters),
                most=number(text.most),
            )
        ) from None
    except UnknownPlaceholder as unknown:
        names = ", ".join(f"{{{{ {name} }}}}" for name in unknown.names)
        raise ValidationError(_("%(names)s is no placeholder; choose one of those offered.", names=names)) from None


class TemplateForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(NEEDED), Length(max=120)], [trim])
    channel = RadioField(_l("Sent as"), choices=[("email", _l("E-mail")), ("sms", _l("SMS"))], default="email")
    subject_en = StringField(_l("Subject in English"), [Length(max=250), can_be_sent], [trim])
    body_en = TextAreaField(_l("Text in English"), [Length(max=20000), can_be_sent], [trim])
    subject_fr = StringField(_l("Subject in French"), [Length(max=250), can_be_sent], [trim])
    body_fr = TextAreaField(_l("Text in French"), [Length(max=20000), can_be_sent], [trim])

    def __init__(self, template=None, **kwargs):
        super().__init__(data=values(template) if template else None, **kwargs)
        self.template = template

    def validate_name(self, field):
        if self.template and self.template.name in NAMES and field.data != self.template.name:
            raise ValidationError(_("Rules find this template by its name: it keeps it."))
        if taken(Template.name, field.data, self.template):
            raise ValidationError(_("Another template has this name: choose another one."))

    def validate(self, extra_validators=None):
        good = super().validate(extra_validators)
        if not self.body_en.data and not self.body_fr.data:
            refuse(self.body_en, _("Write the text in at least one language."))
            good = False
        for language in LANGUAGES:
            subject, body = self[f"subject_{language}"], self[f"body_{language}"]
            if self.channel.data == "email" and body.data and not subject.data:
                refuse(subject, _("A mail needs a subject."))
                good = False
        return good

    def texts(self, part) -> dict:
        """{language: text} of what is written; an empty language falls back to the other."""
        return {language: self[f"{part}_{language}"].data for language in LANGUAGES if self[f"{part}_{language}"].data}

    def draft(self) -> Template:
        return Template(
            name=self.name.data, channel=self.channel.data, subject=self.texts("subject"), body=self.texts("body")
        )


def values(template) -> dict:
    texts = {
        f"{part}_{code}": getattr(template, part).get(code, "") for part in ("subject", "body") for code in LANGUAGES
    }
    return {"name": template.name, "channel": template.channel, **texts}


def known_template(id: int) -> Template:
    template = session.get(Template, id) if id < 2**31 else None
    if template is None:
        raise NotVisible
    return template


@bp.get("/templates")
@administrators_only
def templates():
    found = session.scalars(select(Template).order_by(Template.name, Template.id)).all()
    return render_template("console/templates.html", templates=found, uses=uses())


def uses() -> dict[int, list[str]]:
    """{template: names of the stages that send it}."""
    found = {}
    for stage in session.scalars(
        select(Stage).where(or_(Stage.email_template_id.is_not(None), Stage.sms_template_id.is_not(None)))
    ):
        for id in filter(None, (stage.email_template_id, stage.sms_template_id)):
            found.setdefault(id, []).append(stage.name)
    return found


@bp.route("/templates/new", methods=["GET", "POST"])
@administrators_only
def new_template():
    return edit(None)


@bp.route("/templates/<int:id>", methods=["GET", "POST"])
@administrators_only
def template(id):
    return edit(known_template(id))


def edit(template):
    """Show, preview or save; the preview keeps nothing."""
    form = TemplateForm(template)
    valid = form.validate_on_submit()
    if valid and "preview" not in request.form and save(template, form):
        flash(_("The template %(name)s is saved.", name=form.name.data), "success")
        return redirect(url_for(".templates"), 303)
    refused = form.is_submitted() and bool(form.errors)
    shown = [] if refused else previews(form.draft())
    return render_template(
        "console/template.html", form=form, template=template, previews=shown, placeholders=MEANINGS,
        languages=LANGUAGE_NAMES, removable=template is not None and template.name not in NAMES,
    ), 422 if refused else 200  # fmt: skip


def save(template, form) -> bool:
    with session.no_autoflush:
        template = template or Template()
        template.name, template.channel = form.name.data, form.channel.data
        template.subject, template.body = form.texts("subject"), form.texts("body")
    session.add(template)
    return commit(form.name)


def previews(draft) -> list[tuple[str, str, str]]:
    """Language, subject and text as the customer of the newest visible ticket would read them."""
    about = (joinedload(Ticket.customer), joinedload(Ticket.team), joinedload(Ticket.stage))
    about = (*about, joinedload(Ticket.assignee).joinedload(User.contact))
    newest = select(Ticket).where(tickets_visible_to(me())).order_by(Ticket.id.desc()).limit(1).options(*about)
    ticket = session.scalar(newest)
    shown = []
    for language in draft.body:
        with force_locale(language):
            shown.append((language, *draft.fill(language, sample(ticket))))
    return shown


def sample(ticket) -> dict:
    """A value for each placeholder; the link is not a real one, for it is the customer's alone."""
    real = {
        "customer": str(ticket.customer), "number": str(ticket.number), "subject": ticket.subject,
        "team": ticket.team.name, "stage": ticket.stage.name, "agent": str(ticket.assignee or ""),
        "reopen_days": str(ticket.team.reopen_days),
    } if ticket else {
        "customer": "Carla Conti", "number": "1", "subject": _("The printer is on fire"), "team": _("Support"),
        "stage": _("New"), "agent": "Agnes", "reopen_days": "7",
    }  # fmt: skip
    made_up = {
        "link": f"{current_app.config['BASE_URL']}/ticket/…",
        "why": _("the reason"),
        "closes_on": format_date(now(), "long"),
    }
    return {name: (real | made_up)[name] for name in PLACEHOLDERS}


@bp.route("/templates/<int:id>/deletion", methods=["GET", "POST"])
@administrators_only
def delete_template(id):
    template = known_template(id)
    if template.name in NAMES:
        raise NotVisible
    stages = uses().get(id, [])
    if request.method == "POST" and not stages:
        session.delete(template)
        session.commit()
        flash(_("The template is deleted."), "success")
        return redirect(url_for(".templates"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("console/delete_template.html", template=template, stages=stages), status
