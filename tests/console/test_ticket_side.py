"""The panel beside a ticket: the forms in it are loaded when they are opened."""

import pytest

from models import Contact, session


@pytest.mark.parametrize(("name", "field"), [("edit", "subject"), ("phone", "phone"), ("follower", "email")])
def test_a_form_is_loaded_when_it_is_opened(agnes, printer, sign_in, name, field):
    client, page = sign_in(agnes), f"/console/tickets/{printer.number}"
    closed = client.get(page).text
    assert f'hx-get="?open={name}"' in closed and f'id="{field}"' not in closed

    opened = client.get(page, query_string={"open": name}).text
    assert f'id="{field}"' in opened and f'<details class="side-more" id="side-{name}" open>' in opened
    assert opened.count('hx-get="?open=') == 3  # the others stay as they were


def test_the_people_a_ticket_can_be_given_to_are_loaded_when_their_menu_is_opened(agnes, arthur, printer, sign_in):
    client, page = sign_in(agnes), f"/console/tickets/{printer.number}"
    closed, choice = client.get(page).text, f'name="assignee" value="{arthur.id}"'
    assert 'id="pick-assignee" data-menu hx-get="?open=assignee"' in closed and choice not in closed
    assert 'href="?open=assignee#pick-assignee"' in closed  # without script

    opened = client.get(page, query_string={"open": "assignee"}).text
    assert 'id="pick-assignee" data-menu open>' in opened and choice in opened


def test_the_history_calls_people_by_name_and_tells_no_name_for_an_address_that_somebody_wrote(
    agnes, arthur, printer, carla, sign_in
):
    stranger = Contact(email="stranger@client.example", name="Stanislas Strange")
    session.add(stranger)
    printer.assign_to(arthur, by=agnes.contact)
    printer.assign_to(None, by=agnes.contact)
    printer.remove_follower(arthur.contact)
    printer.edit(agnes.contact, subject=f"For {stranger.email}")
    printer.close(by=agnes.contact, why=f"asked {stranger.email}")
    session.commit()
    page = sign_in(agnes).get(f"/console/tickets/{printer.number}").text
    story = page.partition('id="story"')[2].partition("</section>")[0]
    assert f"to {arthur.name}" in story and arthur.email not in story
    assert stranger.email in story and stranger.name not in story
