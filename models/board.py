"""The board: the tickets of a team, of somebody, or all they see, in columns by stage. Placing cards: placing.py."""

from dataclasses import dataclass, field
from functools import cache, cached_property

from sqlalchemy import and_, bindparam, select

from .access import NotVisible
from .base import add_unless_there, in_words, is_sqlite, plain_rows, session
from .candidates import Place, in_columns, in_relations, tickets_found
from .closing_rule import ClosingRule
from .filters import LARGEST_ID, Filters, Scope
from .listing import Row, rows_of
from .search import Search
from .stage import ColumnFold, Stage, team_stages
from .team import Team, closing_stages
from .ticket import Ticket
from .visibility import Somebody, followed_by, parameters_of, teams_visible_to
from .words import terms_of

CARDS = 30  # shown per column, and as many more with each step down
MOST_CARDS = 300  # of one column at once
MOST_COUNTED = 1000  # of a column; more are "1,000+": a count must not cost more than the cards
PLACE = ("priority", "rank", "id")  # what orders the cards of a column, the highest first


@dataclass
class Column:
    """One stage on the board: how many tickets stand in it, and the first cards unless it is folded away."""

    id: int
    name: str
    description: str
    folded: bool
    status: str
    folded_here: bool  # by this user, a view setting (R-STAGE-3)
    teams: list[int]
    count: int = 0
    cards: list[Row] = field(default_factory=list)
    more: str = ""  # the place of the last card, where others follow

    @property
    def hidden(self) -> bool:
        return self.folded or self.folded_here

    @property
    def uncounted(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= MOST_COUNTED

    @property
    def ticket_status(self) -> str:
        return "closed" if self.folded else self.status


_COUNT = "SELECT {stage} AS stage, count(*) AS tickets FROM ({tickets} LIMIT {most}) AS c{n}"
_BEST = "SELECT * FROM ({cards} ORDER BY priority DESC, rank DESC, id DESC LIMIT {most}) AS {name}"
_CARDS = "SELECT stage_id, id, priority, rank FROM tickets WHERE {here}"


@cache
def _pipeline(role):
    """The stages of a team, if somebody of this role sees its board, with what they folded; built once."""
    return (
        select(Team.id.label("team_id"), Stage.id, Stage.name, Stage.description, Stage.folded,
               Stage.status, ColumnFold.user_id.label("folder"))
        .join_from(team_stages, Stage, Stage.id == team_stages.c.stage_id)
        .join(Team, Team.id == team_stages.c.team_id)
        .outerjoin(ColumnFold, and_(ColumnFold.stage_id == Stage.id, ColumnFold.user_id == bindparam("viewer")))
        .where(Team.id == bindparam("team"), teams_visible_to(Somebody(role)))
        .order_by(Stage.position, Stage.id)
    )  # fmt: skip


_closing = (
    select(Team.id, Team.auto_close_stage_id, Team.auto_close_days, Team.spare_waiting, closing_stages.c.stage_id)
    .outerjoin(closing_stages, closing_stages.c.team_id == Team.id)
    .where(Team.auto_close, Team.id.in_(bindparam("teams", expanding=True)))
)


class Board:
    """What somebody has before them: one team by its number, which NotVisible refuses, or all that they see."""

    def __init__(self, user, team: int | None = None, filters: Filters = Filters()):
        self.user, self.filters = user, filters
        self.names, self.teams, self.private = {}, [team], []  # of private teams only what they follow (R-VIS-1)
        if team is None:
            scope = Scope(user)
            self.names, self.private, self._pipelines = scope.teams, scope.private, scope.columns
            self.teams = list(self.names)
        else:
            asked = {"team": team, **parameters_of(user)}
            possible = user.active and 0 < team <= LARGEST_ID
            self._pipelines = plain_rows(_pipeline(user.role), asked) if possible else []
            if not self._pipelines:
                raise NotVisible

    @property
    def stages(self) -> set[int]:
        """The columns there are."""
        return {row.id for row in self._pipelines}

    def columns(self, shown: dict[int, int] | None = None) -> list[Column]:
        """The columns with their first cards; ``shown`` is how many of a stage somebody has before them already."""
        found = self._empty_columns()
        for stage, count in self._counts(found):
            column = found[stage]
            column.count = min(column.count + count, MOST_COUNTED)
        wanted = {id: max(CARDS, min((shown or {}).get(id, 0), MOST_CARDS)) for id in found}
        self._deal({id: column for id, column in found.items() if not column.hidden}, wanted)
        return list(found.values())

    def column_after(self, stage: int, place: str) -> Column | None:
        """The next cards of one column below the card at this place; None where there is no such column."""
        column = self._empty_columns().get(stage)
        if column:
            self._deal({stage: column}, {stage: CARDS}, Place.read(place, "priority"))
        return column

    def _empty_columns(self) -> dict[int, Column]:
        found = {}
        for row in self._pipelines:
            if row.id not in found:
                found[row.id] = Column(
                    row.id, row.name, row.description, row.folded, row.status, row.folder is not None, []
                )
            found[row.id].teams.append(row.team_id)
        return found

    def _deal(self, columns: dict[int, Column], wanted: dict[int, int], after=None):
        """Give each column its cards, and the place to go on from where there are more."""
        first = self._first(columns, {id: most + 1 for id, most in wanted.items()}, after)
        first.sort(key=_place, reverse=True)
        dealt = {id: [card for card in first if card.stage_id == id] for id in columns}
        for id, cards in dealt.items():
            if len(cards) > wanted[id]:
                del cards[wanted[id] :]
                columns[id].more = str(Place(_place(cards[-1])))
        rows = {row.number: row for row in rows_of(self.user, [card.id for cards in dealt.values() for card in cards])}
        for id, cards in dealt.items():
            columns[id].cards = [rows[card.id] for card in cards if card.id in rows]
        self._say_when_they_close(rows.values())

    def _say_when_they_close(self, rows):
        """What the rules of these teams do if nobody does anything (R-CLOSE-5)."""
        rules = self._rules({row.team_id for row in rows}) if rows else {}
        for row in rows:
            if rule := rules.get(row.team_id):
                row.closes_at = rule.closes_at(row)

    def _rules(self, teams) -> dict[int, ClosingRule]:
        """Those of the teams that close by rule, made of the columns; one query."""
        found, named = {}, {}
        for team in session.execute(_closing, {"teams": list(teams)}):
            found[team.id] = team
            named.setdefault(team.id, set()).add(team.stage_id)
        stages = self._empty_columns()
        return {id: _rule(team, [one for one in stages.values() if id in one.teams], named[id])
                for id, team in found.items()}  # fmt: skip

    def _followed(self) -> tuple[str, dict]:
        """What narrows a private team to the tickets that the reader follows, and its values."""
        words, values = _followed(is_sqlite()) if self.private else ("", {})
        return words, values | {"viewers_contact": self.user.contact_id} if values else {}

    def _counts(self, columns: dict[int, Column]) -> list:
        """(stage, number of tickets) for each part of each column; what is slow to count, last of all."""
        teams = {id: sorted(column.teams, key=self.private.__contains__) for id, column in columns.items()}
        here, values = self._of_each(teams)
        parts = []
        for id, each in here.items():
            for n, some in enumerate(_slices([f"SELECT 1 FROM tickets WHERE {one}" for one in each])):  # noqa: S608
                parts.append(
                    _COUNT.format(stage=id, tickets=" UNION ALL ".join(some), most=MOST_COUNTED, n=f"{id}_{n}")
                )
        return _joined(parts, values)

    def _first(self, columns: dict[int, Column], wanted: dict[int, int], after: Place | None = None) -> list:
        """The best cards of each column, of all of its teams together.

        Of private teams those above the last one that is wanted of the others: no column is read on and on until so
        many cards are met that the reader follows.
        """
        whole, followed = (
            {id: teams for id, column in columns.items()
             if (teams := [team for team in column.teams if (team in self.private) == private])}
            for private in (False, True)
        )  # fmt: skip
        bounds = {id: {"<": after} if after else {} for id in columns}
        found = self._best(whole, wanted, bounds)
        if followed:
            for id in followed:
                best = sorted((_place(card) for card in found if card.stage_id == id), reverse=True)
                if len(best) >= wanted[id]:
                    bounds[id][">"] = best[wanted[id] - 1]
            found += self._best(followed, wanted, bounds)
        return found

    def _best(self, teams: dict[int, list[int]], wanted: dict[int, int], bounds: dict[int, dict[str, tuple]]) -> list:
        here, values = self._of_each(teams, bounds)
        parts = []
        for id, each in here.items():
            of_teams = [_BEST.format(cards=_CARDS.format(here=one), most=wanted[id], name=f"f{id}_{n}")
                        for n, one in enumerate(each)]  # fmt: skip
            for n, some in enumerate(_slices(of_teams)):
                best = f"SELECT * FROM ({' UNION ALL '.join(some)}) AS g{id}_{n}"  # noqa: S608
                parts.append(_BEST.format(cards=best, most=wanted[id], name=f"h{id}_{n}") if some[1:] else some[0])
        return _joined(parts, values)

    @cached_property
    def _asked(self) -> tuple[str, dict]:
        """What is asked for besides team and stage, as text that follows others, and its values."""
        plain, values = in_columns(self.filters, self.user)
        further = in_relations(self.filters)
        if q := self.filters.q:
            further.append(tickets_found(q, Search(terms_of(q), internal=True)))
        words, more = _in_words(and_(*further)) if further else ("", {})
        return plain + words, values | more

    def _of_each(self, teams: dict[int, list[int]], bounds=None) -> tuple[dict[int, list[str]], dict]:
        """{stage: the condition of each team's part}, as text: dozens of parts take longer to build than to run.

        ``bounds`` are places in a stage: {stage: {"<": below this one}}.
        """
        asked, values = self._asked
        followed, reader = self._followed()
        found, values = {}, values | reader
        for id, some in teams.items():
            here = f"stage_id = {id}{asked}"
            for n, (side, place) in enumerate((bounds or {}).get(id, {}).items()):
                names = [f"{name}{id}_{n}" for name in PLACE]
                here += f" AND ({', '.join(PLACE)}) {side} ({', '.join(f':{name}' for name in names)})"
                values |= dict(zip(names, place, strict=True))
            found[id] = [f"team_id = {team} AND {here}{followed if team in self.private else ''}" for team in some]
        return found, values


def _place(card) -> tuple:
    """Where a card stands in its column."""
    return card.priority, card.rank, card.id


def _joined(parts: list[str], values: dict) -> list:
    return [row for some in _slices(parts) for row in plain_rows(" UNION ALL ".join(some), values)]


def _slices(parts: list):
    """At most 400 parts go into one statement, since SQLite joins no more than 500."""
    return (parts[start : start + 400] for start in range(0, len(parts), 400))


def _rule(team, stages: list[Column], named: set) -> ClosingRule:
    target = next((one for one in stages if one.id == team.auto_close_stage_id), None)
    return ClosingRule.of(team, stages, target, [one for one in stages if one.id in named],
                          days=team.auto_close_days, spare_waiting=team.spare_waiting)  # fmt: skip


def _in_words(condition) -> tuple[str, dict]:
    """A condition on Ticket as text, and its values."""
    words, values = in_words(select(Ticket.id).where(condition), render_postcompile=True)
    return f" AND ({words.partition('WHERE ')[2]})", values


@cache
def _followed(_kind_of_database: bool) -> tuple[str, dict]:
    """The condition of R-VIS-1 on a ticket of a private team, as text and its values; written once."""
    return _in_words(followed_by(Somebody.contact_id))


def fold_column(user, stage_id: int, folded: bool):
    """Fold or unfold a column for this user alone."""
    row = session.get(ColumnFold, (user.id, stage_id))
    if folded and row is None:
        add_unless_there(ColumnFold(user_id=user.id, stage_id=stage_id))
    elif not folded and row is not None:
        session.delete(row)
    session.flush()
