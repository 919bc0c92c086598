"""An HTML mail as the Markdown that a message is kept in. Runs in the reading child: nh3 and the standard library."""

import re
from html.parser import HTMLParser

import nh3

TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "div", "dl", "dt", "em"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "span", "strike", "strong"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel=None,
    clean_content_tags={"script", "style", "svg", "math", "iframe", "object", "template", "title", "head", "noscript"},
)
MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "s": "~~", "del": "~~", "strike": "~~", "code": "`"}
BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "pre", "caption"}
LINES = {"div", "tr", "li", "dt", "dd", "center"}
DEEPEST = 12  # quotations in quotations; deeper ones are marked no further
CONDITIONAL = re.compile(r"<!(?:--)?\[(?:if|endif)[^>]{0,200}>", re.I)  # of Word; what it wraps is read


def text_of_html(html: str) -> str:
    """What the reader of the mail would see, without pictures, styles and layout."""
    writer = _Writer()
    writer.feed(_cleaner.clean(CONDITIONAL.sub("", html)))
    writer.close()
    return writer.text


class _Writer(HTMLParser):
    """Walks through cleaned, well-formed HTML once."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.line = [], ""
        self.depth, self.lists, self.links, self.marks, self.verbatim = 0, [], [], [], 0

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "br":
            self._end_line(always=True)
        elif tag == "hr":
            self._block()
            self.line = "---"
            self._block()
        elif tag == "blockquote":
            self._block()
            self.depth = self.depth + 1
        elif tag in BLOCKS:
            self._block()
        elif tag in LINES:
            self._end_line()
        self._open(tag, given)

    def _open(self, tag, given):
        if tag in ("ul", "ol"):
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self.line = self._bullet()
        elif tag == "pre":
            self.verbatim += 1
        elif tag in ("td", "th") and self.line.strip():
            self.line += " | "
        elif tag[0] == "h" and tag[1:].isdigit():
            self.line += "#" * int(tag[1:]) + " "
        elif tag == "a":
            self.links.append((given.get("href") or "", len(self.lines), len(self.line)))
        elif tag == "img" and (given.get("alt") or given.get("src", "").startswith("cid:")):
            self.line += f"[{(given.get('alt') or '').strip()[:120] or 'image'}]"
        elif tag in MARKS:
            self.marks.append((tag, len(self.lines), len(self.line)))

    def _bullet(self) -> str:
        indent = "  " * max(0, min(len(self.lists), DEEPEST) - 1)
        if not self.lists or self.lists[-1] is None:
            return f"{indent}- "
        self.lists[-1] += 1
        return f"{indent}{self.lists[-1] - 1}. "

    def handle_endtag(self, tag):
        if tag == "a" and self.links:
            self._link(*self.links.pop())
        elif tag in MARKS and self.marks and self.marks[-1][0] == tag:
            self._mark(*self.marks.pop())
        elif tag == "blockquote":
            self._block()
            self.depth = max(0, self.depth - 1)
        elif tag in BLOCKS:
            if tag in ("ul", "ol") and self.lists:
                self.lists.pop()
            self.verbatim -= tag == "pre" and self.verbatim > 0
            self._block()
        elif tag in LINES:
            self._end_line()

    def handle_data(self, data):
        if self.verbatim:
            first, *others = data.split("\n")
            self.line += first
            for other in others:
                self._end_line(always=True)
                self.line = other
            return
        words = re.sub(r"[ \t\r\n\u00a0]+", " ", data)
        self.line += words.lstrip() if not self.line or self.line.endswith(" ") else words

    def _link(self, address, row, column):
        said = self.line[column:].strip() if row == len(self.lines) else ""
        if not address.startswith(("http:", "https:", "mailto:", "tel:")) or not said:
            return
        bare = re.sub(r"^(https?://|mailto:|tel:)", "", address).rstrip("/")
        if bare.casefold() != re.sub(r"^https?://", "", said).rstrip("/").casefold() and "[" not in said:
            target = address.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
            self.line = f"{self.line[:column]}[{said.replace(']', '')}]({target})"

    def _mark(self, tag, row, column):
        said = self.line[column:] if row == len(self.lines) else ""
        if said.strip() and not set(said) & set("*~`"):
            blank = said[len(said.rstrip()) :]
            self.line = f"{self.line[:column]}{MARKS[tag]}{said.strip()}{MARKS[tag]}{blank}"

    def _end_line(self, always=False):
        line = self.line.rstrip()
        if line or always:
            self.lines.append(("> " * min(self.depth, DEEPEST) + line).rstrip() if self.depth else line)
        self.line = ""

    def _block(self):
        """A blank line before and after, but one alone."""
        self._end_line()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(self.depth, DEEPEST)).rstrip())

    @property
    def text(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip("\n")
