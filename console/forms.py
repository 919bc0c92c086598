"""What can be typed on the pages of tickets; what is allowed is the models' business."""

import secrets

from flask import current_app
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    MultipleFileField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError
from wtforms.widgets import HiddenInput

from models.attachment import Upload
from web.locale import lazy_gettext as _l
from web.words import PRIORITY_NAMES

from .choices import email_address, phone_number, trim

LONGEST_MESSAGE = 200_000
ATTEMPT_CHANNELS = {"call": _l("Call"), "mail": _l("E-mail"), "other": _l("Another way")}
ATTEMPT_OUTCOMES = {
    "no_answer": _l("No answer"),
    "message_left": _l("Message left"),
    "reached": _l("Reached"),
    "wrong_contact": _l("Wrong number or address"),
}
PRIORITIES = list(enumerate(PRIORITY_NAMES))


class NotTooMany:
    """At most as many files as one form may send."""

    def __call__(self, form, field):
        most = current_app.config["MAX_UPLOAD_FILES"]
        if len(uploads(field)) > most:
            raise ValidationError(ngettext("At most %(num)s file at once.", "At most %(num)s files at once.", most))


def uploads(field) -> list[Upload]:
    """The files that were chosen, as the models take them."""
    return [Upload(file.filename, file.mimetype, file.stream) for file in field.data or () if file and file.filename]


class Once(FlaskForm):
    """A form that does its work once, however often it is sent (threat model, rule 31)."""

    key = HiddenField(default=lambda: secrets.token_urlsafe(24), validators=[Length(max=43)])


def key_of(form) -> str | None:
    """The name of this submission; nobody can name somebody else's."""
    return key_named(form.key.data)


def key_named(key: str | None) -> str | None:
    return f"console:{current_user.id}:{key[:43]}" if key else None


class ReplyForm(Once):
    body = TextAreaField(_l("Message"), [Length(max=LONGEST_MESSAGE)], filters=[trim])
    internal = BooleanField(_l("Internal note"), false_values=(False, "", "0", "false"))
    attachments = MultipleFileField(_l("Attachments"), [NotTooMany()])
    # The newest message that the writer has before their eyes; left out, nobody asks.
    seen = IntegerField(_l("Read up to"), [Optional()], widget=HiddenInput())
    # How many tickets are part of this one, as the writer knows; likewise.
    merged = IntegerField(_l("Merged tickets"), [Optional()], widget=HiddenInput())
    kept = SelectMultipleField(_l("Files of the draft"), choices=[], validate_choice=False)


class CardForm(Once):
    """A new ticket in a column of a board: the least that makes one."""

    subject = StringField(_l("Subject"), [DataRequired(_l("What is it about?")), Length(max=250)], filters=[trim])
    email = StringField(
        _l("Customer's e-mail address"),
        [DataRequired(_l("Whose ticket is it?")), Length(max=254), email_address],
        filters=[trim],
    )


class NewTicketForm(CardForm):
    team = SelectField(_l("Team"), coerce=int)
    name = StringField(_l("Customer's name"), [Length(max=120)], filters=[trim])
    description = TextAreaField(
        _l("Description"), [DataRequired(_l("Describe the request.")), Length(max=LONGEST_MESSAGE)], filters=[trim]
    )
    priority = SelectField(
        _l("Priority"), coerce=int, choices=[SelectChoice(level, name) for level, name in PRIORITIES], default=0
    )
    assignee = SelectField(_l("Assignee"), [Optional()], validate_choice=False, default="")
    attachments = MultipleFileField(_l("Attachments"), [NotTooMany()])


class EditForm(FlaskForm):
    """Each field may be left out of the request; what is left out stays as it is."""

    subject = StringField(
        _l("Subject"), [DataRequired(_l("A ticket needs a subject.")), Length(max=250)], filters=[trim]
    )
    priority = SelectField(
        _l("Priority"), coerce=int, choices=[SelectChoice(level, name) for level, name in PRIORITIES]
    )
    tags = StringField(_l("Tags"), [Length(max=400)], description=_l("Separated by commas."), filters=[trim])
    team = SelectField(_l("Team"), coerce=int)
    never_auto_close = BooleanField(_l("Never close automatically"), false_values=(False, "", "0", "false"))


class CloseForm(FlaskForm):
    why = TextAreaField(_l("Reason"), [Length(max=2000)], filters=[trim])


class AttemptForm(FlaskForm):
    """An attempt to reach the customer."""

    channel = SelectField(_l("How"), choices=[SelectChoice(*one) for one in ATTEMPT_CHANNELS.items()])
    outcome = SelectField(_l("Outcome"), choices=[SelectChoice(*one) for one in ATTEMPT_OUTCOMES.items()])
    words = StringField(_l("Note"), [Length(max=1000)], filters=[trim])


class AdviceForm(FlaskForm):
    """Asking somebody who decides."""

    supervisor = SelectField(_l("Whom"), validate_choice=False)
    question = TextAreaField(
        _l("Question"), [DataRequired(_l("What do you want to know?")), Length(max=LONGEST_MESSAGE)], filters=[trim]
    )


class FollowerForm(FlaskForm):
    email = StringField(
        _l("E-mail address"),
        [DataRequired(_l("Who should follow this ticket?")), Length(max=254), email_address],
        filters=[trim],
    )


class PhoneForm(FlaskForm):
    phone = StringField(
        _l("Phone"),
        [Length(max=40), phone_number],
        [trim],
        description=_l("With the country's code, such as +33 1 23 45 67 89."),
    )
