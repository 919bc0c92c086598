"""Who may pass where: every address of the portal, every kind of visitor."""

import pytest

from models import Contact, session

# For each address: what a stranger, Carla (the customer), Nina (another customer), Agnes (an agent who does not follow
# the ticket) and Ada (the administrator) get. 303 is the way to the sign-in for a stranger.
PAGES = {
    "/": (200, 200, 200, 200, 200),
    "/helpdesk/<slug>": (200, 200, 200, 200, 200),
    "/links": (200, 200, 200, 200, 200),
    "/links/sent": (200, 200, 200, 200, 200),
    "/login": (200, 303, 303, 303, 303),
    "/signup": (200, 200, 200, 200, 200),
    "/reset": (200, 200, 200, 200, 200),
    "/my": (303, 303, 303, 303, 303),
    "/my/tickets": (303, 200, 200, 200, 200),
    "/my/account": (303, 200, 200, 200, 200),
    "/my/tickets/<int:number>": (303, 200, 404, 404, 404),
    "/my/tickets/<int:number>/attachments/<int:id>": (303, 200, 404, 404, 404),
    # the file is no picture: nobody gets it as one
    "/my/tickets/<int:number>/attachments/<int:id>/picture": (303, 404, 404, 404, 404),
    "/ticket/<token>/attachments/<int:id>/picture": (404, 404, 404, 404, 404),
    "/ticket/<token>": (200, 200, 200, 200, 200),
    "/ticket/<token>/attachments/<int:id>": (200, 200, 200, 200, 200),
}
POSTS = {
    "/helpdesk/<slug>": (422, 422, 422, 422, 422),
    "/links": (422, 422, 422, 422, 422),
    "/login": (422, 422, 422, 422, 422),
    "/logout": (303, 303, 303, 303, 303),
    "/signup": (422, 422, 422, 422, 422),
    "/reset": (422, 422, 422, 422, 422),
    "/my/account": (303, 422, 422, 422, 422),
    "/my/account/password": (303, 422, 422, 422, 422),
    "/my/tickets/<int:number>/replies": (303, 422, 404, 404, 404),
    "/my/tickets/<int:number>/closing": (303, 422, 404, 404, 404),
    "/my/tickets/<int:number>/reopening": (303, 303, 404, 404, 404),
    "/my/tickets/<int:number>/rating": (303, 422, 404, 404, 404),
    "/my/tickets/<int:number>/unfollowing": (303, 303, 404, 404, 404),
    "/ticket/<token>/replies": (422, 422, 422, 422, 422),
    "/ticket/<token>/closing": (422, 422, 422, 422, 422),
    "/ticket/<token>/reopening": (303, 303, 303, 303, 303),
    "/ticket/<token>/rating": (422, 422, 422, 422, 422),
    "/ticket/<token>/fresh": (303, 303, 303, 303, 303),
}
VISITORS = ("stranger", "carla", "nina", "agnes", "ada")


@pytest.fixture
def file_id(printer, carla, app):
    from models import Upload

    from .conftest import file

    stream, name, kind = file()
    message = printer.reply(carla, "See", attachments=[Upload(name, kind, stream)])
    session.commit()
    return message.attachments[0].id


@pytest.fixture
def visit(client, sign_in, person, carlas_login, agnes, ada, printer, link, file_id):
    """A function (visitor, rule, method) that asks for the address and returns the answer."""
    clients = {
        "stranger": client,
        "carla": sign_in(carlas_login),
        "nina": sign_in(person("Nina", role="portal")),
        "agnes": sign_in(agnes),
        "ada": sign_in(ada),
    }

    def ask(visitor, rule, method):
        parts = {
            "/ticket/<token>": link, "<slug>": "support", "<int:number>": str(printer.number), "<int:id>": str(file_id),
        }  # fmt: skip
        for name, value in parts.items():
            rule = rule.replace(name, value)
        return clients[visitor].open(rule, method=method)

    return ask


@pytest.mark.parametrize("rule", PAGES)
def test_who_may_open_a_page(visit, rule):
    assert tuple(visit(visitor, rule, "GET").status_code for visitor in VISITORS) == PAGES[rule]


@pytest.mark.parametrize("rule", POSTS)
def test_who_may_send_a_form(visit, rule):
    assert tuple(visit(visitor, rule, "POST").status_code for visitor in VISITORS) == POSTS[rule]


def test_every_address_of_the_portal_stands_in_these_tables(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("portal.")]

    assert {rule.rule for rule in rules if "GET" in rule.methods} == set(PAGES)
    assert {rule.rule for rule in rules if "POST" in rule.methods} == set(POSTS)


def test_strangers_are_led_to_the_sign_in_and_back(client, printer):
    answer = client.get(f"/my/tickets/{printer.number}")

    assert answer.location == f"/login?next=/my/tickets/{printer.number}"


@pytest.mark.parametrize("what", ["", "/attachments/1"])
def test_a_hidden_ticket_is_answered_like_an_absent_one(sign_in, person, printer, what):
    nina = sign_in(person("Nina", role="portal"))
    absent = nina.get(f"/my/tickets/2000000000{what}")

    assert nina.get(f"/my/tickets/{printer.number}{what}").data == absent.data
    assert nina.get(f"/my/tickets/{10**30}{what}").data == absent.data
    assert absent.status_code == 404


@pytest.mark.parametrize("what", ["replies", "closing", "reopening", "rating"])
def test_nobody_acts_on_a_hidden_ticket(sign_in, person, printer, what):
    nina = sign_in(person("Nina", role="portal"))
    form = {"body": "Hello", "score": "5", "key": "k"}

    assert nina.post(f"/my/tickets/{printer.number}/{what}", data=form).status_code == 404
    assert nina.post(f"/my/tickets/2000000000/{what}", data=form).status_code == 404


@pytest.fixture
def follower(printer, person):
    """Nina, who follows Carla's ticket."""
    nina = person("Nina", role="portal")
    printer.add_follower(nina.contact)
    session.commit()
    return nina


def test_a_follower_reads_and_writes_but_neither_closes_nor_rates(sign_in, follower, printer, team):
    team.closure_by_customers = True
    session.commit()
    nina, address = sign_in(follower), f"/my/tickets/{printer.number}"

    page = nina.get(address)
    assert page.status_code == 200
    assert "Close ticket" not in page.text
    assert nina.post(f"{address}/replies", data={"body": "Me too", "key": "k"}).status_code == 303
    assert nina.post(f"{address}/closing", data={}).status_code == 422
    printer.close()
    session.commit()
    assert nina.post(f"{address}/rating", data={"score": "5"}).status_code == 422
    session.expire_all()
    assert printer.rating is None


def test_a_follower_whose_message_opens_a_follow_up_is_not_led_to_what_is_hidden(sign_in, follower, closed):
    from datetime import timedelta

    from models import Ticket, now

    closed.closing.at = now() - timedelta(days=30)
    session.commit()

    page = sign_in(follower).post(
        f"/my/tickets/{closed.number}/replies", data={"body": "Again", "key": "k"}, follow_redirects=True
    )

    assert page.status_code == 200
    assert session.query(Ticket).count() == 2


def test_leaving_public_ends_what_a_customer_sees_at_once(sign_in, carlas_login, printer, team):
    client = sign_in(carlas_login)
    assert client.get(f"/my/tickets/{printer.number}").status_code == 200

    team.change_visibility("company")
    session.commit()

    assert client.get(f"/my/tickets/{printer.number}").status_code == 404
    assert client.post(f"/my/tickets/{printer.number}/replies", data={"body": "x", "key": "k"}).status_code == 404


def test_an_agent_writing_here_on_a_closed_ticket_is_told_to_reopen_it(sign_in, closed, agnes):
    closed.add_follower(agnes.contact)
    session.commit()

    answer = sign_in(agnes).post(f"/my/tickets/{closed.number}/replies", data={"body": "One more thing", "key": "k"})

    assert answer.status_code == 422
    assert "Reopen it in the console first" in answer.text
    assert "One more thing" in answer.text
    assert Contact.by_email(agnes.email) is not None
