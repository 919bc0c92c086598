"""Short thank-yous: they need no answer and reopen nothing (R-CLOSE-8). The phrases are in thanks.json.

A message is one when nothing else is in it: at most a few words, no question mark, no file, and each word part of a
phrase of the list or of a name on the ticket, with thanks among them. Whatever is in doubt is no thank-you.
"""

import json
import re
import unicodedata
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import and_, bindparam, func, select, text
from sqlalchemy.orm import joinedload

from .base import UtcDateTime, session
from .message import Message

GLANCE = timedelta(hours=24)  # so long they are listed in the console
MOST_LISTED = 100
SORTS = ("thanks", "around")
LONGEST = 400  # characters; more is no short phrase, and not looked at
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")
_QUESTION = re.compile(r"[?？؟]")


@cache
def phrases() -> dict:
    return json.loads(Path(__file__).with_name("thanks.json").read_text("utf-8"))


@cache
def _known() -> tuple[set, set, int]:
    """The phrases of thanks, those that may stand around them, and the number of words in the longest."""
    told = phrases()
    thanks, around = ({_words(phrase) for name in ("en", "fr") for phrase in told[name][sort]} for sort in SORTS)
    thanks |= {(sign,) for sign in told["signs"]}
    return thanks, around, max(map(len, thanks | around))


def _words(text: str) -> tuple[str, ...]:
    """Small letters without accents; punctuation is dropped, other signs stand for themselves."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    plain = "".join(one for one in plain if not unicodedata.combining(one) and one != "\N{VARIATION SELECTOR-16}")
    return tuple(one for one in _TOKEN.findall(plain) if not unicodedata.category(one[0]).startswith("P"))


def is_thanks(text: str, names=()) -> bool:
    """Whether this is a short thank-you and nothing else; ``names`` are those of people on the ticket."""
    if len(text) > LONGEST or _QUESTION.search(text):
        return False
    words = _words(text)
    if not 0 < len(words) <= phrases()["most_words"]:
        return False
    named = {word for name in names for word in _words(name)}
    thanked, place = False, 0
    while place < len(words):
        length, is_thank = _phrase_at(words, place)
        if not length and words[place] not in named:
            return False
        thanked |= is_thank
        place += length or 1
    return thanked


def _phrase_at(words, place) -> tuple[int, bool]:
    """The longest phrase that begins here: its number of words, 0 for none, and whether it thanks."""
    thanks, around, longest = _known()
    for length in range(min(longest, len(words) - place), 0, -1):
        part = words[place : place + length]
        if part in thanks or part in around:
            return length, part in thanks
    return 0, False


@cache
def _recent(role):
    """A condition on Message, built once for a role; the first part as it stands in the index of thank-yous."""
    from .visibility import Somebody, messages_visible_to

    since = bindparam("since", type_=UtcDateTime)
    return and_(text("messages.thanks"), Message.at > since, messages_visible_to(Somebody(role)))


def _asked(user, at) -> dict:
    from .visibility import parameters_of

    return {"since": at - GLANCE, **parameters_of(user)}


def latest_thanks(user, at: datetime) -> list[Message]:
    """The thank-yous of the last 24 hours on tickets that this user may see, newest first, for a glance."""
    from .ticket import Ticket

    loaded = joinedload(Message.ticket).options(joinedload(Ticket.stage), joinedload(Ticket.team))
    query = select(Message).where(_recent(user.role)).options(loaded, joinedload(Message.author))
    query = query.order_by(Message.at.desc(), Message.id.desc()).limit(MOST_LISTED)
    return list(session.scalars(query, _asked(user, at))) if user.active else []


@cache
def _number(role):
    return select(func.count()).select_from(Message).where(_recent(role))


def count_thanks(user, at: datetime) -> int:
    return session.scalar(_number(user.role), _asked(user, at)) if user.active else 0
