"""The panel beside a ticket: the forms in it are loaded when they are opened."""

import pytest


@pytest.mark.parametrize(("name", "field"), [("edit", "subject"), ("phone", "phone"), ("follower", "email")])
def test_a_form_is_loaded_when_it_is_opened(agnes, printer, sign_in, name, field):
    client, page = sign_in(agnes), f"/console/tickets/{printer.number}"
    closed = client.get(page).text
    assert f'hx-get="?open={name}"' in closed and f'id="{field}"' not in closed

    opened = client.get(page, query_string={"open": name}).text
    assert f'id="{field}"' in opened and f'<details class="side-more" id="side-{name}" open>' in opened
    assert opened.count('hx-get="?open=') == 2  # the others stay as they were
