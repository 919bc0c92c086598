"""Phone numbers: kept, compared and dialled as E.164, such as +33123456789."""

import phonenumbers

from .base import Refusal


class NoPhoneNumber(Refusal):
    """Nobody can dial this from everywhere: it lacks the country's code, or is none of the world's numbers."""


def normal_phone(typed: str) -> str:
    """The number as E.164; NoPhoneNumber where it is none, or has an extension, which no SMS reaches."""
    try:
        number = phonenumbers.parse(typed[:60], None)
    except phonenumbers.NumberParseException:
        raise NoPhoneNumber from None
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise NoPhoneNumber
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable_phone(phone: str) -> str:
    """The number as people read it, +33 1 23 45 67 89; what is none stays as it is."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
