"""What strangers write becomes harmless HTML, in linear time (threat model, rules 37 to 39)."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.markup import ATTRIBUTES, TAGS, clean, markup, passages

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](&#106;avascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:x)",
    "![pixel](https://evil.example/pixel.gif)",
    "<iframe src=//evil.example></iframe>",
    "<style>*{display:none}</style><form action=//evil.example><input name=password>",
    "<base href=//evil.example><meta http-equiv=refresh content=0>",
    "<a href='x' style='position:fixed' onclick='alert(1)'>x</a>",
    "`<script>`</code><script>alert(1)</script>",
    "[a]: javascript:alert(1)\n\n[a]",
    '[a](https://x "\\" onmouseover=alert(1)")',
    "<!--><img src=x onerror=alert(1)>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def assert_harmless(html):
    for tag, attributes in Elements(str(html)).found:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | {"rel"}
        assert attributes.get("href", "https:").split(":")[0].lower() in ("http", "https", "mailto", "tel")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_harmless_as_markdown(text):
    assert_harmless(markup(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_harmless_as_html(text):
    assert_harmless(clean(text))


@given(st.text(alphabet="<>[]()!*_`'\"&;:/\\ \nahrefscriptonjdt", max_size=300))
def test_no_text_at_all_gets_through(text):
    assert_harmless(markup(text))


@pytest.mark.parametrize(
    "unit",
    ["[", "[a](", "*a ", "_*", "`", "![", "> ", "- ", "<", "a ", "|", "~~", "&", "\\", "1. ", "\n> ", "[](", "<a"],
)
def test_a_hundred_kilobytes_take_less_than_a_second_of_work(unit):
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    markup(text)

    assert time.process_time() - began < 1


def test_what_people_mean_is_shown():
    html = markup("Hello **Carla**,\nsee [the page](https://example.org)\n\n- one\n- two\n\n> quoted")

    assert "<strong>Carla</strong>,<br>" in html
    assert 'href="https://example.org"' in html
    assert "noopener" in html
    assert html.count("<li>") == 2
    assert "<blockquote>" in html


def test_nothing_is_nothing():
    assert markup("") == markup(None) == ""


def test_what_a_mail_answers_is_folded_and_shown_as_what_it_is():
    new, quoted, signature = passages("It *works*.\n\nOn 1 May 2026, Carla <c@d.example> wrote:\n> Fire\n\n-- \nMe\n")

    assert new == ("new", "<p>It <em>works</em>.</p>\n")
    assert quoted[0] == "quoted" and "<blockquote>" in quoted[1]
    assert signature[0] == "signature" and "Me" in signature[1]


def test_a_short_quotation_is_read_with_its_answer_and_a_long_one_folded():
    assert [sort for sort, _ in passages("> Is it on?\n\nYes.\n\n> Red?\n\nNo.")] == ["new"]
    assert [sort for sort, _ in passages("> line\n" * 9 + "\nYes.")] == ["quoted", "new"]


def test_folding_keeps_lists_and_code_whole():
    assert passages("1. one\n2. two\n\n```\n> x\n```") == [("new", markup("1. one\n2. two\n\n```\n> x\n```"))]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[https://bank.example/login](https://evil.example/x)", "https://bank.example/login (evil.example)"),
        ("[**www.bank.example**](https://evil.example)", "www.bank.example (evil.example)"),
        ("[Please see https://bank.example now](https://evil.example)", "(evil.example)"),
        ("[http://bank.example@evil.example](http://bank.example@evil.example)", "(evil.example)"),
    ],
)
def test_a_link_whose_words_are_another_address_says_where_it_leads(written, shown):
    assert shown in str(markup(written))


@pytest.mark.parametrize("words", ["https://bank.example/login", "www.bank.example", "our bank", "report.pdf"])
def test_other_links_keep_their_words(words):
    assert f">{words}</a>" in str(markup(f"[{words}](https://bank.example/a)"))
