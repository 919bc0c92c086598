"""Requests as they were sent, within limits, and without NUL, which nobody types and PostgreSQL does not keep."""

from functools import cache

import flask
from babel.support import Translations
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from wtforms.i18n import messages_path

from .locale import language

ENCODED_BYTES = 3  # what a byte of typed text may take in a form without files: %C3 for one
MOST_FIELDS = 5_000


class Request(flask.Request):
    @cached_property
    def args(self):
        return without_nul(super().args)

    @property
    def wtforms_translations(self):
        """What Flask-WTF reads from its file for each request, read once for each language."""
        return _words_of_forms(language())

    def _load_form_data(self):
        """Forms without files are read at once: they may hold as much text as the others (threat model, rule 36)."""
        plain = self.mimetype == "application/x-www-form-urlencoded"
        if plain and self.max_form_memory_size:
            self.max_content_length = self.max_form_memory_size * ENCODED_BYTES
        super()._load_form_data()
        form = self.__dict__["form"]
        if plain and sum(1 for _ in form.values()) > MOST_FIELDS:
            raise RequestEntityTooLarge
        self.__dict__["form"] = without_nul(form)


@cache
def _words_of_forms(language: str) -> Translations:
    return Translations.load(messages_path(), [language], domain="wtforms")


def without_nul(values):
    if not any("\0" in name or "\0" in value for name, value in values.items(multi=True)):
        return values
    return ImmutableMultiDict(
        (name.replace("\0", ""), value.replace("\0", "")) for name, value in values.items(multi=True)
    )
