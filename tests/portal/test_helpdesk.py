"""The start page and the public forms."""

import pytest
from werkzeug.datastructures import MultiDict

from models import Contact, Delivery, Message, make_team, session

from .conftest import file, key_in, plain, tickets


def test_the_start_page_shows_the_teams_that_take_requests(client, team, company):
    make_team("Hidden", "hidden", company, active=False)
    session.commit()

    page = client.get("/")

    assert page.status_code == 200
    assert "/helpdesk/support" in page.text
    assert "Hidden" not in page.text


def test_without_teams_the_start_page_says_so(client):
    assert "No team takes requests here yet" in client.get("/").text


def test_the_description_of_a_team_is_shown_as_clean_markup(client, team):
    team.description = "We **help** <script>alert(1)</script>"
    session.commit()

    page = client.get("/helpdesk/support").text

    assert "<strong>help</strong>" in page
    assert "<script>alert" not in page


def test_an_inactive_team_is_answered_like_an_unknown_one(client, team):
    team.active = False
    session.commit()

    hidden, absent = client.get("/helpdesk/support"), client.get("/helpdesk/nowhere")

    assert hidden.status_code == absent.status_code == 404
    assert hidden.data == absent.data


def test_a_request_becomes_a_ticket_with_its_files(client, team, request_form):
    answer = client.post("/helpdesk/support", data=request_form | {"attachments": [file("a.txt"), file("b.txt")]})

    assert answer.status_code == 303
    (ticket,) = tickets()
    assert (ticket.subject, ticket.customer.email, ticket.customer.name) == (
        "No heating", "carla@client.example", "Carla Conti",
    )  # fmt: skip
    assert [one.name for one in ticket.messages[0].attachments] == ["a.txt", "b.txt"]


def test_the_answer_shows_the_number_and_nothing_else_of_the_ticket(client, team, request_form):
    page = client.post("/helpdesk/support", data=request_form, follow_redirects=True)

    assert page.status_code == 200
    assert f"#{tickets()[0].number}" in page.text
    for private in ("No heating", "It is cold", "Carla", "carla@client.example"):
        assert private not in page.text


def test_known_and_unknown_addresses_get_the_same_answer(client, carla, request_form):
    def shape(page):
        number = tickets()[-1].number
        return page.status_code, plain(page).replace(f"#{number}", "#N")

    known = shape(client.post("/helpdesk/support", data=request_form, follow_redirects=True))
    stranger = request_form | {"email": "nobody@elsewhere.example"}

    assert shape(client.post("/helpdesk/support", data=stranger, follow_redirects=True)) == known


def test_a_forged_number_shows_the_form(client, team):
    assert 'name="subject"' in client.get("/helpdesk/support?received=12").text


@pytest.mark.parametrize("key", ["a1b2", ""])
def test_the_same_form_again_is_one_ticket_and_one_set_of_mails(client, team, request_form, key):
    for _ in range(3):
        assert client.post("/helpdesk/support", data=request_form | {"key": key}).status_code == 303

    assert len(tickets()) == 1
    assert session.query(Delivery).count() == 1


def test_an_edited_form_with_the_same_key_is_another_ticket(client, team, request_form):
    client.post("/helpdesk/support", data=request_form)
    client.post("/helpdesk/support", data=request_form | {"description": "And no water either."})

    assert len(tickets()) == 2


def test_each_form_has_a_key_of_its_own(client, team):
    assert key_in(client.get("/helpdesk/support")) != key_in(client.get("/helpdesk/support"))


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("email", "", "Write your e-mail address."),
        ("email", "carla", "This is no e-mail address"),
        ("email", "a@b.example\nBcc: c@d.example", "This is no e-mail address"),
        ("email", "Support@desk.example", "an address of this helpdesk"),
        ("email", "guichet@localhost.localdomain", "an address of this helpdesk"),
        ("subject", "", "Say in a few words"),
        ("subject", "x" * 251, "at most 250 characters"),
        ("description", "  ", "Describe what you need."),
        ("name", "", "Write your name."),
    ],
)
def test_what_cannot_be_sent_is_said_at_the_field_and_nothing_is_lost(client, team, request_form, field, typed, words):
    answer = client.post("/helpdesk/support", data=request_form | {field: typed})

    assert answer.status_code == 422
    assert words in answer.text
    kept = [value for name, value in request_form.items() if name != field]
    assert all(value in answer.text for value in kept)
    assert tickets() == []


def test_a_form_that_comes_back_reminds_of_its_files(client, team, request_form):
    answer = client.post("/helpdesk/support", data=request_form | {"subject": "", "attachments": [file()]})

    assert answer.status_code == 422
    assert "choose the files again" in answer.text


def test_control_characters_are_left_out(client, team, request_form):
    typed = {"description": "cold\x00 here", "subject": "No\x00 heating", "name": "Car\x00la", "key": "\x00"}

    assert client.post("/helpdesk/support", data=request_form | typed).status_code == 303
    assert (tickets()[0].subject, tickets()[0].messages[0].body) == ("No heating", "cold here")


def test_a_file_over_the_limit_is_refused_and_the_text_kept(app, client, team, request_form):
    app.config["MAX_ATTACHMENT_BYTES"] = 1000

    answer = client.post("/helpdesk/support", data=request_form | {"attachments": [file("big.bin", b"x" * 1001)]})

    assert answer.status_code == 422
    assert "“big.bin” is larger than 1 kB" in answer.text
    assert "It is cold in here." in answer.text


def test_files_over_the_limit_together_are_refused_and_the_text_kept(app, client, team, request_form):
    app.config["MAX_CONTENT_LENGTH"] = 3000
    files = [file(f"{n}.bin", bytes([n]) * 1600) for n in range(2)]

    answer = client.post("/helpdesk/support", data=request_form | {"attachments": files})

    assert answer.status_code == 422
    assert "larger than 3 kB together" in answer.text
    assert "It is cold in here." in answer.text


def test_too_many_files_are_refused(app, client, team, request_form):
    app.config["MAX_UPLOAD_FILES"] = 2

    answer = client.post("/helpdesk/support", data=request_form | {"attachments": [file(f"{n}.txt") for n in range(3)]})

    assert answer.status_code == 422
    assert "Choose at most 2 files." in answer.text


def test_what_is_far_too_large_is_not_even_read(app, client, team, request_form, monkeypatch):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    monkeypatch.setattr("portal.helpdesk.READ_BEYOND_BYTES", 0)

    answer = client.post("/helpdesk/support", data=request_form | {"attachments": [file("big.bin", b"x" * 5000)]})

    assert answer.status_code == 413
    assert "Go back: your text is still there" in answer.text


def test_who_is_signed_in_writes_as_themselves(sign_in, carlas_login, request_form):
    client = sign_in(carlas_login)

    assert "carla@client.example" in client.get("/helpdesk/support").text
    client.post("/helpdesk/support", data=request_form | {"email": "boss@client.example", "name": "Boss"})

    assert [ticket.customer.email for ticket in tickets()] == ["carla@client.example"]
    assert Contact.by_email("boss@client.example") is None


def test_a_known_contact_keeps_name_and_language(client, carla, request_form):
    client.post("/helpdesk/support", data=request_form | {"name": "Rude Name"}, headers={"Accept-Language": "fr"})

    session.expire_all()
    assert (carla.name, carla.language) == ("Carla Conti", "en")


def test_a_new_contact_gets_the_language_of_the_page(client, team, request_form):
    client.post("/helpdesk/support", data=request_form, headers={"Accept-Language": "fr"})

    assert tickets()[0].customer.language == "fr"


def test_repeated_and_unknown_fields_change_nothing(client, team, request_form):
    typed = MultiDict([*request_form.items(), ("subject", "Second"), ("team_id", "9"), ("priority", "3")])

    client.post("/helpdesk/support", data=typed)

    assert [(ticket.subject, ticket.priority) for ticket in tickets()] == [("No heating", 0)]


def test_opening_forms_writes_nothing(client, team):
    for _ in range(2):
        client.get("/helpdesk/support")
        client.head("/helpdesk/support")
        client.get("/")

    assert session.query(Message).count() == session.query(Contact).count() == 0


def test_pages_for_strangers_cost_few_queries(client, team, queries):
    for path in ("/", "/helpdesk/support"):
        with queries() as seen:
            client.get(path)
        assert len(seen) <= 3
