"""Static files are kept for ever, sent compressed, and never leave the house."""

import gzip
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "web" / "static"


def test_a_page_names_its_files_by_content(client):
    page = client.get("/login").get_data(as_text=True)
    path = re.search(r'href="(/static/css/app\.css\?v=\w{12})"', page).group(1)
    answer = client.get(path)

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_what_compresses_is_sent_compressed(client):
    plain = client.get("/static/js/app.js")
    small = client.get("/static/js/app.js", headers={"Accept-Encoding": "gzip, br"})

    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert "Accept-Encoding" in small.headers["Vary"]


def test_the_first_view_is_light(client):
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/login").get_data(as_text=True))
    files += ["/static/vendor/tabler-1.6.1/tabler.min.css", "/static/js/page.js"]
    sizes = [len(client.get(file, headers={"Accept-Encoding": "gzip"}).data) for file in set(files)]

    assert sum(sizes) < 150_000


def test_no_file_outside_is_served(client):
    for path in ("/static/../__init__.py", "/static/%2e%2e/__init__.py", "/static//etc/passwd"):
        assert client.get(path).status_code in (404, 308)


def test_no_style_or_script_asks_another_host():
    for path in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        text = path.read_text()
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", text), path
        assert "sourceMappingURL" not in text, path
        if "vendor" not in path.parts:
            assert not re.search(r"\beval\(|new Function|innerHTML\s*=|document\.write", text), path


def test_our_style_sheets_name_colours_in_one_place():
    for path in (STATIC / "css").glob("*.css"):
        text = re.sub(r"@layer theme \{.*?\n\}\n", "", path.read_text(), flags=re.S)
        text = re.sub(r"^.*\.avatar(?:-tone)?.*$", "", text, flags=re.M)  # tones are turned by the person's number
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\brgb\(|\boklch\(|\bhsl\(", text), path


def test_each_icon_that_is_used_is_there():
    icons = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    root = STATIC.parents[1]
    used = set()
    for room in ("web", "portal", "console"):
        for path in (root / room).rglob("*.html"):
            used |= set(re.findall(r"\bicon\(\"([\w-]+)\"", path.read_text()))
            used |= set(re.findall(r"\bicon=\"([\w-]+)\"", path.read_text()))

    assert used - icons == set()
