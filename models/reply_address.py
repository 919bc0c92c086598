"""Reply addresses: ``support+<key>@desk.example`` leads to one ticket, for one contact, as a reply or as a note.

The key is a row of links, its version, and a keyed code over both, in letters that survive lower case. It ends when
the link does: 180 days after the closing, or when somebody revokes it (threat model, rules 13 to 15 and 44).
"""

import base64
import hashlib
import hmac
import re
from datetime import datetime

from flask import current_app

from .base import now, session
from .links import REPLIES, Link, _keys

LONGEST_LOCAL_PART = 64  # octets (RFC 5321, 4.5.3.1.1)
CODE_LETTERS = 24  # of five bits each
KEY = re.compile(r"[0-9a-f]{1,8}\.[0-9a-f]{1,4}\.[a-z2-7]{24}")
# As it stands within an address, in somebody's text: that must not show it.
KEY_OF_ADDRESS = re.compile(rf"([+=-]){KEY.pattern}(?=@)", re.I)


def key_of(link: Link) -> str:
    return f"{link.id:x}.{link.version:x}.{_code(_keys()[-1], link)}"


def _code(secret: str, link: Link) -> str:
    said = f"guichet.address.{link.purpose}.{link.id}.{link.version}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:CODE_LETTERS]


def reply_address(address: str, link: Link) -> str | None:
    """Where an answer to this link's contact comes back to; None where this desk has no such addresses."""
    mark = current_app.config["REPLY_MARK"]
    local, _, domain = address.rpartition("@")
    keyed = f"{local}{mark}{key_of(link)}"
    return f"{keyed}@{domain}" if mark and len(keyed.encode()) <= LONGEST_LOCAL_PART else None


def apart(address: str) -> tuple[str, str]:
    """An address without what follows the mark, and what does: ("support@desk.example", "key")."""
    local, _, domain = address.rpartition("@")
    name, mark, rest = local.partition(current_app.config["REPLY_MARK"] or "+")
    return (f"{name}@{domain}", rest) if name and mark else (address, "")


def open_reply_address(key: str, at: datetime | None = None) -> Link | None:
    """The link that this key names, if it is ours and still valid."""
    if not KEY.fullmatch(key := key.lower()):
        return None
    id, version, code = key.split(".")
    link = session.get(Link, int(id, 16)) if int(id, 16) < 2**31 else None
    if link is None or link.purpose not in REPLIES or link.version != int(version, 16):
        return None
    genuine = any(hmac.compare_digest(_code(secret, link), code) for secret in _keys())
    return link if genuine and link.valid(at or now()) else None
