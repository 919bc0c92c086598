"""The people of one's own companies who take tickets: whom a filter or a bulk assignment names."""

from sqlalchemy import select

from models import Contact, User, session
from models.company import user_companies
from models.people import INTERNAL


def colleagues(user) -> list[User]:
    """In the order of their names; one query."""
    mine = select(user_companies.c.company_id).where(user_companies.c.user_id == user.id)
    near = select(user_companies.c.user_id).where(user_companies.c.company_id.in_(mine))
    query = select(User).join(Contact, Contact.id == User.contact_id)
    query = query.where(User.id.in_(near), User.active, User.role.in_(INTERNAL), User.takes_tickets)
    return list(session.scalars(query.order_by(Contact.name, User.id)))
