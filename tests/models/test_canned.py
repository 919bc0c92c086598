"""Canned replies: whose, and found by what."""

import pytest

from models import CannedReply, Company, session
from models.canned import canned_reply, find_canned_replies
from models.template import UnknownPlaceholder


@pytest.fixture
def replies(agnes, arthur, company):
    globex = Company(name="Globex")
    made = [
        CannedReply(user=agnes, shortcut="thanks", title="Thank you", body="Thanks, {{ customer }}."),
        CannedReply(user=arthur, shortcut="mine", title="Arthur's own", body="Thanks"),
        CannedReply(user=arthur, company=company, shortcut="plug", title="Pull the plug", body="Do thanks"),
        CannedReply(company=globex, shortcut="other", title="Globex", body="Thanks"),
    ]
    session.add_all([globex, *made])
    session.commit()
    return made


def test_ones_own_are_found_and_those_of_the_company(replies, agnes, arthur):
    assert [one.shortcut for one in find_canned_replies(agnes)] == ["plug", "thanks"]
    assert [one.shortcut for one in find_canned_replies(arthur)] == ["mine", "plug"]
    assert canned_reply(agnes, replies[1].id) is canned_reply(agnes, replies[3].id) is None


def test_they_are_found_by_any_of_their_words_the_shortcut_first(replies, agnes):
    assert [one.shortcut for one in find_canned_replies(agnes, "tha")] == ["thanks", "plug"]
    assert [one.shortcut for one in find_canned_replies(agnes, "plug the")] == ["plug"]
    assert find_canned_replies(agnes, "%") == find_canned_replies(agnes, "nothing") == []


def test_who_left_the_company_loses_what_it_shares(replies, arthur):
    arthur.companies = []
    session.commit()
    assert [one.shortcut for one in find_canned_replies(arthur)] == ["mine"]


def test_on_a_ticket_of_another_company_only_ones_own_are_offered(replies, agnes):
    assert [one.shortcut for one in find_canned_replies(agnes, company=replies[3].company)] == ["thanks"]


def test_owners_change_theirs_and_administrators_what_is_shared(replies, agnes, arthur, ada):
    own, _, shared, elsewhere = replies
    assert own.changeable_by(agnes) and not own.changeable_by(ada)
    assert shared.changeable_by(arthur) and shared.changeable_by(ada) and not shared.changeable_by(agnes)
    assert not elsewhere.changeable_by(ada)


def test_placeholders_are_those_of_templates_that_have_a_value(replies):
    assert replies[0].fill({"customer": "Carla"}) == "Thanks, Carla."
    for name in ("nonsense", "link", "why"):
        with pytest.raises(UnknownPlaceholder):
            CannedReply(body=f"{{{{ {name} }}}}").check()
    replies[0].check()
