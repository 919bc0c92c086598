"""The board: columns of a team and the order of cards in them."""

from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, literal, select, text, tuple_

from .base import session
from .listing import Row, rows_of
from .stage import ColumnFold, Stage
from .ticket import Ticket

CARDS = 30  # shown per column
MOST_COUNTED = 1000  # of a column; more are "1,000+": a count must not cost more than the cards


@dataclass
class Column:
    """One stage on the board: how many tickets stand in it, and the first cards unless it is folded away."""

    stage: Stage
    count: int
    folded_here: bool  # by this user, a view setting (R-STAGE-3)
    cards: list[Row] = field(default_factory=list)

    @property
    def hidden(self) -> bool:
        return self.stage.folded or self.folded_here

    @property
    def uncounted(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= MOST_COUNTED


ORDER = (Ticket.priority.desc(), Ticket.rank.desc(), Ticket.id.desc())
_COUNT = "SELECT {stage} AS stage, count(*) AS tickets FROM (SELECT 1 FROM tickets WHERE {here} LIMIT :most) AS c{n}"
_FIRST = (
    "SELECT * FROM (SELECT stage_id, id, priority, rank FROM tickets WHERE {here} "
    "ORDER BY priority DESC, rank DESC, id DESC LIMIT :cards) AS f{n}"
)


_folds = select(ColumnFold.stage_id).where(ColumnFold.user_id == bindparam("user"))


def columns(team, user, cards=CARDS) -> list[Column]:
    """The columns of a team's board as this user sees it; six queries, each a short stretch of an index per column."""
    folded = set(session.scalars(_folds, {"user": user.id}))
    counts = dict(_of_each(_COUNT, team, team.stages, most=MOST_COUNTED))
    found = [Column(stage, counts[stage.id], stage.id in folded) for stage in team.stages]
    shown = [column.stage for column in found if not column.hidden]
    first = _of_each(_FIRST, team, shown, cards=cards)
    first.sort(key=lambda card: (card.priority, card.rank, card.id), reverse=True)
    stages = {card.id: card.stage_id for card in first}
    rows = rows_of(user, list(stages))
    for column in found:
        column.cards = [row for row in rows if stages[row.number] == column.stage.id]
    return found


def _of_each(part: str, team, stages, **values):
    """The same asked of each column, as one statement: dozens of parts take longer to build than to run."""
    if not stages:
        return []
    parts = []
    for n, stage in enumerate(stages):
        parts.append(part.format(n=n, stage=stage.id, here=f"team_id = :team AND stage_id = :s{n}"))
        values[f"s{n}"] = stage.id
    return session.execute(text(" UNION ALL ".join(parts)), values | {"team": team.id}).all()


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
