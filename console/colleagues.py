"""The people of one's own companies who take tickets: whom a filter or a bulk assignment names."""

from functools import cache

from sqlalchemy import bindparam, select

from models import Contact, User
from models.base import plain_rows
from models.company import user_companies
from models.people import INTERNAL, Person


def colleagues(user) -> list[Person]:
    """In the order of their names, with the ids of their users; one query."""
    return [Person(*row) for row in plain_rows(_near(), {"me": user.id})]


@cache
def _near():
    mine = select(user_companies.c.company_id).where(user_companies.c.user_id == bindparam("me"))
    near = select(user_companies.c.user_id).where(user_companies.c.company_id.in_(mine))
    query = select(User.id, Contact.name, Contact.email).join(Contact, Contact.id == User.contact_id)
    query = query.where(User.id.in_(near), User.active, User.role.in_(INTERNAL), User.takes_tickets)
    return query.order_by(Contact.name, User.id)
