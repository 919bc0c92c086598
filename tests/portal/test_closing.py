"""How a customer closes where it is rare: a team without a folded stage, a ticket that was closed meanwhile."""

import pytest

from models import session


@pytest.fixture
def endless(team):
    """No stage is folded: Close leads to the last one (R-CLOSE-1)."""
    team.closing_stage.folded = False
    team.closing_stage.status = "resolved"
    team.closure_by_customers = True
    session.commit()
    return team


@pytest.fixture
def closed_meanwhile(printer, agnes, team):
    """Agnes closed it while Carla looked at the form."""
    team.closure_by_customers = True
    printer.close(by=agnes.contact, why="It burned down")
    session.commit()
    return printer


def close(client, link, **sent):
    answer = client.post(link + "/closing", data=sent, follow_redirects=True)
    session.expire_all()
    return answer


def test_without_a_folded_stage_nobody_is_told_that_it_is_closed(client, endless, printer, link):
    assert "Close ticket" in client.get(link).text
    page = close(client, link, comment="It works again", score="5")

    assert (printer.stage, printer.closed) == (endless.stages[-1], False)
    assert (printer.events[-2].why, printer.rating.score) == ("It works again", 5)
    assert "Thank you, we have noted it." in page.text
    assert "The ticket is closed" not in page.text


def test_there_nothing_is_offered_that_would_change_nothing(client, endless, printer, link):
    close(client, link)
    page = client.get(link).text

    assert "Close ticket" not in page and "Yes, it is solved" not in page and "Is it solved?" not in page
    assert "Not yet" in page
    events = len(printer.events)
    assert close(client, link, comment="Once more").status_code == 200
    assert len(printer.events) == events


def test_a_rating_sent_while_somebody_closed_is_kept(client, closed_meanwhile, link):
    page = close(client, link, comment="Well done", score="5")

    assert page.status_code == 200
    assert (closed_meanwhile.rating.score, closed_meanwhile.rating.comment) == (5, "Well done")
    assert closed_meanwhile.closing.how == "agent"


def test_a_word_sent_while_somebody_closed_is_not_lost(client, closed_meanwhile, link):
    page = close(client, link, comment="But the cable is missing")

    assert page.status_code == 422
    assert "But the cable is missing</textarea>" in page.text
    assert "closed meanwhile" in page.text
    assert closed_meanwhile.closing.why == "It burned down"


def test_a_closing_sent_twice_is_one(client, printer, team, link):
    team.closure_by_customers = True
    session.commit()
    for _ in range(2):
        assert close(client, link, comment="It works", score="5").status_code == 200

    assert [event.kind for event in printer.events] == ["created", "closed", "rated"]


def test_who_only_follows_a_closed_ticket_is_offered_nothing_that_is_refused(printer, person, sign_in, agnes):
    """A closed ticket is locked, its followers with it (R-CLOSE-8)."""
    fred = person("Fred", role="portal")
    printer.add_follower(fred.contact)
    session.commit()
    client, address = sign_in(fred), f"/my/tickets/{printer.id}"
    assert "Stop following" in client.get(address).text
    printer.close(by=agnes.contact)
    session.commit()

    assert "Stop following" not in client.get(address).text
    assert "The ticket is closed" in client.post(f"{address}/unfollowing", follow_redirects=True).text
    assert fred.contact in printer.followers
