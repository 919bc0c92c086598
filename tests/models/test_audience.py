"""Who can see a ticket by which way, and who would lose it."""

import pytest

from models import Company, Contact, session
from models.audience import losing_access, who_can_see
from models.setting_change import history_of, note_changes, settings_of


def by_name(audience):
    return {str(one.contact): one.ways for one in audience.people}


@pytest.fixture
def crowd(team, printer, agnes, arthur, ada, carlas_login, person):
    """Agnes is a member, Arthur the assignee, Sven follows the ticket, Ines the team; Eve is an outsider."""
    team.set_members([agnes])
    printer.assign_to(arthur, by=agnes.contact)
    printer.add_follower(person("Sven", role="portal").contact)
    team.add_follower(person("Ines", role="portal").contact)
    printer.add_follower(Contact.get_or_create("eve@elsewhere.example", "Eve"))
    session.commit()


def test_everybody_who_sees_the_ticket_is_named_with_the_ways(crowd, printer, carla):
    printer.link_for(carla)
    assert by_name(who_can_see(printer)) == {
        "Ada": ["administrator", "colleague"],
        "Agnes": ["colleague", "member", "team follower"],
        "Arthur": ["colleague", "assignee", "ticket follower"],
        "Carla Conti": ["customer", "link"],
        "Ines": ["team follower"],
        "Sven": ["ticket follower"],
    }


def test_in_a_private_team_only_the_invited_are(crowd, printer, team):
    team.change_visibility("private")
    session.commit()
    assert by_name(who_can_see(printer)) == {
        "Ada": ["administrator"],
        "Agnes": ["member", "team follower"],
        "Arthur": ["assignee", "ticket follower"],
    }


def test_who_would_lose_access_is_named_before(crowd, team, person):
    person("Nadia")
    assert by_name(losing_access(team, "company")) == {
        "Carla Conti": ["customer"],
        "Ines": ["team follower"],
        "Sven": ["ticket follower"],
    }
    lost = losing_access(team, "private")
    assert by_name(lost) == by_name(losing_access(team, "company")) | {
        "Arthur": ["colleague", "assignee", "ticket follower"],
        "Nadia": ["colleague"],
    }
    assert lost.count == 5
    assert losing_access(team, "public").count == 0


def test_who_would_lose_a_team_that_goes_to_another_company_is_named_before(crowd, team, agnes, person):
    """R-VIS-8: of all its people those stay who belong to that company, too."""
    globex = Company(name="Globex")
    agnes.companies.append(globex)
    person("Gus", companies=[globex])
    session.commit()
    assert by_name(losing_access(team, "public", globex)) == {
        "Ada": ["administrator", "colleague"],
        "Arthur": ["colleague", "assignee", "ticket follower"],
    }
    assert losing_access(team, "public", team.company).count == 0
    team.change_visibility("private")
    person("Nadia")
    assert by_name(losing_access(team, "private", globex)) == {
        "Ada": ["administrator"],
        "Arthur": ["assignee", "ticket follower"],
    }


def test_long_lists_name_some_and_count_all(team, person, monkeypatch):
    monkeypatch.setattr("models.audience.NAMED", 2)
    for number in range(5):
        person(f"Agent {number}")
    lost = losing_access(team, "private")
    assert (len(lost.people), lost.count, lost.unnamed) == (2, 5, 3)


def test_changes_of_settings_are_written_down(team, agnes, ada):
    before = settings_of(team)
    team.auto_close, team.reopen_days = True, 14
    team.set_members([agnes])
    changes = note_changes(team, before, by=ada.contact)
    session.commit()

    assert {(one.setting, one.from_, one.to) for one in changes} == {
        ("auto_close", "no", "yes"),
        ("reopen_days", "7", "14"),
        ("members", "", "agnes@acme.example"),
    }
    assert [one.by for one in history_of(team)] == [ada.contact] * 3
    assert note_changes(team, settings_of(team)) == []
