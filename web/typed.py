"""Requests as they were sent, but for NUL: nobody types it, and PostgreSQL keeps no text that holds one."""

import flask
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.utils import cached_property


class Request(flask.Request):
    @cached_property
    def args(self):
        return without_nul(super().args)

    def _load_form_data(self):
        super()._load_form_data()
        self.__dict__["form"] = without_nul(self.__dict__["form"])


def without_nul(values):
    if not any("\0" in name or "\0" in value for name, value in values.items(multi=True)):
        return values
    return ImmutableMultiDict(
        (name.replace("\0", ""), value.replace("\0", "")) for name, value in values.items(multi=True)
    )
