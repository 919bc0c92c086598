"""Many new rows with few statements: numbered before they are inserted, and never with a number that somebody has."""

from models import Contact, open_ticket, session
from models.base import flush_many, number_new
from models.ticket import Opening, open_tickets


def contacts(*names):
    made = [Contact(email=f"{name}@client.example") for name in names]
    session.add_all(made)
    return made


def test_rows_are_numbered_in_their_order_and_those_in_between_get_other_numbers(app):
    (known,) = contacts("known")
    session.flush()
    first, second = contacts("first", "second")
    number_new()
    (between,) = contacts("between")
    flush_many()
    (after,) = contacts("after")
    session.flush()

    assert known.id < first.id < second.id < between.id < after.id


def test_numbering_inserts_nothing_yet(app, queries):
    contacts("first", "second")
    with queries() as made:
        number_new()
        assert not any(statement.startswith("INSERT") for statement in made)
        flush_many()

    assert [statement.split()[0] for statement in made if "contacts (" in statement] == ["INSERT"]
    assert not any(statement.startswith("UPDATE") for statement in made)


def test_the_number_of_a_ticket_that_was_removed_is_not_used_again(team, carla):
    session.flush()
    opening = Opening(team, carla, "Gone", "Soon")
    (gone,) = open_tickets([opening])
    for one in (*gone.events, *gone.messages):
        session.delete(one)
    session.flush()
    session.delete(gone)
    session.flush()
    number = gone.id
    one, other = open_tickets([Opening(team, carla, f"Stays {n}", "Here") for n in (1, 2)])

    assert number < one.number < other.number < open_ticket(team, carla, "Next", "Last").number


def test_many_tickets_take_as_few_statements_as_one(team, carla, queries):
    session.flush()
    open_tickets([Opening(team, carla, "First", "Of all")])

    def statements(count):
        openings = [Opening(team, carla, f"Ticket {n}", "Help") for n in range(count)]
        with queries() as made:
            open_tickets(openings)
        return len(made)

    assert statements(20) <= statements(1)
