"""What an import knows of merged tickets: enough to read them as R-MERGE-3 says, and to take them out again."""

from sqlalchemy import JSON, case, func, insert, literal, select
from sqlalchemy.orm import aliased

from models.base import session
from models.closing import Closing
from models.event import Event
from models.merging import MergedPath, Merging
from models.ticket import Ticket


def complete_imported():
    """Merged tickets without their rows, as an import makes them: worked out from what it brought, set by set."""
    merged = select(func.max(Event.at)).where(Event.ticket_id == Ticket.id, Event.kind == "merged").scalar_subquery()
    at = func.coalesce(merged, Closing.at, Ticket.last_activity_at)
    known = select(Merging.ticket_id)
    rows = select(Ticket.id, at, Closing.by_id, Closing.from_stage_id, literal({}, JSON)).outerjoin(
        Closing, Closing.ticket_id == Ticket.id
    )
    fresh = Ticket.merged_into_id.is_not(None), Ticket.id.not_in(known)
    new = list(session.scalars(select(Ticket.id).where(*fresh).order_by(Ticket.id)))
    if not new:
        return
    columns = ["ticket_id", "at", "by_id", "stage_id", "changes"]
    session.execute(insert(Merging).from_select(columns, rows.where(*fresh).order_by(Ticket.id)))
    _draw_paths()
    for ticket_id in new:
        ticket = session.get(Ticket, ticket_id)
        ticket.index_anew()
        ticket.stays.index_anew()


def _draw_paths():
    further = aliased(MergedPath)
    columns = ["ticket_id", "into_id", "since"]
    there = select(MergedPath.ticket_id)
    direct = select(Ticket.id, Ticket.merged_into_id, Merging.at).join(Merging, Merging.ticket_id == Ticket.id)
    session.execute(insert(MergedPath).from_select(columns, direct.where(Ticket.id.not_in(there))))
    later = case((MergedPath.since > Merging.at, MergedPath.since), else_=Merging.at)
    step = (
        select(MergedPath.ticket_id, Ticket.merged_into_id, later)
        .join(Ticket, Ticket.id == MergedPath.into_id)
        .join(Merging, Merging.ticket_id == Ticket.id)
    )
    drawn = select(further.ticket_id).where(
        further.ticket_id == MergedPath.ticket_id, further.into_id == Ticket.merged_into_id
    )
    step = step.where(Ticket.merged_into_id.is_not(None), ~drawn.exists())
    while session.scalar(select(step.exists())):  # PostgreSQL does not tell how many rows such an insert wrote
        session.execute(insert(MergedPath).from_select(columns, step))
