"""Fields that several forms of the portal share, and what may be typed into them."""

import os
import re

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import MultipleFileField
from sqlalchemy import select
from wtforms import EmailField, PasswordField, RadioField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from models.attachment import Upload
from models.base import session
from models.incoming import TeamAddress
from models.passwords import LONGEST, WeakPassword, check_strength
from models.people import normal_email
from models.phone import NoPhoneNumber, normal_phone
from models.team import Team
from web.words import filesize

LONGEST_ADDRESS = 254  # also after lower case, which makes some letters two
LONGEST_TEXT = 100_000  # characters of one message
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SCORES = [("5", _l("Satisfied")), ("3", _l("Okay")), ("1", _l("Dissatisfied"))]
WEAK = {
    "short": _l("Use at least 8 characters."),
    "long": _l("Use at most 1024 characters."),
    "common": _l("This password is among the first that are tried: choose another one."),
}


def trim(text):
    """What was typed without the spaces around it and without control characters, which nobody means."""
    return _CONTROLS.sub("", text).strip() if isinstance(text, str) else text


def needed(message):
    return DataRequired(message)


def at_most(characters: int):
    return Length(max=characters, message=_l("Use at most %(max)d characters."))


def email_field(label=_l("E-mail address"), **settings):
    return EmailField(
        label,
        [needed(_l("Write your e-mail address.")), at_most(254), well_formed],
        filters=[trim],
        render_kw={"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"},
        **settings,
    )


def well_formed(form, field):
    """An address that mail can go to; what is kept is its normal form."""
    try:
        # Names that only an own network knows, such as name@corp.local, are addresses too; a bare host is a slip.
        found = validate_email(field.data or "", check_deliverability=False, globally_deliverable=False)
        address = normal_email(found.normalized)
        if "." not in found.domain or len(address) > LONGEST_ADDRESS:
            raise EmailNotValidError
    except EmailNotValidError:
        raise ValidationError(_("This is no e-mail address. It looks like name@example.com.")) from None
    field.data = address


def normal_address(typed: str) -> str:
    """What well_formed keeps of an address; of what is none, what was typed."""
    try:
        found = validate_email(typed, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return normal_email(typed)
    return normal_email(found.normalized)


def not_ours(form, field):
    """Our own addresses can't be a requester: we would write to ourselves (threat model, rule 33)."""
    address = normal_email(field.data or "")
    teams = (select(one.id).where(one.address == address) for one in (Team, TeamAddress))
    if address == normal_email(current_app.config["MAIL_FROM"]) or any(map(session.scalar, teams)):
        raise ValidationError(_("This is an address of this helpdesk. Write your own, so that we can answer you."))


def new_password_field(label=_l("Password")):
    return PasswordField(
        label,
        [InputRequired(_l("Choose a password."))],
        description=_l("At least 8 characters. A few words in a row are easy to remember and hard to guess."),
        render_kw={"autocomplete": "new-password", "minlength": 8, "maxlength": LONGEST},
    )


def check_password(field, email: str) -> bool:
    """Whether the password is strong enough; if not, the field says why."""
    try:
        check_strength(field.data or "", email)
    except WeakPassword as weak:
        field.errors = [*field.errors, str(WEAK[weak.reason])]
        return False
    return True


def score_field(required: bool, **settings):
    words = _l("Choose one of the three answers.")
    return RadioField(
        _l("How did we do?"),
        [InputRequired(words) if required else Optional()],
        choices=[SelectChoice(value, words) for value, words in SCORES],
        validate_choice=False,  # the model knows which scores there are
        **settings,
    )


def score_of(field) -> int | None:
    """The number chosen; None where nothing was, and 0, which is no score, for anything else."""
    if not field.data:
        return None
    return int(field.data) if field.data in dict(SCORES) else 0


def international_phone(form, field):
    """A phone number that can be called from anywhere; what is kept is its international form (E.164)."""
    if not field.data:
        return
    try:
        field.data = normal_phone(field.data)
    except NoPhoneNumber:
        words = _("Write the number with the code of its country, such as +33 1 23 45 67 89.")
        raise ValidationError(words) from None


def files_field(**settings):
    return MultipleFileField(_l("Files"), [within_limits], **settings)


def chosen(field) -> list:
    return [file for file in field.data or () if getattr(file, "filename", None)]


def uploads(field) -> list[Upload]:
    """The files of the form, on their way in."""
    return [Upload(file.filename, file.mimetype, file.stream) for file in chosen(field)]


def remind_of_files(field):
    """A form that comes back comes without its files: browsers keep none. Say so."""
    if chosen(field) and not field.errors:
        field.errors = [_("Your text is kept; choose the files again.")]


def size_of(file) -> int:
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    return size


def within_limits(form, field):
    """The announced limits on files, said at the field, so that the typed text stays (threat model, rule 36)."""
    files, most = chosen(field), current_app.config["MAX_UPLOAD_FILES"]
    if len(files) > most:
        words = ngettext("Choose at most %(num)d file.", "Choose at most %(num)d files.", most)
        raise ValidationError(f"{words} {_('Your text is kept; choose the files again.')}")
    largest, total = current_app.config["MAX_ATTACHMENT_BYTES"], current_app.config["MAX_CONTENT_LENGTH"]
    sizes = {file.filename: size_of(file) for file in files}
    for name, size in sizes.items():
        if size > largest:
            raise ValidationError(too_large(name))
    if sum(sizes.values()) > total:
        words = _("The files are larger than %(size)s together.", size=filesize(total))
        raise ValidationError(f"{words} {_('Your text is kept; choose the files again.')}")


def too_large(name: str) -> str:
    limit = filesize(current_app.config["MAX_ATTACHMENT_BYTES"])
    words = _("“%(name)s” is larger than %(size)s.", name=name[-80:], size=limit)
    return f"{words} {_('Your text is kept; choose the files again.')}"


def files_limit() -> str:
    """The limits in one sentence, for the hint below the field."""
    most = current_app.config["MAX_UPLOAD_FILES"]
    largest, total = current_app.config["MAX_ATTACHMENT_BYTES"], current_app.config["MAX_CONTENT_LENGTH"]
    return ngettext(
        "Up to %(num)d file, at most %(size)s.", "Up to %(num)d files, at most %(size)s each and %(total)s together.",
        most, size=filesize(min(largest, total)), total=filesize(total),
    )  # fmt: skip
