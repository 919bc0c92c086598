"""What people write becomes safe HTML (threat model, rules 37 to 39).

Markdown without raw HTML, then an allow-list. Nothing is loaded from elsewhere: there are no images.
"""

import re
from functools import lru_cache
from itertools import takewhile
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from models.quoting import NEW, QUOTED, pieces

FEWEST_FOLDED_LINES = 6  # of a quotation among the answers
# Longer texts, and lines nested deeper than people do, are shown as they were typed.
LONGEST_MARKED_UP = 200_000

TAGS = {
    *("p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_markdown.disable(["image", "reference", "html_block", "html_inline"])
ADDRESS = re.compile(r"(?:https?://|\bwww\.)(?:www\.)?([\w.-]+\w)", re.I)


def _say_where_links_lead(state):
    """Words that look like an address, and lead elsewhere, name the host that they lead to: a stranger chose both."""
    for block in state.tokens:
        inside = block.children or ()
        for place, token in enumerate(inside):
            if token.type == "link_open":
                said = [
                    one for one in takewhile(lambda one: one.type != "link_close", inside[place + 1 :]) if one.content
                ]
                shown = ADDRESS.search("".join(one.content for one in said))
                host = urlsplit(str(token.attrs.get("href", ""))).hostname or ""
                if shown and shown[1].lower() != host.removeprefix("www."):
                    said[-1].content += f" ({host})"


_markdown.core.ruler.push("say_where_links_lead", _say_where_links_lead)
_clean = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer nofollow ugc",
    clean_content_tags={"script", "style", "svg", "math", "iframe", "object", "template"},
)


@lru_cache(maxsize=512)
def markup(text: str | None) -> Markup:
    """Markdown as clean HTML. The same for the same text."""
    if not text:
        return Markup("")
    if len(text) > LONGEST_MARKED_UP or _is_pathological(text):
        return Markup('<p class="as-typed">{}</p>').format(escape(text))
    return clean(_markdown.render(text))


@lru_cache(maxsize=512)
def passages(text: str | None) -> list[tuple[str, Markup]]:
    """A message as it is read, in its order: ("new", html), and what is folded: ("quoted", html), ("signature", html).

    Folded are what a mail answers, its signature, and long quotations among the answers; a short one is read with its
    answer.
    """
    runs: list[tuple[str, str]] = []
    found = pieces(text or "")
    last = max((place for place, piece in enumerate(found) if piece.sort == NEW), default=-1)
    for place, piece in enumerate(found):
        short = piece.sort == QUOTED and place < last and piece.text.count("\n") <= FEWEST_FOLDED_LINES
        sort = NEW if short else piece.sort
        if runs and runs[-1][0] == sort == NEW:
            sort, before = runs.pop()
            runs.append((sort, before + piece.text))
        else:
            runs.append((sort, piece.text))
    return [(sort, markup(run)) for sort, run in runs]


def clean(html: str) -> Markup:
    """HTML of a stranger's mail, reduced to the same allow-list."""
    return Markup(_clean.clean(html))  # noqa: S704 - this is where HTML becomes safe


def _is_pathological(text: str) -> bool:
    """Runs of delimiters, of which each start looks for its end, or lines without end: nobody writes so many."""
    return text.count("\n") > 10_000 or any(text.count(mark) > 5_000 for mark in "[]`*_~<|") or text.count(">") > 20_000
