"""What several forms let one choose from or check alike."""

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import IntegerField, SelectMultipleField, ValidationError
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget, NumberInput

from models import session
from models.passwords import WeakPassword, check_strength
from models.phone import NoPhoneNumber, normal_phone
from web.locale import LANGUAGES

from . import me

NEEDED = _l("This is needed.")
TAKEN = _l("This is taken already: choose another one.")
LANGUAGE_CHOICES = list(LANGUAGES.items())
WEAK = {
    "short": _l("Use at least 8 characters."),
    "long": _l("Use at most 1024 characters."),
    "common": _l("This password is among the first that are tried: choose another one."),
}
_CURSES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class MultiCheckboxField(SelectMultipleField):
    """Several of many, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


@cache
def zones() -> tuple[str, ...]:
    """The time zones that people live in, by their names in the tz database, and UTC."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(zone for zone in available_timezones() if zone.startswith(regions)))


def trim(text):
    """What was typed, without the spaces around it; control characters are nobody's intention."""
    return _CURSES.sub("", text).strip() if text else text


def slug_of(name: str) -> str:
    """A name as a part of an address: "Équipe Support" becomes "equipe-support"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def well_formed_slug(form, field):
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", field.data or ""):
        raise ValidationError(_l("Use lower case letters, digits and single hyphens, such as customer-support."))


def email_address(form, field):
    """An address that mail can go to; what is kept is its normal form."""
    try:
        field.data = validate_email(field.data or "", check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValidationError(_l("This is not an e-mail address. It looks like name@example.com.")) from None
    if len(field.data) > 254:
        raise ValidationError(_l("This address is too long."))


def phone_number(form, field):
    """A number that can be dialled from everywhere; what is kept is its normal form (E.164)."""
    if field.data:
        try:
            field.data = normal_phone(field.data)
        except NoPhoneNumber:
            raise ValidationError(_l("This is no phone number. Begin with + and the country's code.")) from None


def strong_password(form, field):
    """For the address typed above it, or the reader's own."""
    email = (form.email.data or "").strip().lower() if "email" in form else me().email
    try:
        check_strength(field.data or "", email)
    except WeakPassword as weak:
        raise ValidationError(WEAK[weak.reason]) from None


class WholeNumber(IntegerField):
    """A number without a fraction; what was typed stays in the field when it is none."""

    widget = NumberInput(step=1)

    def process_formdata(self, valuelist):
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            self.data = int(valuelist[0].strip()) if len(valuelist[0]) < 12 else None
        except ValueError:
            self.data = None
        if self.data is None:
            raise ValueError(gettext("Write a whole number."))


def within(lowest: int, highest: int):
    """From lowest to highest; nothing typed is refused here as well: a field that may stay empty says so before."""

    def check(form, field):
        if field.errors:
            raise StopValidation
        if field.data is None or not lowest <= field.data <= highest:
            raise ValidationError(
                gettext("Write a whole number from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)
            )

    return check


def refuse(field, message):
    """Add what the domain refused to the field it is about."""
    field.errors = [*field.errors, message]


def commit(field) -> bool:
    """Commit, or say at the field that somebody else took this value a moment ago."""
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        refuse(field, TAKEN)
        return False
    return True


def taken(column, value, besides=None) -> bool:
    """Whether another row has this value in a column where each may stand only once."""
    model = column.class_
    query = select(model.id).where(column == value)
    return session.scalar(query.where(model.id != besides.id) if besides is not None else query) is not None
