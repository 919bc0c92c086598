"""A received mail taken apart: who, what, which files. Runs in a child (mail/child.py), so that it may fail in any way.

The parser is the standard library's older one, with headers as they came: the newer one raises on forged headers.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import Compat32
from email.utils import getaddresses

from .automatic import recognise
from .charsets import clean, decoded, header_text
from .flowed import unflowed
from .html_text import text_of_html

CHUNK = 65536
MOST_PARTS, DEEPEST = 2000, 40
MOST_FILES = 100
MOST_ADDRESSES = 100
LONGEST_TEXT = 200_000  # characters of a message; a longer text comes along as a file
LONGEST_ID = 250
MAIL_ID = re.compile(r"<([^<>\s]{1,250})>")
LANGUAGE = re.compile(r"\s*([a-z]{2})\b", re.I)
WHOLE_TEXT = "message.txt"


class AsItCame(Compat32):
    """Headers are strings always: bytes beyond ASCII stay in them as halves of letters, for charsets.py to guess."""

    def header_fetch_parse(self, name, value):
        return value


AS_IT_CAME = AsItCame()


class Unreadable(Exception):
    """No reader could make sense of this; the words say why."""


@dataclass
class File:
    name: str
    type: str
    content: bytes
    content_id: str | None = None


@dataclass
class Reading:
    """What a mail says. Nothing of it is proven; ``verified`` is what our own mail server said of the author."""

    author: str = ""
    name: str = ""
    subject: str = ""
    text: str = ""
    mail_id: str | None = None
    references: list[str] = field(default_factory=list)  # the mails it answers, the nearest first
    recipients: list[str] = field(default_factory=list)  # To and Cc
    delivered_to: str | None = None  # what the header says that our own mail server sets
    language: str | None = None
    verified: bool | None = None
    automatic: str = ""  # bounce, receipt, abuse, vacation, generated, bulk or own; "" where a person wrote it
    answerable: bool = True
    spam: bool = False
    report: dict = field(default_factory=dict)  # of a bounce: recipient, action, status, words, mail_ids
    left: list[str] = field(default_factory=list)  # files that are only in the original
    files: list[File] = field(default_factory=list)


def read(
    raw: bytes, sender: str | None = None, authserv_id="", recipient_header="", largest_file=20_000_000
) -> Reading:
    """The mail as it can be placed; raises Unreadable, or anything else."""
    parser = BytesFeedParser(policy=AS_IT_CAME)
    for start in range(0, len(raw), CHUNK):
        parser.feed(raw[start : start + CHUNK])
    mail = parser.close()
    del parser
    found = Reading(subject=header_text(mail.get("Subject", ""), 250), mail_id=_mail_id(mail))
    found.author, found.name = _author(mail)
    found.recipients = [address for _, address in addresses(mail, "To", "Cc")][:MOST_ADDRESSES]
    if recipient_header and (own := addresses(mail, recipient_header, first=True)):
        found.delivered_to = own[0][1]
    found.references = _references(mail)
    found.language = _language(mail)
    found.verified = verified(mail, authserv_id, found.author.rpartition("@")[2])
    parts = _parts(mail)
    _fill(found, mail, parts, largest_file)
    recognise(found, mail, parts, sender)
    return found


def addresses(mail, *names, first=False) -> list[tuple[str, str]]:
    """(name, address) of these headers; what is no address is left out."""
    values = [value for name in names for value in (mail.get_all(name) or [])[: 1 if first else 5]]
    found = []
    for name, address in getaddresses([str(value)[:20_000].replace("\r", " ").replace("\n", " ") for value in values]):
        address = header_text(address, 330).replace(" ", "")
        if address.count("@") == 1 and len(address) <= 320 and all(address.split("@")):
            found.append((header_text(name, 120), address.lower()))
    return found


def _author(mail) -> tuple[str, str]:
    """The address and the name beside it; of several authors the first (RFC 5322, 3.6.2)."""
    found = addresses(mail, "From", first=True)
    if not found:
        return "", ""
    name, address = found[0]
    return address, "" if "@" in name and name.strip("'\" ").lower() == address else name.strip("'\" ")


def _mail_id(mail) -> str | None:
    found = MAIL_ID.search(header_text(mail.get("Message-ID", ""), 1000))
    return found[1] if found else None


def _references(mail) -> list[str]:
    nearest = MAIL_ID.findall(header_text(mail.get("In-Reply-To", ""), 2000))[:5]
    thread = MAIL_ID.findall(header_text(mail.get("References", ""), 20_000))
    return list(dict.fromkeys([*nearest, *reversed(thread[-30:])]))


def _language(mail) -> str | None:
    for name in ("Content-Language", "Accept-Language"):
        if found := LANGUAGE.match(str(mail.get(name, ""))[:50]):
            return found[1].lower()
    return None


def verified(mail, authserv_id: str, domain: str) -> bool | None:
    """Whether DMARC passed for the author's domain, or else a signature of that very domain; None where nobody that
    we believe says (RFC 8601, 5; 7489)."""
    if not authserv_id:
        return None
    for value in (mail.get_all("Authentication-Results") or [])[:5]:
        said = _plainly(header_text(value, 4000)).lower()
        server, *results = said.split(";")
        if server.split(" ")[0].strip() != authserv_id.lower():
            continue
        for result in results:
            if re.match(r"\s*dmarc\s*=\s*pass\b", result) and f"header.from={domain}" in result.split():
                return True
            if re.match(r"\s*dkim\s*=\s*pass\b", result) and f"header.d={domain}" in result.split():
                return True
        return False
    return None


def _plainly(value: str) -> str:
    """Without comments and what stands in quotation marks: there strangers have a say, as in a sender's address."""
    found, depth, quoted, escaped = [], 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif quoted or (letter == '"' and not depth):
            quoted = letter != '"' or not quoted
        elif letter in "()":
            depth = max(0, depth + (1 if letter == "(" else -1))
            found.append(" ")
        elif not depth:
            found.append(letter)
    return "".join(found)


@dataclass
class Part:
    """A leaf of the mail, in its order."""

    type: str
    message: Message
    alternative: int | None  # the multipart/alternative it is one form of, by its place
    attached: bool
    depth: int


def _parts(mail) -> list[Part]:
    found, waiting, alternatives, count = [], [(mail, None, 0)], 0, 0
    while waiting:
        part, alternative, depth = waiting.pop()
        count += 1
        if count > MOST_PARTS or depth > DEEPEST:
            raise Unreadable("It has too many parts.")
        kind = part.get_content_type()
        inner = part.get_payload() if part.is_multipart() and part.get_content_maintype() == "multipart" else None
        if isinstance(inner, list):
            if kind == "multipart/alternative" and alternative is None:
                alternatives += 1
                alternative = alternatives
            waiting += [(one, alternative, depth + 1) for one in reversed(inner) if isinstance(one, Message)]
            continue
        disposition = str(part.get("Content-Disposition", ""))[:100].strip().lower()
        found.append(Part(kind, part, alternative, disposition.startswith("attachment"), depth))
    return found


def _fill(found: Reading, mail, parts: list[Part], largest_file: int):
    """Text and files: of each alternative the plain text, unless it says less than the HTML."""
    texts, taken = [], set()
    for part in parts:
        if part.alternative in taken or part.attached or part.message.get_filename():
            continue
        if part.type in ("text/plain", "text/html"):
            forms = [one for one in parts if part.alternative and one.alternative == part.alternative] or [part]
            if part.alternative:
                taken.add(part.alternative)
            if chosen := _chosen(forms):
                texts.append(chosen)
    found.text = "\n\n".join(text for text in texts if text.strip()).strip("\n")
    for number, part in enumerate(part for part in parts if not _is_text(part)):
        _keep(found, part, number, largest_file)
    if not found.text.strip() and (invited := _invitation(parts)):
        found.text = invited
    if len(found.text) > LONGEST_TEXT:
        found.files.insert(0, File(WHOLE_TEXT, "text/plain", found.text.encode()))
        found.text = found.text[:LONGEST_TEXT].rsplit("\n", 1)[0] + "\n\n[…]"


def _is_text(part: Part) -> bool:
    return part.type in ("text/plain", "text/html") and not part.attached and not part.message.get_filename()


def _chosen(forms: list[Part]) -> str:
    texts = {}
    for part in forms:
        if _is_text(part) and part.type not in texts:
            texts[part.type] = _text(part)
    plain, html = texts.get("text/plain", ""), texts.get("text/html", "")
    # "Your program cannot show this mail" and the like are no text.
    return html if len(html.split()) > 3 * len(plain.split()) + 10 or not plain.strip() else plain


def _text(part: Part) -> str:
    text = decoded(_content(part.message), _parameter(part.message, "charset"))
    if part.type == "text/html":
        return text_of_html(text)
    if (_parameter(part.message, "format") or "").lower() == "flowed":
        return unflowed(text, (_parameter(part.message, "delsp") or "").lower() == "yes")
    return text


def _parameter(message, name: str) -> str | None:
    value = message.get_param(name)
    return value[2] if isinstance(value, tuple) else value


def _content(message) -> bytes:
    return message.get_payload(decode=True) or b""


def _keep(found: Reading, part: Part, number: int, largest_file: int):
    name, kind = _name_of(part, number), part.type
    if kind.startswith("message/") and part.message.is_multipart():
        inner = part.message.get_payload()
        content = b"".join(one.as_bytes(policy=AS_IT_CAME) for one in inner if isinstance(one, Message))
        kind = "message/rfc822" if kind in ("message/rfc822", "message/global") else "text/plain"
    else:
        content = _content(part.message)
    if not content:
        return
    if len(content) > largest_file or len(found.files) >= MOST_FILES:
        found.left.append(name)
        return
    content_id = header_text(part.message.get("Content-ID", ""), LONGEST_ID).strip("<> ") or None
    found.files.append(File(name, kind, content, content_id))


def _name_of(part: Part, number: int) -> str:
    given = part.message.get_filename()
    if given and (name := header_text(given, 200)):
        return name
    if part.type in ("message/rfc822", "message/global") and part.message.is_multipart():
        inner = part.message.get_payload()[0]
        return f"{header_text(inner.get('Subject', ''), 80).replace('/', '-') or 'message'}.eml"
    names = {"text/calendar": "invitation.ics", "application/ms-tnef": "winmail.dat", "text/html": "message.html",
             "message/delivery-status": "delivery-status.txt", "text/rfc822-headers": "headers.txt",
             "application/pgp-signature": "signature.asc", "text/plain": f"text-{number + 1}.txt"}  # fmt: skip
    ending = re.sub(r"[^a-z0-9]", "", part.type.partition("/")[2].removeprefix("x-"))[:8] or "bin"
    return names.get(part.type) or f"file-{number + 1}.{ending}"


def _invitation(parts: list[Part]) -> str:
    """What a calendar part says, for a mail that says nothing else."""
    for part in parts:
        if part.type == "text/calendar":
            lines = re.sub(r"\n[ \t]", "", decoded(_content(part.message)[:100_000], "utf-8")).split("\n")
            said = [re.match(r"(SUMMARY|DTSTART|DTEND|LOCATION)(?:;[^:]{0,200})?:(.{1,500})", line) for line in lines]
            return "\n".join(f"{one[1].capitalize()}: {one[2]}" for one in said if one)
    return ""


def as_wire(found: Reading) -> tuple[bytes, list[bytes]]:
    """The reading as JSON, and the contents of its files in their order."""
    contents = [file.content for file in found.files]
    for file in found.files:
        file.content = b""
    said = asdict(found)
    for file, content in zip(said["files"], contents, strict=True):
        file["content"] = len(content)
    return clean(json.dumps(said)).encode(), contents


def from_wire(said: dict, take) -> Reading:
    """The reading again; ``take(size)`` reads the next so many bytes."""
    files = [File(**{**file, "content": take(file["content"])}) for file in said.pop("files")]
    return Reading(**said, files=files)
