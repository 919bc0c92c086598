"""The interchange file: a whole desk, or one team of it, as one JSON file that is written and read in a stream."""

from . import backup, commands
from .checking import ImportRefused
from .reading import FORMAT, read
from .writing import write


def init_app(app):
    commands.init_app(app)
    backup.init_app(app)


__all__ = ["FORMAT", "ImportRefused", "init_app", "read", "write"]
