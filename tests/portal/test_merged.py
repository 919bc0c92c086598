"""R-MERGE-3 at the customer's doors: the old mail's link and My tickets after a merge."""

import io

import pytest

from mail.rendering import render
from models import Delivery, Upload, open_ticket, session
from models.closing import TicketClosed


@pytest.fixture
def other(team, paul, agnes):
    """Paul's ticket about the same fire, with a file, merged into Carla's."""
    ticket = open_ticket(team, paul, "Smell in room 5", "I am in a hurry.", by=agnes.contact)
    ticket.reply(paul, "Look", [Upload("paul.txt", "text/plain", io.BytesIO(b"Paul's"))])
    session.commit()
    return ticket


@pytest.fixture
def merged(other, printer, agnes, carla):
    printer.reply(carla, "Carla's secret", [Upload("carla.txt", "text/plain", io.BytesIO(b"Carla's"))])
    other.merge_into(printer, agnes.contact)
    printer.reply(agnes.contact, "We come to all of you.")
    session.commit()
    return other


def address(ticket, contact):
    link = f"/ticket/{ticket.link_for(contact).token}"
    session.commit()
    return link


def text(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.text


def whole(delivery) -> str:
    """The mail as its reader gets it: headers and both texts, decoded."""
    mail = render(delivery)
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *texts])


OTHERS = ("Carla", "carla", "smokes", "on fire", "secret")


def test_the_old_mails_link_shows_their_own_conversation_and_what_came_later(client, merged, paul, printer):
    page = text(client, address(merged, paul))

    for words in ("Smell in room 5", "I am in a hurry.", "paul.txt", "We come to all of you.", f"#{merged.id}"):
        assert words in page
    for words in (*OTHERS, f"#{printer.id}<"):
        assert words not in page


def test_the_customer_of_the_one_that_stays_sees_no_word_of_the_other(client, merged, carla, printer):
    page = text(client, address(printer, carla))

    assert "secret" in page and "We come to all of you." in page
    for words in ("Paul", "hurry", "Smell", "paul.txt"):
        assert words not in page


def test_my_tickets_lists_the_own_ticket_in_the_state_of_the_one_that_stays(merged, paul, printer, person, sign_in):
    client = sign_in(person("Paul Petit", role="portal", email=paul.email))
    listed = text(client, "/my/tickets?status=open")

    assert "Smell in room 5" in listed and "In progress" not in listed and "Customer feedback" in listed
    assert "on fire" not in listed
    assert "Smell" not in text(client, "/my/tickets?status=closed")
    assert "Smell" in text(client, "/my/tickets?q=hurry")
    assert "Smell" not in text(client, "/my/tickets?q=secret")
    page = text(client, f"/my/tickets/{merged.id}")
    assert "We come to all of you." in page and "secret" not in page
    assert client.get(f"/my/tickets/{printer.id}").status_code == 404


def test_a_search_shows_no_line_of_the_other_customer(merged, paul, carla, printer, person, sign_in):
    merged.reply(paul, "It smokes in my bedroom, too.")
    session.commit()
    carlas = sign_in(person("Carla Conti", role="portal", email=carla.email))
    pauls = sign_in(person("Paul Petit", role="portal", email=paul.email))

    listed = text(carlas, "/my/tickets?q=smokes")
    assert "since this morning" in listed and "bedroom" not in listed
    listed = text(pauls, "/my/tickets?q=smokes")
    assert "in my bedroom" in listed and "since this morning" not in listed


def test_what_is_written_there_reaches_the_one_that_stays(client, merged, paul, printer, carla):
    answer = client.post(address(merged, paul) + "/replies", data={"body": "Thank you all"})

    assert answer.status_code == 303
    session.expire_all()
    assert [message.body for message in printer.messages][-1] == "Thank you all"
    assert "Thank you all" in text(client, address(merged, paul))
    assert "Thank you all" not in text(client, address(printer, carla))


def test_an_empty_reply_there_is_refused_at_the_field_as_elsewhere(merged, paul, person, sign_in):
    client = sign_in(person("Paul Petit", role="portal", email=paul.email))
    answer = client.post(f"/my/tickets/{merged.id}/replies", data={"body": ""})

    assert answer.status_code == 422
    assert "Write something, or add a file." in answer.text and "Smell in room 5" in answer.text


def test_files_obey_the_rule_of_their_message(client, merged, paul, carla, printer):
    files = {file.name: file.id for message in printer.messages for file in message.attachments}

    assert client.get(f"{address(merged, paul)}/attachments/{files['paul.txt']}").status_code == 200
    assert client.get(f"{address(merged, paul)}/attachments/{files['carla.txt']}").status_code == 404
    assert client.get(f"{address(printer, carla)}/attachments/{files['paul.txt']}").status_code == 404


def test_nobody_closes_or_rates_the_ticket_of_another(client, merged, paul, printer, team):
    team.closure_by_customers = True
    session.commit()
    link = address(merged, paul)

    assert "Close ticket" not in text(client, link)
    assert client.post(link + "/closing", data={}).status_code == 422
    assert client.post(link + "/rating", data={"score": "1"}).status_code == 422
    assert not printer.closed


def test_the_word_with_which_a_customer_closed_is_not_for_the_other(client, merged, paul, printer, carla, team):
    team.closure_by_customers = True
    printer.close_by_customer(carla, "Carla's last words")
    session.commit()
    page = text(client, address(merged, paul))

    assert "last words" not in page
    assert "by the customer" not in page


def test_mails_hold_no_word_of_the_other_customer(merged, paul, carla, printer, agnes):
    answer = printer.reply(agnes.contact, "Solved for all.")
    session.commit()
    for contact, foreign in ((paul, OTHERS), (carla, ("Paul", "paul@", "Smell", "hurry"))):
        delivery = session.query(Delivery).where(Delivery.message == answer, Delivery.contact == contact).one()
        mail = whole(delivery)
        assert "Solved for all." in mail
        assert not [words for words in foreign if words in mail]
        assert f"/ticket/{delivery.ticket.link_for(contact).token}" in mail


def test_the_notice_of_a_merge_names_only_their_own(other, printer, agnes, paul):
    other.merge_into(printer, agnes.contact, tell=True)
    session.flush()
    mail = whole(session.query(Delivery).where(Delivery.kind == "merged").one())

    assert f"#{other.id}" in mail and "Smell in room 5" in mail
    assert not [words for words in (*OTHERS, f"#{printer.id}") if words in mail]


def test_a_mail_that_waits_goes_out_no_more_after_the_undo(merged, printer, agnes, paul):
    from mail.recipient import Obsolete

    answer = printer.reply(agnes.contact, "For both")
    delivery = session.query(Delivery).where(Delivery.message == answer, Delivery.contact == paul).one()
    merged.unmerge(agnes.contact)
    with pytest.raises(Obsolete):
        render(delivery)


def test_after_the_undo_each_has_their_own_again(client, merged, paul, printer, agnes):
    merged.unmerge(agnes.contact)
    session.commit()
    page = text(client, address(merged, paul))

    assert "I am in a hurry." in page
    assert "We come to all of you." not in page


def test_a_merged_ticket_of_ones_own_leads_to_the_one_that_stays(printer, agnes, carla, carlas_login, client, sign_in):
    again = open_ticket(printer.team, carla, "Printer burns", "Still on fire!")
    again.merge_into(printer, agnes.contact)
    session.commit()
    mine = sign_in(carlas_login)

    assert mine.get(f"/my/tickets/{again.id}").headers["Location"].endswith(f"/my/tickets/{printer.id}")
    assert "Printer burns" not in text(mine, "/my/tickets")
    page = text(client, address(again, carla))
    assert "Still on fire!" in page and "It smokes" in page and f"#{printer.id}" in page


def test_not_yet_without_a_word_is_nobodys_business_but_the_customers(merged, paul):
    with pytest.raises(TicketClosed):
        merged.not_solved(paul)


def test_the_list_costs_the_same_queries_whatever_was_merged(team, paul, carla, agnes, person, sign_in, queries):
    desk = sign_in(person("Paul", role="portal", email=paul.email))

    def cost(number):
        for n in range(number):
            stays, further = (open_ticket(team, carla, f"{word} {n}", "words") for word in ("Stays", "Further"))
            open_ticket(team, paul, f"Paul's {n}", "words").merge_into(stays, agnes.contact)
            stays.merge_into(further, agnes.contact)
        session.commit()
        with queries() as seen:
            page = desk.get("/my/tickets").text
        assert page.count("Paul&#39;s") >= number
        return len(seen)

    assert cost(2) == cost(9) <= 12
