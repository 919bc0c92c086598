"""Two changes that wait for each other: PostgreSQL stops one of them, and that one begins anew."""

from functools import wraps

from sqlalchemy.exc import OperationalError

from models.base import session

DEADLOCK = "40P01"
TIMES = 3


def again_after_deadlock(view):
    """Carry out a view anew where the database undid all of it in favour of somebody else's change.

    For views that change several tickets at once and take no files, which can be read only once.
    """

    @wraps(view)
    def patient(*args, **kwargs):
        for _ in range(TIMES - 1):
            try:
                return view(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != DEADLOCK:
                    raise
                session.rollback()
        return view(*args, **kwargs)

    return patient
