"""Requests as they were sent, within limits, and without NUL, which nobody types and PostgreSQL does not keep."""

import flask
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property

ENCODED_BYTES = 3  # what a byte of typed text may take in a form without files: %C3 for one
MOST_FIELDS = 5_000


class Request(flask.Request):
    @cached_property
    def args(self):
        return without_nul(super().args)

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


def without_nul(values):
    if not any("\0" in name or "\0" in value for name, value in values.items(multi=True)):
        return values
    return ImmutableMultiDict(
        (name.replace("\0", ""), value.replace("\0", "")) for name, value in values.items(multi=True)
    )
