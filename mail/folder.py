"""Where mail goes without MAIL_URL: a file each, under DATA_DIR/mail."""

import os
from pathlib import Path

from .envelope import Envelope, Unreachable


class Folder:
    """Takes every mail. Files belong to this user alone: they hold links and codes."""

    def __init__(self, path: Path):
        self.path = path

    def post(self, envelope: Envelope):
        """Write the file whole or not at all; the same mail again takes the place of the first."""
        draft = self.path / f".{envelope.name}.{os.getpid()}"
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(envelope.raw)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path / f"{envelope.name}.eml")
        except OSError as error:
            raise Unreachable(f"The folder {self.path} cannot be written: {error.strerror}") from error
