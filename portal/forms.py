"""What customers can type. A form checks what was typed; the model decides what is allowed."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from models.access import LARGEST_ID
from web.locale import LANGUAGES

from .fields import (
    LONGEST_TEXT,
    at_most,
    email_field,
    files_field,
    international_phone,
    needed,
    new_password_field,
    not_ours,
    score_field,
    trim,
)

NAME = {"autocomplete": "name"}


class RequestForm(FlaskForm):
    """The public form of a team."""

    key = HiddenField(filters=[trim])
    name = StringField(_l("Your name"), [needed(_l("Write your name.")), at_most(120)], filters=[trim], render_kw=NAME)
    email = email_field(_l("Your e-mail address"), description=_l("We answer to this address."))
    subject = StringField(
        _l("Subject"), [needed(_l("Say in a few words what it is about.")), at_most(250)], filters=[trim]
    )
    description = TextAreaField(
        _l("Description"),
        [needed(_l("Describe what you need.")), at_most(LONGEST_TEXT)],
        filters=[trim],
        render_kw={"rows": 8},
    )
    attachments = files_field()

    def validate_email(self, field):
        not_ours(self, field)


class ReplyForm(FlaskForm):
    key = HiddenField(filters=[trim])
    body = TextAreaField(
        _l("Your message"), [at_most(LONGEST_TEXT)], filters=[trim], id="reply-body", render_kw={"rows": 5}
    )
    attachments = files_field(id="reply-attachments")


class ReopeningForm(FlaskForm):
    """*Not yet*, or coming back after the closing."""

    key = HiddenField(filters=[trim])
    body = TextAreaField(
        _l("What is still missing?"),
        [at_most(LONGEST_TEXT)],
        filters=[trim],
        id="reopening-body",
        render_kw={"rows": 5},
    )
    attachments = files_field(id="reopening-attachments")


class ClosingForm(FlaskForm):
    comment = TextAreaField(
        _l("A word for us"), [at_most(5000)], filters=[trim], id="closing-comment", render_kw={"rows": 2}
    )
    score = score_field(required=False, id="closing-score")


class RatingForm(FlaskForm):
    score = score_field(required=True, id="rating-score")
    comment = TextAreaField(
        _l("A word for us"), [at_most(5000)], filters=[trim], id="rating-comment", render_kw={"rows": 2}
    )


class LinkForm(FlaskForm):
    """Asking for the link of a ticket."""

    email = email_field()
    number = IntegerField(
        _l("Ticket number"),
        [
            InputRequired(_l("Write the number of your ticket.")),
            NumberRange(1, LARGEST_ID, _l("A ticket number is a whole number, such as 1042.")),
        ],
        render_kw={"inputmode": "numeric", "min": 1},
    )


class LoginForm(FlaskForm):
    email = EmailField(
        _l("E-mail address"),
        [needed(_l("Write your e-mail address.")), at_most(254)],
        filters=[trim],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("Password"), [InputRequired(_l("Write your password."))], render_kw={"autocomplete": "current-password"}
    )


class EmailForm(FlaskForm):
    """Asking for a mail: to sign up, or to choose a new password."""

    email = email_field()


class SignUpForm(FlaskForm):
    code = HiddenField()
    name = StringField(_l("Your name"), [needed(_l("Write your name.")), at_most(120)], filters=[trim], render_kw=NAME)
    password = new_password_field()


class NewPasswordForm(FlaskForm):
    code = HiddenField()
    password = new_password_field(_l("New password"))


class ProfileForm(FlaskForm):
    name = StringField(_l("Your name"), [needed(_l("Write your name.")), at_most(120)], filters=[trim], render_kw=NAME)
    language = SelectField(
        _l("Language"),
        choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()],
        description=_l("Of these pages, and of the mail we send you."),
    )
    phone = TelField(
        _l("Phone"),
        [at_most(40), international_phone],
        filters=[trim],
        description=_l("With the code of the country, such as +33 1 23 45 67 89."),
        render_kw={"autocomplete": "tel"},
    )


class PasswordForm(FlaskForm):
    current = PasswordField(
        _l("Current password"),
        [InputRequired(_l("Write your current password."))],
        render_kw={"autocomplete": "current-password"},
    )
    password = new_password_field(_l("New password"))
