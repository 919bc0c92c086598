"""The board: columns of a team and the order of cards in them."""

from dataclasses import dataclass

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from .base import session
from .people import User
from .stage import ColumnFold, Stage
from .ticket import Ticket

CARDS = 30  # shown per column at first


@dataclass
class Column:
    """One stage on the board: how many tickets stand in it, and the first cards unless it is folded away."""

    stage: Stage
    count: int
    cards: list[Ticket]
    folded_here: bool  # by this user, a view setting (R-STAGE-3)

    @property
    def hidden(self) -> bool:
        return self.stage.folded or self.folded_here


ORDER = (Ticket.priority.desc(), Ticket.rank.desc(), Ticket.id.desc())


def columns(team, user, condition, cards=CARDS) -> list[Column]:
    """The columns of a team's board, with the tickets that ``condition`` lets this user see."""
    here = (Ticket.team_id == team.id, condition)
    counts = dict(
        session.execute(select(Ticket.stage_id, func.count()).where(*here).group_by(Ticket.stage_id)).all()
    )
    folded = set(session.scalars(select(ColumnFold.stage_id).where(ColumnFold.user_id == user.id)))
    shown = [stage.id for stage in team.stages if not stage.folded and stage.id not in folded]
    place = func.row_number().over(partition_by=Ticket.stage_id, order_by=ORDER).label("place")
    first = select(Ticket.id, place).where(*here, Ticket.stage_id.in_(shown)).subquery()
    query = select(Ticket).join(first, first.c.id == Ticket.id).where(first.c.place <= cards).order_by(*ORDER)
    tickets = list(session.scalars(query.options(*card_options())))
    return [
        Column(stage, counts.get(stage.id, 0), [one for one in tickets if one.stage_id == stage.id], stage.id in folded)
        for stage in team.stages
    ]


def card_options():
    """What a card shows, loaded in a fixed number of queries."""
    return (
        joinedload(Ticket.customer),
        joinedload(Ticket.assignee).joinedload(User.contact),
        joinedload(Ticket.stage),
        selectinload(Ticket.tags),
    )


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


def fold_column(user, stage, folded: bool):
    """Fold or unfold a column for this user alone."""
    row = session.get(ColumnFold, (user.id, stage.id))
    if folded and row is None:
        session.add(ColumnFold(user_id=user.id, stage_id=stage.id))
    elif not folded and row is not None:
        session.delete(row)
    session.flush()
