"""The order of the cards of a column: by priority, then by rank, which dragging changes."""

from sqlalchemy import func, literal, select, tuple_

from .base import session
from .ticket import Ticket

ORDER = (Ticket.priority.desc(), Ticket.rank.desc(), Ticket.id.desc())


def place_before(ticket, other: Ticket | None):
    """Put the card right above another one of its column, or last with None; the priority stays what it is."""
    column = (Ticket.team_id == ticket.team_id, Ticket.stage_id == ticket.stage_id, Ticket.id != ticket.id)
    peers = (*column, Ticket.priority == ticket.priority)
    if other is None or other.priority < ticket.priority:
        lowest = session.scalar(select(func.min(Ticket.rank)).where(*peers))
        ticket.rank = ticket.rank if lowest is None else lowest - 1
    elif other.priority > ticket.priority:
        highest = session.scalar(select(func.max(Ticket.rank)).where(*peers))
        ticket.rank = ticket.rank if highest is None else highest + 1
    else:
        above = session.scalar(select(func.min(Ticket.rank)).where(*peers, Ticket.rank > other.rank))
        ticket.rank = other.rank + 1 if above is None else (other.rank + above) / 2
        if ticket.rank in (above, other.rank):
            _spread(peers, ticket, other)
    session.flush()


def place_after(ticket, other: Ticket | None):
    """Right below another one of its column, or last with None."""
    if other is None:
        return place_before(ticket, None)
    key = tuple_(Ticket.priority, Ticket.rank, Ticket.id)
    below = key < tuple_(literal(other.priority), literal(other.rank), literal(other.id))
    column = (Ticket.team_id == ticket.team_id, Ticket.stage_id == ticket.stage_id, Ticket.id != ticket.id)
    return place_before(ticket, session.scalar(select(Ticket).where(*column, below).order_by(*ORDER).limit(1)))


def place_first(ticket):
    """On top of the cards of its priority."""
    peers = (Ticket.team_id == ticket.team_id, Ticket.stage_id == ticket.stage_id, Ticket.priority == ticket.priority)
    highest = session.scalar(select(func.max(Ticket.rank)).where(*peers, Ticket.id != ticket.id))
    ticket.rank = ticket.rank if highest is None else max(ticket.rank, highest + 1)
    session.flush()


def step(ticket, up: bool):
    """One place up or down among the cards of its priority; at the end of them it stays."""
    peers = (Ticket.team_id == ticket.team_id, Ticket.stage_id == ticket.stage_id, Ticket.priority == ticket.priority)
    key, mine = tuple_(Ticket.rank, Ticket.id), tuple_(literal(ticket.rank), literal(ticket.id))
    query = select(Ticket).where(*peers, key > mine if up else key < mine)
    order = (Ticket.rank.asc(), Ticket.id.asc()) if up else (Ticket.rank.desc(), Ticket.id.desc())
    beyond = list(session.scalars(query.order_by(*order).limit(1 if up else 2)))
    if up and beyond:
        place_before(ticket, beyond[0])
    elif not up and beyond:
        below = beyond[1] if len(beyond) > 1 else None
        place_before(ticket, below)


def _spread(peers, ticket, other):
    """Two cards came too close for a number between them: give the column even distances again."""
    cards = list(session.scalars(select(Ticket).where(*peers).order_by(*ORDER)))
    cards.insert(cards.index(other), ticket)
    top = max(card.rank for card in cards)
    for place, card in enumerate(cards):
        card.rank = top - place
