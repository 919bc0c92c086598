"""The original of a mail, without what belongs to its recipient alone: signed links, codes, keys of reply addresses.

It is not opened here, and none of it is believed: whatever looks like a secret is hidden, in text as it is written, in
quoted-printable and in base64. All patterns take linear time.
"""

import base64
import io
import re

from flask import send_file

from models import IncomingMail
from models.access import NotVisible

SOFT = rb"(?:=\r?\n)?"  # an end of line of quoted-printable, which may stand anywhere


def _wrapped(word: bytes) -> bytes:
    return b"".join(re.escape(bytes([letter])) + SOFT for letter in word)


def _several(letters: bytes, times: bytes) -> bytes:
    return rb"(?:" + letters + SOFT + rb")" + times


KEY = re.compile(
    _several(rb"[0-9a-f]", rb"{1,8}") + rb"\." + SOFT + _several(rb"[0-9a-f]", rb"{1,4}") + rb"\." + SOFT
    + _several(rb"[a-z2-7]", rb"{24}") + rb"(?=@|=40)",
    re.I,
)  # fmt: skip
LINK = re.compile(
    rb"((?:" + rb"|".join(_wrapped(b"/" + word) for word in (b"ticket", b"reset", b"signup", b"rating", b"unsubscribe"))
    + rb")[/?]" + SOFT + rb"(?:" + _wrapped(b"code=") + rb"(?:3D)?)?)(?:[\w.\-]|=\r?\n|=3D|=){12,2000}",
    re.I,
)  # fmt: skip
BASE64 = re.compile(rb"(?:^[A-Za-z0-9+/]{40,1000}[ \t]*\r?\n)*^[A-Za-z0-9+/]{4,1000}={0,2}[ \t]*\r?$", re.M)
LONGEST_TEXT = 2_000_000  # bytes of base64 that are looked into; what is longer is a file, no text of ours


def without_secrets(raw: bytes) -> bytes:
    return BASE64.sub(_encoded, _hidden(raw))


def _hidden(text: bytes) -> bytes:
    return LINK.sub(rb"\1...", KEY.sub(b"...", text))


def _encoded(run: re.Match) -> bytes:
    """The same lines of base64, written anew where they hide a secret."""
    letters = b"".join(run[0].split())
    if len(letters) > LONGEST_TEXT:
        return run[0]
    said = base64.b64decode(letters.rstrip(b"=")[: len(letters) // 4 * 4] + b"===")
    hidden = _hidden(said)
    return run[0] if hidden == said else base64.encodebytes(hidden).rstrip(b"\n").replace(b"\n", b"\r\n")


def original_of(found: IncomingMail):
    """Always a download, which no browser opens as a page of ours (threat model, rule 35)."""
    if found.raw is None:
        raise NotVisible
    answer = send_file(
        io.BytesIO(without_secrets(found.raw)),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"mail-{found.id}.eml",
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "no-store"
    return answer
