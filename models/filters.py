"""What a list of tickets is asked for, and where it looks: the words of an address, and the teams of the reader."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import and_, select

from .base import plain_rows
from .company import user_companies
from .stage import STATUSES, ColumnFold, Stage, team_stages
from .team import Team
from .visibility import Somebody, parameters_of, teams_visible_to

SORTS = ("activity", "created", "priority")
WAITING = ("us", "customer")
NARROWED_BY = ("q", "waiting", "assignee", "priority", "tag", "customer")  # what a board can be asked for as well
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Filters:
    """What somebody asks the list for. Empty values ask for everything; ``assignee`` may be "me" or "none".

    ``after`` and ``before`` are places in the list (candidates.Place) where a page begins or ends; ``page`` alone
    counts pages from the first one.
    """

    q: str = ""
    team: int | None = None
    stage: int | None = None
    status: str = ""  # a status, "closed", or "active" for every ticket that is not closed
    duplicates: bool = False  # those that another ticket may be the same as
    waiting: str = ""  # for "us" or for the "customer", of those that are not closed
    assignee: str = ""
    priority: int | None = None
    tag: str = ""
    customer: str = ""
    sort: str = "-activity"
    view: int | None = None  # the saved view that was opened, to come back to it
    page: int = 1
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, values) -> "Filters":
        """From the words of an address; what can't be understood is left out."""
        values = {name: value.replace("\0", "") for name, value in values.items()}
        status, assignee, waiting = (values.get(name, "") for name in ("status", "assignee", "waiting"))
        sort, priority = values.get("sort", ""), whole_number(values.get("priority"))
        return cls(
            q=values.get("q", "").strip()[:600],
            team=whole_number(values.get("team")),
            stage=whole_number(values.get("stage")),
            status=status if status in (*STATUSES, "closed", "active") else "",
            duplicates=values.get("duplicates", "") == "1",
            waiting=waiting if waiting in WAITING else "",
            assignee=assignee if assignee in ("me", "none") or whole_number(assignee) is not None else "",
            priority=priority if priority in (0, 1, 2, 3) else None,
            tag=values.get("tag", "").strip()[:40],
            customer=values.get("customer", "").strip()[:254],
            sort=sort if sort.removeprefix("-") in SORTS else "-activity",
            view=whole_number(values.get("view")),
            page=max(1, whole_number(values.get("page")) or 1),
            after=values.get("after", "")[:80],
            before=values.get("before", "")[:80],
        )

    def words(self, **changes) -> dict[str, str]:
        """The address of this list again, without what is not asked; changes start on the first page."""
        places = ("page", "after", "before")
        asked = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in places} | changes
        silent = {"sort": "-activity", "page": 1}
        return {
            name: "1" if value is True else str(value)
            for name, value in asked.items()
            if value not in ("", None, False) and value != silent.get(name)
        }


@cache
def _pipelines_near(role):
    """The teams of one's companies with their stages, and whether one sees the whole of each; built once for a role."""
    somebody = Somebody(role)
    mine = select(user_companies.c.company_id).where(user_companies.c.user_id == somebody.id)
    whole = teams_visible_to(somebody).label("whole")
    near = select(Team.id.label("team_id"), Team.name.label("team"), Team.company_id, Team.visibility, whole,
                  Stage.id, Stage.name, Stage.description, Stage.folded, Stage.status,
                  ColumnFold.user_id.label("folder"))  # fmt: skip
    near = near.outerjoin(team_stages, team_stages.c.team_id == Team.id)
    near = near.outerjoin(Stage, Stage.id == team_stages.c.stage_id).where(Team.company_id.in_(mine))
    near = near.outerjoin(ColumnFold, and_(ColumnFold.stage_id == Stage.id, ColumnFold.user_id == somebody.id))
    return near.order_by(Stage.position, Stage.id, Team.name, Team.id)


class Scope:
    """The teams of a user with their stages: what the filters offer, and where the list looks. One query."""

    def __init__(self, user):
        found = plain_rows(_pipelines_near(user.role), parameters_of(user)) if user.active else []
        names, private, self.columns = {}, {}, []  # a column is a stage of one team
        for row in found:
            team, name, company, visibility, whole, stage, *_ = row
            if (not whole and visibility != "private") or user.focus not in (None, company):
                continue
            (names if whole else private)[team] = name
            if stage is not None:
                self.columns.append(row)
        self.teams = {team: names[team] for team in sorted(names, key=lambda team: (names[team], team))}
        self.private = list(private)
        self.stages, self.pipelines = {}, {team: [] for team in self.teams}
        for row in self.columns:
            self.stages[row.id] = row
            self.pipelines.setdefault(row.team_id, []).append(row.id)

    @property
    def offered(self) -> dict:
        """The stages of the teams whose boards the user may see; those of others are nobody's business."""
        ids = {id for team in self.teams for id in self.pipelines[team]}
        return {id: stage for id, stage in self.stages.items() if id in ids}

    def asked(self, filters: Filters) -> set[int]:
        """The stages in which the tickets asked for can stand."""
        return {id for id, stage in self.stages.items() if self._fits(id, stage, filters)}

    @staticmethod
    def _fits(id, stage, filters) -> bool:
        if (filters.stage is not None and id != filters.stage) or (filters.waiting and stage.folded):
            return False
        if filters.status in ("closed", "active"):
            return stage.folded == (filters.status == "closed")
        return not filters.status or (not stage.folded and stage.status == filters.status)


def whole_number(value) -> int | None:
    if not value or not value.isascii() or not value.isdecimal() or len(value) > 20:
        return None
    return number if (number := int(value)) <= LARGEST_ID else None
