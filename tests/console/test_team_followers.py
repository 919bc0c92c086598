"""Agents follow a team that they see, and stop, without an administrator (R-VIS-1)."""

import pytest

from models import session


@pytest.fixture
def arthurs(team, arthur, sign_in):
    """Arthur, who is no member, before the board."""
    client = sign_in(arthur)

    class Board:
        address = f"/console/teams/{team.id}"

        def get(self):
            return client.get(self.address)

        def post(self, deed):
            answer = client.post(f"{self.address}/{deed}")
            session.expire_all()
            return answer

    return Board()


def test_a_colleague_follows_a_team_and_stops(arthurs, team, arthur):
    assert "Follow this team" in arthurs.get().text
    assert arthurs.post("following").location == arthurs.address and arthur.contact in team.followers

    assert "Stop following" in arthurs.get().text
    assert arthurs.post("unfollowing").location == arthurs.address and arthur.contact not in team.followers


def test_a_member_follows_and_is_not_let_go(arthurs, team, arthur):
    team.set_members([arthur])
    session.commit()

    assert "Follow this team" not in arthurs.get().text and "Stop following" not in arthurs.get().text
    arthurs.post("unfollowing")
    assert arthur.contact in team.followers
    assert "members follow it" in arthurs.get().text


def test_whoever_stops_following_a_private_team_is_led_out_of_it(arthurs, team, arthur):
    team.visibility = "private"
    session.commit()
    assert arthurs.get().status_code == 404
    team.add_follower(arthur.contact)
    session.commit()

    assert arthurs.post("unfollowing").location == "/console/"
    assert arthurs.get().status_code == 404 and arthurs.post("following").status_code == 404
