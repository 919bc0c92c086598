"""The administrators' pages: refused to agents, absent for customers, a sign-in page for strangers."""

import pytest

from models import Company, make_team, session

PAGES = [
    "/console/teams", "/console/teams/new", "/console/teams/{team}/settings", "/console/teams/{team}/deletion",
    "/console/stages", "/console/stages/new", "/console/stages/{stage}", "/console/stages/{stage}/deletion",
    "/console/templates", "/console/templates/new", "/console/templates/{template}",
    "/console/users", "/console/users/new", "/console/users/{user}",
    "/console/companies", "/console/companies/new", "/console/companies/{company}",
    "/console/outbox", "/console/outbox/{delivery}",
]  # fmt: skip
POSTS = [
    "/console/teams/{team}/followers", "/console/teams/{team}/followers/1/removal", "/console/stages/{stage}/place",
    "/console/users/{user}/invitation", "/console/users/{user}/time-off", "/console/users/{user}/time-off/1/removal",
    "/console/outbox/{delivery}/attempt",
]  # fmt: skip


@pytest.fixture
def at(team, printer, ada, company):
    """A function that fills the ids of real things into an address."""
    from sqlalchemy import select

    from models import Delivery

    ids = {
        "team": team.id, "stage": team.stages[0].id, "template": team.stages[0].email_template_id, "user": ada.id,
        "company": company.id, "delivery": session.scalar(select(Delivery.id).limit(1)),
    }  # fmt: skip
    return lambda address: address.format(**ids)


@pytest.mark.parametrize("address", [*PAGES, *POSTS])
def test_only_administrators_pass(address, at, client, sign_in, agnes, carlas_login):
    def ask(client):
        return client.post(at(address), data={}) if address in POSTS else client.get(at(address))

    stranger = ask(client)
    assert stranger.status_code == 303 and "/login" in stranger.location
    assert ask(sign_in(carlas_login)).status_code == 404
    assert ask(sign_in(agnes)).status_code == 403


@pytest.mark.parametrize("address", PAGES)
def test_every_page_opens_in_both_languages_at_a_fixed_cost(address, at, office, ada, queries):
    for language in ("en", "fr"):
        ada.contact.language = language
        session.commit()
        with queries() as seen:
            page = office.get(at(address))
        assert page.status_code == 200
        assert len(seen) <= 12


@pytest.mark.parametrize("address", [page for page in PAGES if "{" in page])
def test_what_does_not_exist_is_not_found(address, office):
    everything = dict.fromkeys(("team", "stage", "template", "user", "company", "delivery"), 99999999999)

    assert office.get(address.format(**everything)).status_code == 404


@pytest.mark.parametrize("address", ["/console/teams/{}/settings", "/console/teams/{}/deletion"])
def test_a_team_of_another_company_is_not_there(address, office, app):
    theirs = make_team("Theirs", "theirs", Company(name="Other"))
    session.commit()

    assert office.get(address.format(theirs.id)).status_code == 404
    assert office.post(address.format(theirs.id), data={"name": "Ours"}).status_code == 404
    assert "Theirs" not in office.get("/console/teams").text
