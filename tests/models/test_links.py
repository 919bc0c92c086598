"""R-LINK-1: what a signed link opens, and for how long."""

from datetime import timedelta

import pytest

from models import session
from models.base import now
from models.links import LinkRefused, code_for, contact_of_code, open_link

DAY = timedelta(days=1)


@pytest.fixture
def link(printer, carla):
    link = printer.link_for(carla)
    session.commit()
    return link


def refused(token, **about):
    with pytest.raises(LinkRefused) as refusal:
        open_link(token, **about)
    return refusal.value.link


def test_a_link_opens_its_ticket_and_no_other_purpose(link, printer):
    assert open_link(link.token).ticket is printer
    assert refused(link.token, purpose="rating") is None


@pytest.mark.parametrize("token", ["", "x", "WzEsMV0", "WzEsMV0.", "[1,1].aaaa", "é" * 10_000, "\x00"])
def test_what_we_did_not_sign_opens_nothing(link, token):
    assert refused(token) is None


def test_it_holds_while_the_ticket_is_open_and_180_days_after(link, printer, agnes):
    assert open_link(link.token, at=now() + 3000 * DAY) is link
    printer.close(by=agnes.contact)
    session.commit()
    closed = printer.closing.at

    assert open_link(link.token, at=closed + 180 * DAY) is link
    assert refused(link.token, at=closed + 180 * DAY + timedelta(seconds=1)) is link


def test_a_revoked_link_is_dead_and_a_fresh_one_leaves_it_dead(link, printer):
    old = link.token
    printer.revoke_links()
    assert refused(old) is link

    link.renew()
    assert refused(old) is link
    assert open_link(link.token) is link


def test_a_fresh_link_to_an_old_ticket_lives_again(link, printer, agnes):
    printer.close(by=agnes.contact, at=now() - 400 * DAY)
    link.issued_at = now() - 500 * DAY
    assert refused(link.token) is link
    link.renew()
    assert open_link(link.token) is link


def test_rotated_keys_still_open_old_links(link, app):
    token = link.token
    app.config.update(SECRET_KEY_FALLBACKS=[app.config["SECRET_KEY"]], SECRET_KEY="another key that is long enough too")
    assert open_link(token) is link
    assert link.token != token


def test_a_code_works_for_its_purpose_until_the_password_changes(agnes):
    code = code_for(agnes.contact, "reset")
    assert contact_of_code(code, "reset") is agnes.contact
    assert contact_of_code(code, "signup") is None
    assert contact_of_code(code + "x", "reset") is None

    agnes.set_password("another good passphrase")
    assert contact_of_code(code, "reset") is None


def test_only_the_newest_code_works(agnes):
    old = code_for(agnes.contact, "reset")
    agnes.contact.code_version += 1
    assert contact_of_code(old, "reset") is None
    assert contact_of_code(code_for(agnes.contact, "reset"), "reset") is agnes.contact
