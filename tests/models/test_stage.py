"""R-STAGE and R-TEAM: pipelines, moves, and the mail of a stage."""

import pytest
from sqlalchemy import select

from models import Delivery, Stage, make_team, open_ticket, session
from models.board import Board, fold_column
from models.placing import place_before
from models.stage import NotInPipeline, StageHoldsTickets, order_stages


def names(team):
    return [stage.name for stage in team.stages]


def test_a_new_team_has_the_standard_pipeline(team):
    assert names(team) == ["New", "In progress", "Customer feedback", "Resolved", "Closed"]
    assert [stage.ticket_status for stage in team.stages] == ["new", "open", "answered", "resolved", "closed"]


def test_the_second_team_shares_the_stages(team, company):
    second = make_team("Sales", "sales", company)
    assert second.stages == team.stages
    assert second.address == "sales@desk.example"


def test_the_first_stage_sends_the_received_mail_once_per_arrival(printer, agnes, team):
    new, progress = team.stages[:2]

    def received():
        return session.scalars(select(Delivery).where(Delivery.kind == "stage")).all()

    assert [mail.template.name for mail in received()] == ["Ticket received"]
    printer.move_to(new, by=agnes.contact)
    printer.move_to(progress, by=agnes.contact)
    printer.move_to(progress, by=agnes.contact)
    assert len(received()) == 1
    printer.move_to(new, by=agnes.contact)
    assert len(received()) == 2


def test_a_ticket_cannot_go_to_a_stage_of_other_teams(printer, agnes):
    foreign = Stage(name="Elsewhere")
    session.add(foreign)
    with pytest.raises(NotInPipeline):
        printer.move_to(foreign, by=agnes.contact)


def test_the_conversation_moves_the_ticket(printer, agnes, carla):
    printer.reply(agnes.contact, "Which printer?")
    assert printer.stage.name == "Customer feedback"
    printer.reply(carla, "The red one")
    assert printer.stage.name == "In progress"
    printer.reply(agnes.contact, "A note", internal=True)
    assert printer.stage.name == "In progress"


def test_the_conversation_moves_nothing_where_the_team_does_not_want_it(printer, agnes, team):
    team.follow_conversation = False
    printer.reply(agnes.contact, "Which printer?")
    assert printer.stage.name == "New"


def test_a_stage_that_holds_tickets_goes_only_with_a_taker(printer, team, agnes):
    new, progress = team.stages[:2]
    with pytest.raises(StageHoldsTickets):
        team.set_stages(team.stages[1:])
    with pytest.raises(StageHoldsTickets):
        new.delete()

    new.delete(takes=progress, by=agnes.contact)
    session.commit()
    assert (printer.stage, "New" in names(team)) == (progress, False)


def test_the_order_is_the_same_everywhere(team, company):
    second = make_team("Sales", "sales", company)
    stages = list(team.stages)
    order_stages([stages[1], stages[0]])
    session.expire_all()
    assert names(team)[:2] == names(second)[:2] == ["In progress", "New"]


def test_a_change_of_team_keeps_the_shared_stage_and_drops_who_may_not_see(printer, agnes, arthur, company):
    printer.move_to(printer.team.stages[1], by=agnes.contact)
    printer.assign_to(agnes, by=agnes.contact)
    payroll = make_team("Payroll", "payroll", company, visibility="private")
    payroll.add_follower(arthur.contact)

    printer.edit(arthur.contact, team=payroll)
    session.commit()

    assert (printer.team, printer.stage.name, printer.assignee) == (payroll, "In progress", None)


def test_cards_stay_where_they_were_put(team, carla, agnes):
    tickets = [open_ticket(team, carla, f"Request {place}", "…") for place in range(3)]
    session.commit()

    def shown():
        return [card.subject[-1] for card in Board(agnes, team.id).columns()[0].cards]

    assert shown() == ["2", "1", "0"]
    for _ in range(60):  # often enough for the numbers between two cards to run out
        place_before(tickets[0], tickets[1])
        place_before(tickets[2], tickets[1])
    assert shown() == ["0", "2", "1"]
    place_before(tickets[0], None)
    assert shown() == ["2", "1", "0"]


def test_urgent_cards_come_first(team, carla, agnes):
    low, urgent = (open_ticket(team, carla, subject, "…") for subject in ("low", "urgent"))
    urgent.edit(agnes.contact, priority=3)
    place_before(low, urgent)
    session.commit()
    [first, second] = Board(agnes, team.id).columns()[0].cards
    assert (first.number, second.number) == (urgent.id, low.id)


def test_folding_a_column_is_one_users_view(team, printer, agnes, arthur):
    fold_column(agnes, team.first_stage.id, True)
    session.commit()

    assert Board(agnes, team.id).columns()[0].hidden
    assert not Board(arthur, team.id).columns()[0].hidden
    assert not printer.closed
