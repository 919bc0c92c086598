"""Nothing changes without a form of ours, and nothing by reading (threat model, rules 11 and 23)."""

import pytest
from sqlalchemy import select

from models import session
from models.base import db


@pytest.fixture
def everything(app):
    """A function that returns all there is in the database."""

    def look() -> dict:
        session.expire_all()
        tables = db.metadata.sorted_tables
        return {table.name: sorted(map(str, session.execute(select(table)).all())) for table in tables}

    return look


@pytest.mark.parametrize("visitor", ["nobody", "customer", "administrator"])
def test_no_form_is_taken_without_its_token(visitor, app, places, visitors, sign_in, everything):
    app.config["WTF_CSRF_ENABLED"] = True
    client = sign_in(visitors[visitor]) if visitors[visitor] else app.test_client()
    before = everything()
    taken = []
    for _, method, address in places:
        if method != "GET":
            for forged in ({}, {"csrf_token": "IjEi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"}):
                if client.open(address, method=method, data=forged).status_code not in (400, 404):
                    taken.append((method, address))

    assert taken == []
    assert everything() == before


def test_a_token_of_somebody_else_is_refused(app, visitors, sign_in):
    app.config["WTF_CSRF_ENABLED"] = True
    page = sign_in(visitors["customer"]).get("/my/account").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]

    answer = sign_in(visitors["agent"]).post("/console/account", data={"csrf_token": token, "name": "Mallory"})
    assert token and answer.status_code == 400


@pytest.mark.parametrize("visitor", ["nobody", "customer", "agent", "administrator"])
def test_reading_changes_nothing(visitor, app, places, visitors, sign_in, everything):
    client = sign_in(visitors[visitor]) if visitors[visitor] else app.test_client()
    before = everything()
    for _, method, address in places:
        if method == "GET":
            client.get(address).close()
            client.head(address).close()

    assert everything() == before
