"""Files of strangers: their names, their types, their place (threat model, rules 34 to 36)."""

import io
from pathlib import Path

import pytest

from models import Attachment, session
from tests.test_addresses import PNG

NAMES = [
    "../../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "C:\\x\\y.txt",
    "a\r\nX-Evil: 1.txt", 'a"; filename="b.html',
    "\u202egnp.exe", "a\0b.png", "x" * 5_000 + ".txt", "", ".", "..", "con", "é" * 300, "🔥.svg", "-rf", "<b>.png",
    "%2e%2e%2fx", "a;b=c.txt", "a\u2028b.txt", "\udcff.txt",
]  # fmt: skip
FORM = {"name": "Nina", "email": "nina@client.example", "subject": "Cold", "description": "It is."}


@pytest.fixture
def sent(app, client, team, printer, carla):
    """A function that sends a file through Carla's link and returns its row and the answer to fetching it."""
    link = f"/ticket/{printer.link_for(carla).token}"
    session.commit()

    def send(name, content=b"hello", kind="text/plain"):
        body = multipart(name, content, kind)
        answer = client.post(f"{link}/replies", data=body, content_type="multipart/form-data; boundary=cut")
        assert answer.status_code in (303, 422)
        row = session.query(Attachment).order_by(Attachment.id.desc()).first()
        return row, row and client.get(f"{link}/attachments/{row.id}")

    return send


def multipart(name: str, content: bytes, kind: str) -> bytes:
    named = name.encode("utf-8", "surrogateescape").replace(b'"', b"%22").replace(b"\r\n", b"%0D%0A")
    return (
        b'--cut\r\nContent-Disposition: form-data; name="body"\r\n\r\nSee file\r\n'
        b'--cut\r\nContent-Disposition: form-data; name="attachments"; filename="' + named + b'"\r\n'
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + content + b"\r\n--cut--\r\n"
    )


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_only_shown(name, app, sent):
    row, answer = sent(name)
    if row is None:
        return  # without a name there was no file
    store = Path(app.config["ATTACHMENTS_URL"].removeprefix("file://"))

    assert (store / row.storage_key).resolve().is_relative_to(store)
    assert not store.is_relative_to(Path(app.static_folder))
    assert "/" not in row.name and "\\" not in row.name and row.name.isprintable() and len(row.name) <= 255
    assert answer.data == b"hello"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "mimetype",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "evil\tkind/x"],
)
def test_no_type_is_shown_in_a_page_of_ours(mimetype, sent):
    row, answer = sent("page.html", b"<script>alert(1)</script>", mimetype)

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not row.picture


PICTURES = [
    ("image/png", PNG), ("image/jpeg", b"\xff\xd8\xff\xe0" + b"x" * 30), ("image/gif", b"GIF89a" + b"x" * 30),
    ("image/webp", b"RIFF\x10\0\n\0WEBPVP8 " + b"x" * 30),
]  # fmt: skip


@pytest.mark.parametrize(("mimetype", "content"), PICTURES)
def test_a_picture_is_shown_as_what_its_bytes_are(mimetype, content, sent, client):
    _, answer = sent("photo.png", content, "image/png")
    shown = client.get(f"{answer.request.path}/picture")

    assert shown.data == content and shown.mimetype == mimetype
    assert shown.headers["Content-Disposition"].startswith("attachment;")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "no-store"  # behind a link (rule 16)


@pytest.mark.parametrize(
    ("mimetype", "content"),
    [
        ("image/png", b"<script>alert(1)</script>"),
        ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("image/png", b"\x89PN"),
        ("image/png", b""),
        ("image/svg+xml", PNG),
        ("text/html", PNG),
        ("image/png", PNG + b"x" * 5_000_000),
    ],
)
def test_nothing_else_is_shown_as_a_picture(mimetype, content, sent, client):
    _, answer = sent("photo.png", content, mimetype)
    assert client.get(f"{answer.request.path}/picture").status_code == 404


def test_a_stored_file_has_no_address_of_its_own(app, client, sent):
    row, _ = sent("smoke.txt")
    for path in (row.storage_key, row.name, f"attachments/{row.storage_key}", f"static/../{row.storage_key}"):
        assert client.get(f"/{path}").status_code == 404


@pytest.mark.parametrize("address", ["/helpdesk/support", "/login", "/signup", "/preferences"])
def test_forms_have_a_limit_of_parts_and_of_text(address, client, team):
    """Before anything is parsed; a form with files counts its text as it is, another one as it is encoded."""
    assert client.post(address, data={f"f{n}": (io.BytesIO(b"x"), "x") for n in range(250)}).status_code == 413
    files = {"description": "x" * 1_100_000, "attachments": (io.BytesIO(b"x"), "x")}
    assert client.post(address, data=FORM | files).status_code == 413
    assert client.post(address, data=FORM | {"description": "x" * 3_100_000}).status_code == 413
    assert client.post(address, data={f"f{n}": "" for n in range(6_000)}).status_code == 413
