"""The doorbell: a verb that leaves work behind rings; the worker hears it after the commit, never before."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from .base import session

_listeners = []


def on_ring(callback):
    """Call ``callback(name)`` after each commit that left work of that name."""
    if callback not in _listeners:
        _listeners.append(callback)
    return callback


def ring(name: str):
    session.info.setdefault("bells", set()).add(name)


@event.listens_for(Session, "after_commit")
def _sound(committed):
    if not committed.in_nested_transaction():
        for name in sorted(committed.info.pop("bells", ())):
            for callback in _listeners:
                callback(name)


@event.listens_for(Session, "after_soft_rollback")
def _forget(rolled_back, previous):
    if previous.parent is None:
        rolled_back.info.pop("bells", None)
