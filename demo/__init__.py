"""A believable helpdesk to look at."""


def init_app(app):
    pass
