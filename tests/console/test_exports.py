"""A list as a CSV file: RFC 4180, no formulas (threat model, rule 40), only what its reader may see."""

import csv
import io

import pytest

from models import Contact, make_team, open_ticket, session


def rows(answer) -> list[dict]:
    assert answer.status_code == 200 and answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_a_list_is_exported_with_all_its_pages(desk, team, carla, agnes, monkeypatch):
    monkeypatch.setattr("console.exports.CHUNK", 2)
    for number in range(5):
        open_ticket(team, carla, f"Ticket {number}", "Text").edit(agnes.contact, tags=["b", "a"], priority=3)
    session.commit()
    answer = desk.get("/console/tickets/export?sort=created")
    found = rows(answer)

    assert [row["Subject"] for row in found] == [f"Ticket {number}" for number in range(5)]
    assert found[0] | {"No.": "", "Opened": "", "Last activity": "", "Waiting for us since": ""} == {
        "No.": "", "Subject": "Ticket 0", "Team": "Support", "Stage": "New", "Status": "New", "Priority": "Urgent",
        "Customer": "Carla Conti", "Customer's address": "carla@client.example", "Assignee": "", "Tags": "a, b",
        "Opened": "", "Last activity": "", "Waiting for us since": "",
    }  # fmt: skip
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="tickets-20')
    assert "Content-Length" not in answer.headers and b"\r\n" in answer.data


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("x")'])
def test_no_cell_begins_a_formula(desk, team, cell):
    evil = Contact(email="evil@client.example", name=cell)
    session.add(evil)
    open_ticket(team, evil, cell, "Text")
    session.commit()
    (row,) = rows(desk.get("/console/tickets/export"))

    assert row["Subject"] == row["Customer"] == f"'{cell}"


def test_quotes_commas_and_lines_stay_in_their_cell(desk, team, carla):
    subject = 'He said "no", twice; é 🔥'
    open_ticket(team, carla, subject, "Text")
    session.commit()

    assert [row["Subject"] for row in rows(desk.get("/console/tickets/export"))] == [subject]


def test_tabs_and_returns_are_no_beginning_of_a_formula_either():
    from console.exports import harmless

    assert [harmless(cell) for cell in ("\t=1", "\r=1", "a=1", 7, "\0=1")] == ["'\t=1", "'\r=1", "a=1", "7", "'=1"]


def test_only_what_may_be_seen_is_exported(desk, team, carla, shelf, carlas_login, sign_in):
    """R-VIS-8, also by number."""
    hidden = open_ticket(make_team("Board", "board", team.company, visibility="private"), carla, "Secret", "Text")
    session.commit()
    numbers = f"ticket={hidden.id}&ticket={shelf['toner'].id}&ticket=99999999999&ticket=x"

    assert len(rows(desk.get("/console/tickets/export"))) == 4
    assert [row["Subject"] for row in rows(desk.get(f"/console/tickets/export?{numbers}"))] == ["The toner is gone"]
    assert sign_in(carlas_login).get("/console/tickets/export").status_code == 404


def test_filters_and_search_hold_for_the_export(desk, shelf):
    def subjects(query):
        return [row["Subject"] for row in rows(desk.get(f"/console/tickets/export?{query}"))]

    assert subjects("priority=3") == ["The toner is gone"]
    assert subjects("q=minute") == ["The light is gone"] and subjects("q=min") == ["The light is gone"]
    assert subjects("q=nowhere") == [] and subjects("status=closed") == ["The door is gone"]


def test_the_words_of_an_export_are_the_readers(desk, shelf, agnes):
    agnes.contact.language = "fr"
    session.commit()

    assert "Objet" in desk.get("/console/tickets/export").text.splitlines()[0]
