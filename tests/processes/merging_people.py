"""One of the people of test_merging.py: merges tickets at random, a commit each; arguments: SEED TIMES."""

import random
import sys

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from models import CannotMerge, Contact, Ticket, merge, session
from models.base import now
from wsgi import create_app


def work(seed: int, times: int):
    chance, outcomes = random.Random(seed), {"merged": 0, "refused": 0, "undone": 0, "again": 0}
    by = Contact.by_email("agnes@acme.example")
    numbers = list(session.scalars(select(Ticket.id).order_by(Ticket.id)))
    session.commit()
    for _ in range(times):
        chosen = chance.sample(numbers, chance.choice((2, 2, 3)))
        try:
            *sources, into = (session.get(Ticket, number) for number in chosen)
            if chance.random() < 0.8 and sources[0].merged_into_id is not None:
                sources[0].unmerge(by, now())
                outcomes["undone"] += 1
            else:
                merge(sources, into, by)
                outcomes["merged"] += 1
            session.commit()
        except CannotMerge:
            session.rollback()
            outcomes["refused"] += 1
        except OperationalError:  # two waited for each other, and the database let one of them go first
            session.rollback()
            outcomes["again"] += 1
    print(outcomes)


if __name__ == "__main__":
    with create_app().app_context():
        work(int(sys.argv[1]), int(sys.argv[2]))
