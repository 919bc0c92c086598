"""The merge page, merging, undoing, discarding, and the tickets around it."""

import re

import pytest

from models import Company, Contact, Lookalike, Ticket, make_team, open_ticket, session
from models.base import now
from models.lookalikes import compare_due_batch


@pytest.fixture
def again(team, carla, printer):
    ticket = open_ticket(team, carla, "Printer burns", "Still on fire!")
    session.commit()
    return ticket


@pytest.fixture
def other(team, printer):
    paul = Contact(email="paul@other.example", name="Paul Petit")
    session.add(paul)
    ticket = open_ticket(team, paul, "Fire in the office", "I am Paul and smell smoke.")
    session.commit()
    return ticket


@pytest.fixture
def client(sign_in, agnes):
    return sign_in(agnes)


def merge(client, *sources, into, **fields):
    return client.post("/console/mergings", data={"ticket": [one.id for one in sources], "into": into.id, **fields})


def fresh(ticket):
    session.expire_all()
    return session.get(Ticket, ticket.id)


def test_the_page_lists_the_tickets_with_how_alike_they_are(client, printer, again):
    again.edit(None, priority=3)
    session.commit()
    page = client.get(f"/console/merge?ticket={printer.id}&ticket={again.id}").text

    assert "Printer burns" in page and "same customer" in page and re.search(r"<b>\d+ %</b>", page)
    assert 'name="subject"' in page and 'name="priority"' in page and 'name="assignee"' not in page
    assert "No old message is mailed again." in page and "</svg>Merge</button>" in page


def test_merging_leads_to_the_ticket_that_stays(client, printer, again):
    answer = merge(client, again, into=printer, subject=again.id)

    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"/console/tickets/{printer.id}")
    assert fresh(printer).subject == "Printer burns"
    page = client.get(f"/console/tickets/{printer.id}").text
    assert f"from #{again.id}" in page and "Still on fire!" in page and "Undo" in page
    assert client.get(f"/console/tickets/{again.id}").headers["Location"].endswith(f"/console/tickets/{printer.id}")


def test_the_merged_ticket_itself_can_still_be_looked_at(client, printer, again):
    merge(client, again, into=printer)
    page = client.get(f"/console/tickets/{again.id}?own=1").text

    assert "Still on fire!" in page and "Undo the merge" in page and "Reopen" not in page


def test_no_form_leads_out_of_a_merge_but_its_undo(client, printer, again, team, agnes):
    again.merge_into(printer, agnes.contact)
    session.commit()
    address, there = f"/console/tickets/{again.id}", team.stages[1].id
    for form, data in (("moves", {"stage": there}), ("reopening", {}), ("edit", {"priority": 3, "subject": "x"})):
        page = client.post(f"{address}/{form}", data=data)
        assert page.status_code == 422 and "undo the merge" in page.text, form
    said = client.post("/console/tickets/bulk", data={"ticket": again.id, "action": "move", "stage": there})
    assert said.status_code == 303
    session.expire_all()
    assert (again.closed, again.merged_into, again.closing.how) == (True, printer, "merge")


def test_different_customers_are_said_and_asked_about(client, printer, other):
    page = client.get(f"/console/merge?ticket={printer.id}&ticket={other.id}").text
    assert "Customers see neither words nor addresses of each other." in page and "Paul Petit" in page
    answer = merge(client, other, into=printer)

    assert answer.status_code == 422 and "Merge all the same" in answer.text
    assert fresh(other).merged_into is None
    assert merge(client, other, into=printer, confirmed="1").status_code == 303
    assert fresh(other).merged_into is not None


def test_nothing_is_merged_that_the_page_did_not_tell(client, printer, again, other):
    """R-MERGE-2b: who chooses another one that stays after reading reads what changes then, a yes before counts not."""
    page = merge(client, printer, again, into=again, shown=printer.id)
    assert page.status_code == 422 and "Another ticket stays now." in page.text
    assert f'name="shown" value="{again.id}"' in page.text and "different customers" not in page.text
    page = merge(client, printer, other, into=other, shown=printer.id, confirmed="1")
    assert page.status_code == 422 and "different customers" in page.text
    assert {fresh(one).merged_into for one in (printer, again, other)} == {None}

    assert merge(client, printer, again, into=again, shown=again.id).status_code == 303
    assert fresh(printer).merged_into is again


def test_the_page_says_whose_updates_change_and_who_reads_more(client, company, printer, again, agnes, arthur):
    board = make_team("Board", "board", company, visibility="private")
    board.add_follower(agnes.contact)
    secret = open_ticket(board, printer.customer, "Secret", "Secret")
    again.add_follower(arthur.contact)
    session.commit()
    page = client.get(f"/console/merge?ticket={again.id}&ticket={secret.id}&into={secret.id}").text
    assert "These colleagues get no updates any more" in page and "Arthur" in page
    page = client.get(f"/console/merge?ticket={again.id}&ticket={secret.id}&into={again.id}").text
    assert "These colleagues will read what they could not see before" in page and "Arthur" in page
    page = client.get(f"/console/merge?ticket={again.id}&ticket={printer.id}").text
    assert "From now on these people get the updates" in page and "Arthur" in page


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda x: {"ticket": [x["printer"].id], "into": x["printer"].id}, "merged with itself"),
        (lambda x: {"ticket": [x["merged"].id], "into": x["printer"].id}, "was merged already"),
        (lambda x: {"ticket": [x["again"].id], "into": x["merged"].id}, "go round in a circle"),
        (lambda x: {"ticket": [x["closed"].id], "into": x["printer"].id}, "is closed"),
        (lambda x: {"ticket": [x["hidden"].id], "into": x["printer"].id}, "There is no such ticket"),
        (lambda x: {"ticket": [999_999], "into": x["printer"].id}, "There is no such ticket"),
        (lambda x: {"ticket": [x["printer"].id], "into": x["hidden"].id}, "There is no such ticket"),
        (lambda x: {"ticket": [x["again"].id], "into": x["printer"].id, "subject": 999_999}, "Choose again"),
    ],
)
def test_what_cannot_be_merged_says_why_and_changes_nothing(client, printer, again, team, carla, agnes, bad, words):
    elsewhere = make_team("X", "x", Company(name="Globex"))
    world = {
        "printer": printer, "again": again, "hidden": open_ticket(elsewhere, carla, "Hidden", "Hidden"),
        "closed": open_ticket(team, carla, "Closed", "Closed"), "merged": open_ticket(team, carla, "Merged", "Merged"),
    }  # fmt: skip
    world["closed"].close(by=agnes.contact)
    world["merged"].merge_into(again, agnes.contact)
    session.commit()
    before = {ticket.id: (ticket.merged_into_id, ticket.stage_id) for ticket in session.query(Ticket)}
    answer = client.post("/console/mergings", data=bad(world))

    assert answer.status_code == 422 and words in answer.text
    assert "Hidden" not in answer.text
    session.expire_all()
    assert {ticket.id: (ticket.merged_into_id, ticket.stage_id) for ticket in session.query(Ticket)} == before


def test_across_companies_it_is_refused(sign_in, printer, carla, company, person):
    globex = Company(name="Globex")
    elsewhere = open_ticket(make_team("X", "x", globex), carla, "X", "X")
    session.commit()
    both = sign_in(person("Both", companies=[company, globex]))

    assert "belongs to another company" in merge(both, elsewhere, into=printer, confirmed="1").text


def test_fifty_one_at_once_are_too_many(client, printer, team, carla):
    many = [open_ticket(team, carla, f"Ticket {number}", "Text") for number in range(50)]
    session.commit()
    answer = merge(client, *many, into=printer)

    assert answer.status_code == 422 and "At most 50 tickets" in answer.text


def test_what_cannot_be_merged_is_said_before_somebody_tries(client, printer, again, team, carla, agnes):
    again.close(by=agnes.contact)
    session.commit()
    page = client.get(f"/console/merge?ticket={printer.id}&ticket={again.id}").text
    assert f"Ticket #{again.id} is closed." in page
    assert "What changes" not in page and "</svg>Merge</button>" not in page
    numbers = [open_ticket(team, carla, f"Ticket {number}", "Text").id for number in range(51)]
    session.commit()
    words = "&".join(f"ticket={number}" for number in numbers)
    assert "At most 50 tickets" in client.get(f"/console/merge?{words}").text


def test_all_that_a_list_shows_can_be_merged(client, printer, again, other):
    ticked = {"action": "merge", "all": "1", "words": "q=fire"}
    answer = client.post("/console/tickets/bulk", data=ticked)

    assert answer.status_code == 303
    merged = re.findall(r"ticket=(\d+)", answer.headers["Location"])
    assert sorted(map(int, merged)) == [printer.id, again.id, other.id]


def test_undo_from_the_history(client, printer, again, other):
    merge(client, again, other, into=printer, confirmed="1")
    answer = client.post(f"/console/tickets/{again.id}/unmerging")

    assert answer.headers["Location"].endswith(f"/console/tickets/{printer.id}")
    assert fresh(again).merged_into is None and fresh(other).merged_into is not None


def test_the_latest_merge_is_undone_as_a_whole(client, printer, again, other, team, carla):
    earlier = open_ticket(team, carla, "Earlier", "Earlier")
    session.commit()
    merge(client, earlier, into=printer)
    merge(client, again, other, into=printer, confirmed="1")
    client.post(f"/console/tickets/{printer.id}/unmerging")

    assert [fresh(one).merged_into_id for one in (earlier, again, other)] == [printer.id, None, None]


def test_an_undo_that_somebody_else_carried_out_is_no_error(client, printer, again):
    merge(client, again, into=printer)
    for _ in range(2):
        answer = client.post(f"/console/tickets/{printer.id}/unmerging", data={"ticket": again.id})
        assert answer.status_code == 303
    assert client.post(f"/console/tickets/{again.id}/unmerging").status_code == 303
    assert fresh(again).merged_into_id is None


def test_who_does_not_see_the_other_ticket_cannot_undo(client, sign_in, company, again, arthur, agnes):
    board = make_team("Board", "board", company, visibility="private")
    board.add_follower(agnes.contact)
    secret = open_ticket(board, again.customer, "Secret", "Secret")
    again.merge_into(secret, agnes.contact)
    session.commit()
    arthurs = sign_in(arthur)

    assert arthurs.post(f"/console/tickets/{again.id}/unmerging").status_code == 422
    page = arthurs.get(f"/console/tickets/{again.id}").text
    assert "Still on fire!" in page and "Secret" not in page
    assert fresh(again).merged_into is not None


def test_discard_is_remembered(client, printer, again):
    compare_due_batch(now())
    session.commit()
    answer = client.post("/console/dismissals", data={"ticket": [printer.id, again.id]})

    assert answer.status_code == 303
    assert session.query(Lookalike).one().dismissed_at is not None


def test_the_ticket_page_and_the_list_suggest_likely_duplicates(client, printer, team, carla):
    twin = open_ticket(team, carla, "The printer is on fire", "It smokes since this morning.")
    compare_due_batch(now())
    session.commit()

    assert (
        f"/console/merge?ticket={printer.id}&amp;ticket={twin.id}"
        in client.get(f"/console/tickets/{printer.id}/duplicates").text
    )
    side = client.get(f"/console/tickets/{printer.id}/duplicates").text
    assert "same customer" in side and "100 % of the text" in side
    listed = client.get("/console/tickets?duplicates=1").text
    assert "The printer is on fire" in listed and f"% like #{twin.id}" in listed and f"% like #{printer.id}" in listed
    assert "% like #" not in client.get("/console/tickets").text


def test_of_one_ticket_alone_the_most_alike_are_offered(client, printer, again):
    page = client.get(f"/console/merge?ticket={printer.id}").text

    assert f'name="ticket" value="{again.id}"' in page and "same customer" in page


def test_while_a_ticket_is_written_what_is_like_it_shows(client, printer, team):
    typed = {"subject": "Printer on fire", "description": "It smokes since this morning", "email": "x@y.example"}
    page = client.post("/console/tickets/similar", data={**typed, "team": team.id}).text

    assert f"/console/tickets/{printer.id}" in page
    assert "/console/tickets/" not in client.post("/console/tickets/similar", data={"subject": "Zebra"}).text


def test_an_answer_to_a_ticket_that_was_merged_meanwhile_is_kept_and_not_sent(client, printer, again):
    merge(client, again, into=printer)
    answer = client.post(f"/console/tickets/{again.id}/replies", data={"body": "For Carla alone", "key": "k"})

    assert answer.status_code == 422 and "For Carla alone" in answer.text
    assert len(fresh(printer).messages) == 2


def test_an_answer_to_a_ticket_that_got_more_readers_meanwhile_is_asked_about_once(client, printer, other, agnes):
    page = client.get(f"/console/tickets/{printer.id}").text
    assert 'name="merged" value="0"' in page and "by a merged ticket" not in page
    other.merge_into(printer, agnes.contact)
    session.commit()
    said = {"body": "For Carla alone", "key": "k", "seen": 2_000_000_000}
    answer = client.post(f"/console/tickets/{printer.id}/replies", data={**said, "merged": 0})

    assert answer.status_code == 422 and "For Carla alone" in answer.text and "was merged into this one" in answer.text
    assert "Paul Petit" in answer.text and "by a merged ticket" in answer.text
    assert len(fresh(printer).messages) == 2
    again = re.search(r'name="merged" value="(\d+)"', answer.text)[1]
    assert client.post(f"/console/tickets/{printer.id}/replies", data={**said, "merged": again}).status_code == 303
    note = {"body": "Between us", "internal": "y", "key": "n", "merged": 0}
    assert client.post(f"/console/tickets/{printer.id}/replies", data=note).status_code == 303


def test_a_message_is_split_off_and_brought_back(client, printer, carla):
    message = printer.reply(carla, "My chair squeaks.")
    session.commit()
    page = f"/console/tickets/{printer.id}/messages/{message.id}"
    assert "My chair squeaks." in client.get(page).text
    answer = client.post(page + "/moves", data={"to": "new", "subject": "Chair"})
    made = session.query(Ticket).order_by(Ticket.id.desc()).first()

    assert (answer.status_code, made.subject) == (303, "Chair")
    back = f"/console/tickets/{made.id}/messages/{message.id}"
    assert f"Back to #{printer.id}" in client.get(back).text
    assert client.post(back + "/moves", data={"to": "back"}).status_code == 303
    assert fresh(made).merged_into_id == printer.id


def test_moving_a_message_to_another_customers_ticket_asks_first(client, printer, other, carla):
    message = printer.reply(carla, "My chair squeaks.")
    session.commit()
    address = f"/console/tickets/{printer.id}/messages/{message.id}/moves"
    answer = client.post(address, data={"to": "other", "other": other.id})
    assert answer.status_code == 422 and "Move all the same" in answer.text
    assert client.post(address, data={"to": "other", "other": other.id, "confirmed": "1"}).status_code == 303

    assert [one.id for one in fresh(other).messages][-1] == message.id


def test_who_can_see_a_merged_ticket_names_the_customers_of_its_parts(client, printer, other, agnes):
    other.merge_into(printer, agnes.contact)
    session.commit()
    page = client.get(f"/console/tickets/{printer.id}/audience").text

    assert "Paul Petit" in page and "merged into this one" in page


def test_the_merge_page_costs_the_same_with_two_and_with_twenty_tickets(client, printer, team, carla, queries):
    numbers = [printer.id]
    for number in range(19):
        customer = Contact.get_or_create(f"c{number}@client.example")
        numbers.append(open_ticket(team, customer, f"Fire {number}", "It smokes.").id)
    session.commit()

    def cost(chosen):
        session.remove()
        with queries() as seen:
            assert client.get("/console/merge?" + "&".join(f"ticket={number}" for number in chosen)).status_code == 200
        return len(seen)

    assert cost(numbers[:2]) == cost(numbers) <= 12
