"""R-VIS: who may see what, asked of the one condition."""

import pytest
from sqlalchemy import select

from models import Company, Contact, Message, Team, Ticket, make_team, open_ticket, session
from models.follower import StillNeeded
from models.visibility import may_see, messages_visible_to, teams_visible_to, tickets_visible_to


def tickets(user):
    return set(session.scalars(select(Ticket.id).where(tickets_visible_to(user))))


@pytest.fixture
def other(team, company):
    """A ticket of another customer in the same team."""
    ticket = open_ticket(team, Contact.get_or_create("otto@client.example", "Otto"), "Toner", "Empty")
    session.commit()
    return ticket


def test_private_shows_invited_internal_users_only_what_they_follow(team, printer, other, agnes, arthur, ada):
    team.change_visibility("private")
    printer.add_follower(agnes.contact)
    session.commit()

    assert tickets(agnes) == {printer.id}
    assert not may_see(agnes, team)
    assert tickets(arthur) == set()
    assert tickets(ada) == {printer.id, other.id}

    team.add_follower(arthur.contact)
    assert tickets(arthur) == {printer.id, other.id}
    assert may_see(arthur, team)


def test_a_named_member_and_an_assignee_become_followers(team, printer, agnes, arthur):
    team.change_visibility("private")
    team.set_members([agnes])
    session.commit()
    assert tickets(agnes) == {printer.id}

    with pytest.raises(StillNeeded):
        team.remove_follower(agnes.contact)
    team.set_members([])
    team.remove_follower(agnes.contact)
    assert tickets(agnes) == set()


def test_company_shows_all_to_its_internal_users_and_nothing_to_customers(team, printer, agnes, carlas_login):
    team.change_visibility("company")
    session.commit()

    assert tickets(agnes) == {printer.id}
    assert tickets(carlas_login) == set()


def test_public_shows_portal_users_the_tickets_they_follow(team, printer, other, carlas_login, person):
    stranger = person("Sven", role="portal")
    assert tickets(carlas_login) == {printer.id}
    assert tickets(stranger) == set()

    other.add_follower(stranger.contact)
    assert tickets(stranger) == {other.id}


def test_a_removal_from_one_ticket_holds_until_added_again(team, printer, other, person):
    follower = person("Sven", role="portal").contact
    team.add_follower(follower)
    assert follower in printer.followers

    printer.remove_follower(follower)
    team.remove_follower(follower)
    team.add_follower(follower)
    assert tickets(follower.user) == {other.id}

    printer.add_follower(follower)
    assert tickets(follower.user) == {printer.id, other.id}


def test_leaving_public_removes_portal_users_and_going_back_returns_only_customers(team, printer, carlas_login, person):
    invited = person("Sven", role="portal")
    outsider = Contact.get_or_create("eve@elsewhere.example")
    team.add_follower(invited.contact)
    printer.add_follower(invited.contact)
    printer.add_follower(outsider)
    session.commit()

    assert team.change_visibility("company") == 1
    session.commit()
    assert (tickets(invited), tickets(carlas_login)) == (set(), set())

    team.change_visibility("public")
    session.commit()
    assert (tickets(invited), tickets(carlas_login)) == (set(), {printer.id})
    assert outsider in printer.followers


def test_another_company_sees_nothing(printer, person):
    foreign = Company(name="Globex")
    session.add(foreign)
    for role in ("agent", "administrator"):
        assert tickets(person(f"Gus {role}", role=role, companies=[foreign])) == set()


def test_administrators_see_private_teams_of_their_company_alone(team, company, ada):
    private = make_team("Payroll", "payroll", company, visibility="private")
    globex = make_team("Sales", "sales", Company(name="Globex"), visibility="private")
    session.commit()

    seen = set(session.scalars(select(Team.id).where(teams_visible_to(ada))))
    assert seen == {team.id, private.id}
    assert globex.id not in seen


def test_a_deactivated_user_sees_nothing(printer, agnes):
    agnes.deactivate()
    assert tickets(agnes) == set()


def test_notes_are_for_internal_users(printer, agnes, carla, carlas_login):
    printer.reply(agnes.contact, "He sounds angry", internal=True)
    session.commit()

    def seen(user):
        return len(session.scalars(select(Message).where(messages_visible_to(user))).all())

    assert (seen(agnes), seen(carlas_login), seen(None)) == (2, 1, 0)
