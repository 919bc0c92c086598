"""With an empty database every page leads to the first one."""

import pytest


@pytest.fixture
def empty(app):
    """The app before anyone has set it up."""
    app.extensions.pop("guichet_has_administrator", None)
    yield app
    app.extensions["guichet_has_administrator"] = True


@pytest.mark.parametrize("path", ["/", "/login", "/console/", "/nothing"])
def test_every_page_leads_to_the_setup(empty, client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.location) == (303, "/setup")


def test_files_and_health_stay_where_they_are(empty, client):
    assert client.get("/static/css/app.css").status_code == 200
    assert client.get("/health/live").status_code == 200


def test_with_an_administrator_pages_are_pages(empty, client, ada):
    assert client.get("/login").status_code == 200
