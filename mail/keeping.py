"""What a ticket keeps of a mail: subject, words and files."""

import io
import re

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from models.attachment import Upload
from models.reply_address import KEY_OF_ADDRESS


def subject_kept(found) -> str:
    return found.subject or _first_words(found.text) or _("(no subject)")


def _first_words(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 80 else line[:79].rstrip() + "…"


def words_kept(found) -> str:
    """The words, whole; links and reply addresses of ours are taken out of what was quoted: they are personal."""
    config = current_app.config
    text = KEY_OF_ADDRESS.sub("", found.text)
    base = re.escape(config["BASE_URL"])
    text = re.sub(rf"({base}/(?:ticket|reset|signup|rating|unsubscribe)[/?])[^\s\"'<>)\]]+", r"\1…", text)
    if found.left:
        with force_locale(config["BABEL_DEFAULT_LOCALE"]):
            names = ", ".join(found.left)
            text += "\n\n" + _("[Too large to be kept here, but in the original mail: %(names)s]", names=names)
    return text.strip() or found.subject or "…"


def files_kept(found) -> list[Upload]:
    return [Upload(one.name, one.type, io.BytesIO(one.content), one.content_id) for one in found.files]
