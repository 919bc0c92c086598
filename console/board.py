"""The boards: of a team, of my tickets, of all tickets. A look at an unchanged one is answered 304."""

from functools import cached_property

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask import session as cookie

from models import Team, session
from models.access import NotVisible
from models.base import now
from models.board import Board, fold_column
from models.board_mark import board_mark
from models.filters import NARROWED_BY, Filters
from models.stage import order_stages
from models.workload import notices_of
from web import login_in_force
from web.locale import gettext as _
from web.respond import asked_by_htmx, respond
from web.words import PRIORITY_NAMES

from . import administrators_only, bp, me
from .colleagues import colleagues
from .lists import WAITING_NAMES
from .pipeline import stages_known_to

PAGES = {"all": "console.all_board", "mine": "console.my_board"}
BOARDS = {"console.board", *PAGES.values()}


class Shown(Board):
    """A board with its address. ``which`` is the number of a team, "mine" or "all"; 404 for what is not seen."""

    def __init__(self, which: str):
        if which not in PAGES and not (which.isdecimal() and len(which) < 10):
            abort(404)
        self.which, asked = which, Filters.read(request.args)
        kept = {name: getattr(asked, name) for name in NARROWED_BY}
        if which == "mine":
            kept["assignee"] = "me"
        # Asked by look_first or, after a change, now: before what is shown is read, so that it never is newer.
        self.mark = g.get("board_mark") or board_mark(me().get_id(), self.place.get("id"), me().focus)
        if self.mark is None:
            raise NotVisible
        super().__init__(me(), None if which in PAGES else int(which), Filters(**kept))

    @cached_property
    def team(self) -> Team | None:
        return None if self.which in PAGES else me().team(int(self.which))

    @property
    def endpoint(self) -> str:
        return PAGES.get(self.which, "console.board")

    @property
    def place(self) -> dict:
        """What the address of this board is made of."""
        return {} if self.which in PAGES else {"id": int(self.which)}

    @cached_property
    def asked(self) -> dict[str, str]:
        """The filters in force, as words of its address."""
        silent = {"assignee"} if self.which == "mine" else set()
        return {name: value for name, value in self.filters.words().items() if name not in silent}

    @property
    def words(self) -> dict[str, str]:
        """What goes along with every change, so that it is answered with this board."""
        return {"board": self.which, **self.asked}

    @property
    def address(self) -> str:
        return url_for(self.endpoint, **self.place, **self.asked)

    @property
    def takes_new(self) -> bool:
        """Whether a ticket that is written here would stand here: on one's own board, for those who take tickets."""
        return self.which != "mine" or me().takes_tickets

    def teams_with(self, column) -> list[int]:
        """The teams for which a ticket can be written into this column."""
        return [id for id in column.teams if id in self.names or self.team]

    def below(self, column) -> str:
        """The address of the same board with the column read on below its last card."""
        return url_for(self.endpoint, **self.place, **self.asked, column=column.id, after=column.more)


@bp.get("/teams/<int:id>")
def board(id):
    return _page(Shown(str(id)))


@bp.get("/tickets/board")
def all_board():
    return _page(Shown("all"))


@bp.get("/tickets/mine/board")
def my_board():
    return _page(Shown("mine"))


@bp.before_app_request  # of the app, since those of the console load the reader
def look_first():
    """Ask for the mark of a board before all else, even before the reader is loaded: one query finds them as well.

    A look that knows the mark is answered 304; whatever else takes the usual way.
    """
    if request.endpoint not in BOARDS or request.method not in ("GET", "HEAD") or "after" in request.args:
        return None
    g.board_mark = mark = board_mark(login_in_force(), request.view_args.get("id"), cookie.get("company"))
    if asked_by_htmx() and request.if_none_match.is_weak(mark):
        return "", 304, {"ETag": f'W/"{mark}"'}
    return None


def _page(shown):
    """The whole page; for a look at what changed the board alone; for a step down, the column's next cards."""
    if asked_by_htmx() and "after" not in request.args:
        answer = make_response(render_template("console/_board.html", **context(shown)))
        answer.set_etag(shown.mark, weak=True)
        return answer
    columns = _continued(shown)
    if asked_by_htmx():
        return render_template("console/_board.html", board=shown, columns=columns)
    return render_template(
        "console/board.html", board=shown, columns=columns, notices=shown.team and notices_of(shown.team, me(), now()),
        priority_choices=list(enumerate(PRIORITY_NAMES)), waiting_choices=list(WAITING_NAMES.items()),
        assignee_choices=_assignees(shown),
    )  # fmt: skip


def _assignees(shown) -> list[tuple]:
    """Whom a board can be narrowed to; one's own is narrowed already."""
    if shown.which == "mine":
        return []
    people = shown.team.assignable_people if shown.team else colleagues(me())
    return [("me", _("Me")), ("none", _("Nobody")), *((one.id, str(one)) for one in people)]


def _continued(shown) -> list:
    """The columns; the one that is read on begins below the card that ``after`` names, and is alone for htmx."""
    stage, after = request.args.get("column", type=int), request.args.get("after", "")
    column = shown.column_after(stage, after) if stage and after else None
    if asked_by_htmx():
        return [column] if column else []
    return [column if column and one.id == column.id else one for one in context(shown)["columns"]]


def context(shown) -> dict:
    """What the board's fragment is made of."""
    return {"board": shown, "columns": shown.columns(_open_further())}


def _open_further() -> dict[int, int]:
    """{stage: number of cards} that the reader has before them already, from ``shown=3.60``."""
    pairs = (word.partition(".") for word in request.args.getlist("shown")[:100])
    return {int(stage): int(n) for stage, _dot, n in pairs if _small(stage) and _small(n)}


def _small(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 10


@bp.post("/stages/order")
@administrators_only
def order():
    """``stages`` are ids in their new order; stages that are not named keep their places around them (R-STAGE-4)."""
    ids = list(dict.fromkeys(request.form.getlist("stages", type=int)))
    known = {stage.id: stage for stage in stages_known_to(me())}
    if not ids or not set(ids) <= set(known):
        abort(422)
    order_stages([known[id] for id in ids])
    session.commit()
    if "board" in request.args:
        return answer_with(Shown(request.args["board"]))
    return respond("_said.html", back=url_for("console.stages"), message=_("The order is saved."))


@bp.post("/stages/<int:id>/fold")
def fold(id):
    """Fold or unfold a column for this user alone: a view setting that closes nothing (R-STAGE-3)."""
    shown = Shown(request.args.get("board", "all"))
    if id not in shown.stages:
        abort(404)
    fold_column(me(), id, request.form.get("folded") in ("1", "on", "true", "y"))
    session.commit()
    return answer_with(Shown(shown.which))


def answer_with(shown):
    """The board after a change."""
    if asked_by_htmx():
        return render_template("console/_board.html", **context(shown))
    return redirect(shown.address, 303)
