"""What the pages on teams and on stages both ask of pipelines."""

from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from models import Stage, Team, Ticket, session
from models.stage import team_stages
from models.visibility import teams_visible_to


def stages_known_to(user) -> list[Stage]:
    """The stages of the teams this administrator sees, and those of no team, in the order of the pipeline (R-VIS-8)."""
    mine = select(team_stages.c.stage_id).join(Team, Team.id == team_stages.c.team_id).where(teams_visible_to(user))
    unused = Stage.id.not_in(select(team_stages.c.stage_id))
    return list(
        session.scalars(select(Stage).where(or_(Stage.id.in_(mine), unused)).order_by(Stage.position, Stage.id))
    )


def tickets_in(team, stages) -> dict[int, int]:
    """How many tickets of the team stand in each of these stages; a stage without one is left out."""
    where = Ticket.team_id == team.id, Ticket.stage_id.in_([stage.id for stage in stages])
    return dict(session.execute(select(Ticket.stage_id, func.count()).where(*where).group_by(Ticket.stage_id)).all())


def teams_with_stages(stage) -> list[Team]:
    """The teams that work with this stage, each with its whole pipeline loaded, in the order of their names."""
    query = select(Team).where(Team.stages.contains(stage)).options(selectinload(Team.stages))
    return list(session.scalars(query.order_by(Team.name)))


def tickets_by_team(stage, merged=True) -> dict[int, int]:
    """{team id: how many of its tickets stand in this stage}, with those that are merged or without; a team without
    one is left out."""
    counts = select(Ticket.team_id, func.count()).where(Ticket.stage_id == stage.id)
    if not merged:
        counts = counts.where(Ticket.merged_into_id.is_(None))
    return dict(session.execute(counts.group_by(Ticket.team_id)).all())


def shared_with_others(stage, user) -> bool:
    """Whether teams that this administrator does not see work with the stage as well."""
    theirs = select(team_stages.c.team_id).join(Team, Team.id == team_stages.c.team_id)
    theirs = theirs.where(team_stages.c.stage_id == stage.id, ~teams_visible_to(user))
    return session.scalar(theirs.limit(1)) is not None


def merged_stay_closed(team) -> str:
    """Why a stage cannot be opened again or given up to an open one (R-MERGE-2); ``team`` is the name of one."""
    return _(
        "Merged tickets stand in this stage and stay closed, but %(team)s has no other folded stage for them: fold "
        "another one first, or undo these merges.",
        team=team,
    )
