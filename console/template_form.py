"""What can be typed about a template."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import or_, select
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from models import Stage, Template, session
from models.template import CHANNELS, TextTooLong, UnknownPlaceholder
from models.templates_shipped import NAMES
from web.locale import LANGUAGES
from web.words import number

from .choices import NEEDED, refuse, taken, trim

MEANINGS = {
    "customer": _l("the customer's name"),
    "number": _l("the ticket's number"),
    "subject": _l("the ticket's subject"),
    "team": _l("the team's name"),
    "stage": _l("the stage that the ticket reached"),
    "agent": _l("the assignee's name, else the team's"),
    "link": _l("the customer's own link to the ticket"),
    "why": _l("why the ticket was closed"),
    "reopen_days": _l("how many days a message reopens the ticket"),
    "closes_on": _l("the day on which the ticket closes by itself"),
}


def can_be_sent(form, field):
    """A name that will never have a value, or a text that could become huge, is refused where it was typed."""
    channel = form.channel.data if form.channel.data in CHANNELS else "email"
    try:
        Template(channel=channel, subject={}, body={"en": field.data or ""}).check()
    except TextTooLong as text:
        words = _("Written out, this text could have %(count)s characters; at most %(most)s are sent.")
        raise ValidationError(words % {"count": number(text.characters), "most": number(text.most)}) from None
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
    ticket = StringField(_l("Preview with ticket"))  # of the preview alone
    TEXTS = ("subject_en", "body_en", "subject_fr", "body_fr")

    def __init__(self, template=None, **kwargs):
        super().__init__(data=values(template) if template else None, **kwargs)
        self.template = template
        for name in self.TEXTS:
            self[name].flags.unmarked = True  # one language is enough, but one is needed
        if self.shipped:
            self.name.description = _("It comes with Guichet, which finds it by this name.")

    @property
    def shipped(self) -> bool:
        """Whether it comes with Guichet: new pipelines and rules look for it by its name."""
        return self.template is not None and self.template.name in NAMES

    def stand_beside(self, other: str):
        """Give its fields ids of their own, for a page that holds another form."""
        for field in self:
            field.id = field.label.field_id = f"{other}-{field.id}"

    def validate_name(self, field):
        if self.shipped and field.data != self.template.name:
            raise ValidationError(_("Rules find this template by its name: it keeps it."))
        if taken(Template.name, field.data, self.template):
            raise ValidationError(_("Another template has this name: choose another one."))

    def validate_channel(self, field):
        changes = self.template and field.data != self.template.channel
        if changes and (self.shipped or sent_by_stages(self.template.id)):
            raise ValidationError(_("It is in use as it is: make another template instead."))

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

    def texts_can_be_sent(self) -> bool:
        """Whether the words alone are right, whatever the rest of the form says."""
        found = [not self[name].errors and self[name].validate(self) for name in self.TEXTS]  # each says its own
        return all(found)

    def texts(self, part) -> dict:
        """{language: text} of what is written; an empty language falls back to the other."""
        return {language: self[f"{part}_{language}"].data for language in LANGUAGES if self[f"{part}_{language}"].data}

    def languages(self) -> list[str]:
        """Every language, once there is a text at all: an empty one reads as the other."""
        return list(LANGUAGES) if self.texts("body") else []

    def draft(self) -> Template:
        """An SMS has no subject."""
        channel = self.channel.data if self.channel.data in CHANNELS else "email"
        subject = self.texts("subject") if channel == "email" else {}
        return Template(name=self.name.data, channel=channel, subject=subject, body=self.texts("body"))


def values(template) -> dict:
    texts = {
        f"{part}_{code}": getattr(template, part).get(code, "") for part in ("subject", "body") for code in LANGUAGES
    }
    return {"name": template.name, "channel": template.channel, **texts}


def sent_by_stages(id: int) -> list[Stage]:
    sends = or_(Stage.email_template_id == id, Stage.sms_template_id == id)
    return list(session.scalars(select(Stage).where(sends).order_by(Stage.position, Stage.id)))
