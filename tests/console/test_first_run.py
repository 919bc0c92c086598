"""The first run: one page makes the company, the administrator and the first team, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from models import Company, Team, Template, User, make_team, session
from models.templates_shipped import IN_FRENCH, SHIPPED
from tests.conftest import make_app

TYPED = {
    "company": "Acme", "timezone": "Europe/Paris", "language": "fr", "name": "Ada", "email": " Ada@Acme.example ",
    "password": "correct horse battery", "team": "Équipe Support", "slug": "",
}  # fmt: skip


@pytest.fixture
def empty(app):
    app.extensions.pop("guichet_has_administrator", None)
    return app


def test_the_page_makes_everything_and_signs_in(empty, client):
    answer = client.post("/setup", data=TYPED)

    team, ada = session.scalar(select(Team)), User.by_email("ada@acme.example")
    assert answer.status_code == 303 and answer.location == f"/console/?welcome={team.id}"
    assert ada.administrator and ada.contact.language == "fr" and ada.companies == [team.company]
    assert (team.slug, team.name, team.address) == ("equipe-support", "Équipe Support", "equipe-support@desk.example")
    assert [stage.name for stage in team.stages] == ["Nouveau", "En cours", "Attente du client", "Résolu", "Clôturé"]
    assert team.company.timezone == "Europe/Paris"
    assert {template.name for template in session.scalars(select(Template))} == set(IN_FRENCH.values())


def test_whoever_begins_in_english_gets_english_stages_and_templates(empty, client):
    client.post("/setup", data=TYPED | {"language": "en"})

    names = [stage.name for stage in session.scalar(select(Team)).stages]
    assert names == ["New", "In progress", "Customer feedback", "Resolved", "Closed"]
    assert set(session.scalars(select(Template.name))) == set(SHIPPED)


def test_the_second_team_shares_the_stages_of_the_first_whatever_its_maker_speaks(empty, client):
    client.post("/setup", data=TYPED)
    first = session.scalar(select(Team))
    second = make_team("Billing", "billing", first.company, language="en")

    assert second.stages == first.stages


def test_the_dashboard_then_says_what_to_do_next(empty, client):
    page = client.post("/setup", data=TYPED | {"language": "en"}, follow_redirects=True)

    assert page.status_code == 200
    assert "/helpdesk/equipe-support" in page.text and "/console/users/new" in page.text and "MAIL_URL" in page.text
    assert "what-next" not in client.get("/console/").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("company", ""), ("name", " "), ("email", "ada"), ("password", "short"), ("password", "password123"),
        ("password", "ada@acme.example"), ("team", ""), ("slug", "Not a slug"),
        ("timezone", "Mars/Olympus"), ("language", "xx"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field_and_the_rest_is_kept(empty, client, field, typed):
    page = client.post("/setup", data=TYPED | {field: typed})

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert field == "company" or 'value="Acme"' in page.text
    assert TYPED["password"] not in page.text
    assert session.scalar(select(func.count(User.id))) == 0


def test_with_an_administrator_the_page_is_gone(empty, client, ada):
    absent = client.get("/nothing-here")

    for answer in (client.get("/setup"), client.post("/setup", data=TYPED)):
        assert answer.status_code == 404
        assert answer.text == absent.text
    assert session.scalar(select(func.count(Company.id))) == 1


def test_of_two_at_once_only_one_wins(empty_database, tmp_path):
    app = make_app(empty_database, tmp_path)

    def found(number):
        return app.test_client().post(
            "/setup", data=TYPED | {"email": f"ada{number}@acme.example", "company": f"Acme {number}"}
        )

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(answer.status_code for answer in pool.map(found, range(4)))

    assert answers[0] == 303 and set(answers[1:]) <= {404, 303}
    with app.app_context():
        assert session.scalar(select(func.count(User.id))) == 1
        assert session.scalar(select(func.count(Team.id))) == 1
        session.remove()
