"""What the pages on teams and on stages both ask of pipelines."""

from sqlalchemy import func, or_, select

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


def shared_with_others(stage, user) -> bool:
    """Whether teams that this administrator does not see work with the stage as well."""
    theirs = select(team_stages.c.team_id).join(Team, Team.id == team_stages.c.team_id)
    theirs = theirs.where(team_stages.c.stage_id == stage.id, ~teams_visible_to(user))
    return session.scalar(theirs.limit(1)) is not None
