"""Files of messages: the row tells who may see it, the file lies under a name of our own making."""

import hashlib
import mimetypes
import re
import shutil
import unicodedata
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import fsspec
from flask import current_app
from fsspec.implementations.dirfs import DirFileSystem
from sqlalchemy import ForeignKey, String, event
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from .base import Base, Refusal, session

if TYPE_CHECKING:
    from .message import Message

CHUNK = 64 * 1024
KEPT, REMOVED = "files of this transaction", "files that go with it"
# The first bytes of pictures that a browser may show in a page; never HTML, SVG or XML (threat model, rule 35).
PICTURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBPVP8", re.DOTALL),
}
PREVIEWED_BYTES = 5_000_000


class TooLarge(Refusal):
    """The file is over MAX_ATTACHMENT_BYTES."""


@dataclass
class Upload:
    """A file on its way in: the name its sender gave, its type, and an open stream of its bytes."""

    name: str
    type: str
    stream: BinaryIO
    content_id: str | None = None  # of a picture inside an HTML mail


class Attachment(Base):
    """A file of a message; who may see the message may fetch it (threat model, rule 8)."""

    __tablename__ = "attachments"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("drafts.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(64), unique=True)
    content_id: Mapped[str | None] = mapped_column(String(250))  # of a picture inside an HTML mail
    message: Mapped["Message | None"] = relationship(back_populates="attachments")

    @property
    def picture(self) -> bool:
        """Whether it says to be a picture to show in the page; ``picture_type`` looks inside."""
        return self.type in PICTURES and 0 < self.size <= PREVIEWED_BYTES

    @property
    def picture_type(self) -> str | None:
        """Its type by its first bytes, whatever its sender called it; None unless it is a picture to show."""
        if not self.picture:
            return None
        with self.open() as file:
            head = file.read(16)
        return next((kind for kind, magic in PICTURES.items() if magic.match(head)), None)

    def open(self) -> BinaryIO:
        """The stored bytes, as a stream to close; FileNotFoundError if the store lost them."""
        return _store().open(self.storage_key, "rb")


def keep(upload: Upload) -> Attachment:
    """Store the file, then return its row; without a commit of the row the file goes again. Raises TooLarge."""
    name = clean_name(upload.name)
    key = f"{uuid.uuid4().hex[:2]}/{uuid.uuid4().hex}"
    store, digest, size = _store(), hashlib.sha256(), 0
    limit = current_app.config["MAX_ATTACHMENT_BYTES"]
    store.makedirs(key.partition("/")[0], exist_ok=True)
    session.info.setdefault(KEPT, []).append(key)
    with store.open(key, "wb") as target:
        while chunk := upload.stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                break
            digest.update(chunk)
            target.write(chunk)
    if size > limit:
        store.rm(key)
        raise TooLarge(name)
    kind = (upload.type or "").partition(";")[0].strip().lower() or mimetypes.guess_type(name)[0]
    if not kind or not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind):
        kind = "application/octet-stream"
    return Attachment(name=name, type=kind, size=size, sha256=digest.hexdigest(), storage_key=key,
                      content_id=upload.content_id)  # fmt: skip


def remove(attachment: Attachment):
    """Delete the row, and after the commit the file."""
    session.delete(attachment)
    session.info.setdefault(REMOVED, []).append(attachment.storage_key)


@event.listens_for(Session, "after_commit")
def _stays(session):
    if not session.in_nested_transaction():
        session.info.pop(KEPT, None)
        for key in session.info.pop(REMOVED, ()):
            discard(key)


@event.listens_for(Session, "after_transaction_end")
def _goes(session, transaction):
    """A transaction that ended without a commit leaves no file either (threat model, rule 68)."""
    if transaction.parent is None:
        session.info.pop(REMOVED, None)
        for key in session.info.pop(KEPT, ()):
            discard(key)


def put(storage_key: str, stream: BinaryIO):
    """Store a file under the name that it had, as a restored backup does."""
    store = _store()
    store.makedirs(storage_key.partition("/")[0], exist_ok=True)
    with store.open(storage_key, "wb") as target:
        shutil.copyfileobj(stream, target)


def discard(storage_key: str):
    """Remove a stored file; one that is gone already is no error."""
    with suppress(FileNotFoundError):
        _store().rm_file(storage_key)


def clean_name(name: str) -> str:
    """The sender's file name without path, control characters or tricks of direction; "file" if nothing is left."""
    name = unicodedata.normalize("NFC", name or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if not _hidden(letter)).strip(" .")
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 195 - len(ending)]}{dot}{ending}" if dot and len(ending) < 20 else name[:200]
    return name or "file"


def _hidden(letter: str) -> bool:
    """Control characters, turns of direction, and ends of lines by any name."""
    category = unicodedata.category(letter)
    return category[0] == "C" or category in ("Zl", "Zp")


def _store():
    """The place of the files, from ATTACHMENTS_URL: a folder, or whatever fsspec can open."""
    filesystem, root = fsspec.core.url_to_fs(current_app.config["ATTACHMENTS_URL"])
    return DirFileSystem(path=root, fs=filesystem)
