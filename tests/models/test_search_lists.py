"""Searches in lists: whichever way the tickets are found, each filter, order and page shows what reading all would."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from models import Ticket, make_team, open_ticket, session
from models.base import is_sqlite
from models.candidates import all_of
from models.filters import Filters
from models.listing import page_of
from models.visibility import tickets_visible_to

SEARCHES = {
    "common": lambda words: "common" in words,
    "common pair": lambda words: {"common", "pair"} <= set(words),
    "rare": lambda words: "rare" in words,
    '"the printer"': lambda words: "the printer" in " ".join(words),
    "prin*": lambda words: any(word.startswith("prin") for word in words),
    "nowhere": lambda words: False,
}
KEYS = {
    "activity": lambda ticket: (ticket.last_activity_at, ticket.id),
    "created": lambda ticket: ticket.id,
    "priority": lambda ticket: (ticket.priority, ticket.rank, ticket.id),
}
# Each way of reading, by what would else need a million tickets.
WAYS = {
    "as few are read": {},
    "too few of the newest": {"candidates.SPARE": 1, "candidates.MOST_RARE": 0},
    "too many others": {"candidates.SPARE": 2, "candidates.MOST_RARE": 0, "candidates.MOST_OTHERS": 1},
    "some of the newest, and others": {"candidates.SPARE": 1.5, "candidates.MOST_RARE": 0},
    "in the order of the list": {"search.Search.to_read_for": staticmethod(lambda count, found, every: count + 3)},
    "in stretches": {
        "candidates.MOST_FETCHED": -1,
        "search.Search.to_read_for": staticmethod(lambda count, found, every: None),
        "search.Search.guess": (40, 250_000),
    },
    "in stretches that are too short": {
        "candidates.MOST_FETCHED": -1,
        "search.Search.to_read_for": staticmethod(lambda count, found, every: None),
        "search.Search.guess": (1000, 250_000),
    },
}


@pytest.fixture
def desk(team, company, carla, paul, agnes, arthur):
    """Forty tickets with numbers far apart, and the words of each."""
    dice, words = random.Random(11), {}
    closed_to_her = make_team("Directors", "directors", company, visibility="private")
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(40):
        found = [word for word, chance in (("common", 0.8), ("pair", 0.5), ("rare", 0.05)) if dice.random() < chance]
        found += dice.choice([["the", "printer"], ["printer", "the"], ["the", "print", "printer"], ["nothing"]])
        if number:
            skip_numbers(dice.choice([0, 100, 9000]))
        ticket = open_ticket(
            dice.choice([team, team, team, closed_to_her]), dice.choice([carla, paul]), "Help", " ".join(found)
        )
        ticket.priority, ticket.tags = dice.randrange(3), []
        ticket.edit(agnes.contact, tags=dice.choice([[], ["blue"], ["blue", "red"]]))
        ticket.assignee = dice.choice([None, agnes, arthur])
        ticket.stage = dice.choice(ticket.team.stages)
        ticket.waiting_since = dice.choice([None, start])
        ticket.last_activity_at = start + timedelta(hours=dice.randrange(30))  # some at the same moment
        if dice.random() < 0.5:
            ticket.add_follower(agnes.contact)
        words[ticket] = found
    session.commit()
    return words


def skip_numbers(count: int):
    last = session.scalar(text("SELECT max(id) FROM tickets"))
    if is_sqlite():
        session.execute(text("UPDATE sqlite_sequence SET seq = :n WHERE name = 'tickets'"), {"n": last + count})
    else:
        session.execute(text("SELECT setval('tickets_id_seq', :n)"), {"n": last + count})


def fits(ticket, asked: Filters, agnes) -> bool:
    wanted = {"": True, "none": ticket.assignee is None, "me": ticket.assignee is agnes}[asked.assignee]
    folded = ticket.stage.folded
    return (
        wanted
        and asked.priority in (None, ticket.priority)
        and asked.tag in ("", *(tag.name for tag in ticket.tags))
        and asked.customer in ("", ticket.customer.email, ticket.customer.name, str(ticket.customer_id))
        and (not asked.status or folded == (asked.status == "closed"))
        and (not asked.waiting or (not folded and bool(ticket.waiting_since) == (asked.waiting == "us")))
    )


def shown(agnes, asked: Filters, per_page: int) -> tuple[list[int], list[int]]:
    """What stands on all pages from the first on, and what stands on them from the last one back."""
    forward, pages, page = [], [], page_of(agnes, asked, per_page)
    while True:
        pages.append([row.number for row in page.rows])
        forward += pages[-1]
        if not page.next:
            break
        _last, page = page, page_of(agnes, changed(asked, after=str(page.next)), per_page)
    backward = pages[-1]
    while page.previous and len(pages) > 1:
        page = page_of(agnes, changed(asked, before=str(page.previous)), per_page)
        backward = [row.number for row in page.rows] + backward
        if len(page.rows) < per_page or backward[0] == forward[0]:
            break
    return forward, backward


def changed(asked: Filters, **more) -> Filters:
    return Filters(**{name: getattr(asked, name) for name in asked.__dataclass_fields__} | more)


def narrowed(dice, customer) -> dict:
    return {
        "assignee": dice.choice(["", "", "", "me", "none"]),
        "priority": dice.choice([None, None, 1]),
        "tag": dice.choice(["", "", "blue"]),
        "customer": dice.choice(["", "", customer.email, customer.name, str(customer.id)]),
        "status": dice.choice(["", "active", "closed"]),
        "waiting": dice.choice(["", "", "us", "customer"]),
    }


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_reading_shows_what_reading_all_would(way, desk, agnes, carla, monkeypatch):
    for name, value in WAYS[way].items():
        monkeypatch.setattr(f"models.{name}", value)
    seen = set(session.scalars(select(Ticket.id).where(tickets_visible_to(agnes))))
    dice = random.Random(way)
    for turn in range(60):
        search, by, down = dice.choice(list(SEARCHES)), dice.choice(list(KEYS)), dice.random() < 0.6
        asked = Filters(q=search, sort="-" * down + by, **(narrowed(dice, carla) if turn % 2 else {}))
        found = [
            one for one, words in desk.items() if one.id in seen and fits(one, asked, agnes) and SEARCHES[search](words)
        ]
        wanted = [one.id for one in sorted(found, key=KEYS[by], reverse=down)]
        per_page = dice.choice([1, 3, 7])
        forward, backward = shown(agnes, asked, per_page)
        assert (forward, backward) == (wanted, wanted), asked
        assert all_of(agnes, asked) == wanted, asked
        second = page_of(agnes, changed(asked, page=2), per_page).rows
        assert [row.number for row in second] == wanted[per_page : 2 * per_page], asked
