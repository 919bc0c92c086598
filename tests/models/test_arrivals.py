"""R-STAGE-5: what a stage says is said once for each arrival; and who moves the same ticket at the same moment."""

import threading

import pytest
from sqlalchemy import func, select

from models import Company, Contact, Delivery, Event, Stage, Team, Ticket, make_team, open_ticket, session
from models.stage import NotInPipeline, StageHoldsTickets
from models.templates_shipped import ship_all, shipped
from tests.conftest import make_app

AT_ONCE = 4
ROUNDS = 5


@pytest.fixture
def asks(team):
    """The stage *Customer feedback*, which writes to the customer."""
    stage = next(one for one in team.stages if one.status == "answered")
    stage.email_template = shipped("Customer feedback asked")
    session.commit()
    return stage


def told(stage_template):
    return session.scalar(select(func.count(Delivery.id)).where(Delivery.template_id == stage_template.id))


def test_each_arrival_is_told_once_and_staying_is_no_arrival(asks, team, printer, agnes):
    for _ in range(3):
        printer.move_to(asks, by=agnes.contact)
        printer.move_to(asks, by=agnes.contact)
        session.commit()
        printer.move_to(team.stages[1], by=agnes.contact)
        session.commit()

    assert told(asks.email_template) == 3


def test_the_same_card_dragged_twice_is_one_arrival(asks, printer, agnes, sign_in):
    client, address = sign_in(agnes), f"/console/tickets/{printer.id}/moves"
    for _ in range(2):
        assert client.post(address, data={"stage": asks.id, "before": ""}).status_code == 303

    assert told(asks.email_template) == 1
    assert [event.kind for event in printer.events].count("stage") == 1


def test_a_new_place_in_the_same_column_is_no_arrival(asks, printer, agnes, sign_in, team, carla):
    other = open_ticket(team, carla, "Another", "Text", stage=asks)
    printer.move_to(asks, by=agnes.contact)
    session.commit()
    before = told(asks.email_template)
    sign_in(agnes).post(f"/console/tickets/{printer.id}/moves", data={"stage": asks.id, "before": other.id})

    assert told(asks.email_template) == before == 2


@pytest.fixture
def desk(empty_database, tmp_path):
    """(app, number of a ticket) on a database with real commits."""
    app = make_app(empty_database, tmp_path)
    with app.app_context():
        ship_all()
        team = make_team("Support", "support", Company(name="Acme"), visibility="public")
        for stage, template in zip(team.stages[1:3], ("Customer feedback asked", "Ticket resolved"), strict=True):
            stage.email_template = shipped(template)
        ticket = open_ticket(team, Contact(email="carla@client.example"), "The printer", "Burns.")
        session.commit()
        number = ticket.id
        session.remove()
    return app, number


def together(app, *verbs):
    """Each verb in a thread of its own, begun at the same moment and committed; what they raised."""
    gate, raised = threading.Barrier(len(verbs)), []

    def one(verb):
        with app.app_context():
            gate.wait()
            try:
                verb()
                session.commit()
            except Exception as error:
                session.rollback()
                raised.append(error)
            finally:
                session.remove()

    threads = [threading.Thread(target=one, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def move(number, place):
    def moved():
        ticket = session.get_one(Ticket, number)
        ticket.move_to(ticket.team.stages[place])

    return moved


def test_many_who_move_a_ticket_to_the_same_stage_at_once_are_one_arrival(desk):
    app, number = desk
    assert together(app, *(move(number, 1) for _ in range(AT_ONCE))) == []

    with app.app_context():
        assert session.scalar(select(func.count(Event.id)).where(Event.kind == "stage")) == 1
        assert session.scalar(select(func.count(Delivery.id)).where(Delivery.event.has(Event.kind == "stage"))) == 1


def test_two_who_move_a_ticket_to_different_stages_at_once_are_told_in_their_order(desk):
    app, number = desk
    assert together(app, move(number, 1), move(number, 2)) == []

    with app.app_context():
        ticket = session.get_one(Ticket, number)
        steps = [(event.from_, event.to) for event in ticket.events if event.kind == "stage"]
        assert len(steps) == 2 and steps[0][1] == steps[1][0] and steps[1][1] == ticket.stage.name
        assert session.scalar(select(func.count(Delivery.id)).where(Delivery.event.has(Event.kind == "stage"))) == 2


def test_a_stage_taken_from_the_team_while_a_ticket_moves_there_loses_nothing(desk):
    app, number = desk

    def remove():
        team = session.scalar(select(Team))
        team.remove_stage(team.stages[1], takes=team.stages[0])

    for _ in range(ROUNDS):
        raised = together(app, move(number, 1), remove)
        with app.app_context():
            ticket = session.get_one(Ticket, number)
            assert ticket.stage in ticket.team.stages
            assert all(isinstance(error, NotInPipeline | StageHoldsTickets) for error in raised), raised
            _begin_again(ticket)


def _begin_again(ticket):
    team, stages = ticket.team, Stage.all()
    team.set_stages(stages)
    ticket.move_to(team.stages[0])
    session.commit()
    session.remove()


def test_a_ticket_that_comes_while_its_stage_is_folded_is_closed_as_the_others(desk):
    app, number = desk

    def fold():
        session.scalars(select(Stage).order_by(Stage.position)).all()[1].fold(True)

    for _ in range(ROUNDS):
        assert together(app, move(number, 1), fold) == []
        with app.app_context():
            ticket = session.get_one(Ticket, number)
            assert ticket.closed and ticket.closing is not None
            ticket.stage.fold(False)
            _begin_again(ticket)
