"""Taking a merged ticket out again: everything that was its own returns to it (R-MERGE-4)."""

from datetime import datetime

from sqlalchemy import delete, func, or_, select

from .base import session
from .bell import ring
from .event import Event
from .follower import TicketFollower
from .merging import KEPT, CannotMerge, MergedPath, merged_ones, mergings_into, move_messages, state_of, written
from .message import Message


class Undoing:
    """One ticket is taken out again: what is its own is known by ``origin``, the rest stands in its Merging."""

    def __init__(self, source, by, at):
        self.source, self.by, self.at = source, by, at

    def carry_out(self):
        source = self.source
        self._hold()
        if source.merged_into_id is None:
            return  # somebody was quicker
        into, last = source.merged_into, source.stays
        for ticket in (source, into):
            if not (self.by and self.by.user and self.by.user.sees(ticket)):
                raise CannotMerge("hidden", ticket)
        merging, wrote, state = source.merging, self._wrote_since(last), state_of(into)
        self._take_messages(into, last)
        _give_tags_back(merging, into)
        source.record("unmerged", by=self.by, to=str(into.id), at=self.at)
        into.record("unmerged", by=self.by, from_=str(source.id), at=self.at)
        for name in ("last_activity_at", "reminded_at"):  # an undo is no activity: all is as it was (R-MERGE-4)
            setattr(into, name, _read(name, state[name]))
        self._put_back(merging, into, state)
        session.delete(merging)
        source.merged_into = None
        session.flush()
        self._return(merging)
        for ticket in dict.fromkeys((source, into, last)):
            session.expire(ticket, ["messages"])
            if wrote and ticket.merged_into_id is None:
                ticket.waiting_since = ticket.unanswered_since()
            ticket.index_anew()
        ring("assign")

    def _hold(self):
        """The ticket and its chain, in the order in which everybody locks; also what it was merged into meanwhile."""
        held = set()
        while missing := set(self._chain()) - held:
            for ticket in sorted(missing, key=lambda each: each.id):
                ticket.lock()
            held |= missing

    def _chain(self):
        ticket = self.source
        while ticket is not None:
            yield ticket
            ticket = ticket.merged_into

    def _wrote_since(self, last) -> bool:
        public = Message.ticket_id == last.id, ~Message.internal, Message.at > self.source.merging.at
        return session.scalar(select(Message.id).where(*public).limit(1)) is not None

    def _take_messages(self, into, last):
        source = self.source
        session.flush()
        own = [source.id, *session.scalars(merged_ones(source.id))]
        origin = func.nullif(Message.origin_id, source.id)
        move_messages((Message.ticket_id == last.id) & Message.origin_id.in_(own), source.id, origin)
        on_the_way = select(MergedPath.into_id).where(MergedPath.ticket_id == into.id)
        beyond = or_(MergedPath.into_id == into.id, MergedPath.into_id.in_(on_the_way))
        gone = delete(MergedPath).where(MergedPath.ticket_id.in_(own), beyond)
        session.execute(gone, execution_options={"synchronize_session": "fetch"})

    def _put_back(self, merging, into, state):
        """What the merge changed on the ticket that stays, unless it was changed since; by a later merge, that one
        remembers instead what was there before both."""
        changes, later = dict(merging.changes), [one for one in mergings_into(into) if one.id > merging.id]
        follower, own = changes.pop("follower", None), into.merging
        state |= {name: written(getattr(own, name)) for name in KEPT} if own else {}
        for name, (before, after) in changes.items():
            heir = next(
                (one for one in later if one.changes.get(name, [None])[0] == after and name in one.changes), None
            )
            if heir:
                heir.changes = {**heir.changes, name: [before, heir.changes[name][1]]}
            elif state[name] == after and own and name in KEPT:  # merged itself by now, and to be that when taken out
                setattr(own, name, _read(name, before))
            elif state[name] == after:
                self._set(into, name, before)
        self._assignee_put_back(merging, into, changes)
        contact_id = into.assignee and into.assignee.contact_id  # whoever has the ticket follows it (R-VIS-1)
        if follower and follower[0] != contact_id and (row := session.get(TicketFollower, (into.id, follower[0]))):
            if follower[1]:
                row.excluded = True
            else:
                session.delete(row)

    @staticmethod
    def _set(into, name, value):
        if name == "stage_id":
            stage = next((one for one in into.team.stages if one.id == value and not one.folded), None)
            if stage is not None:
                into.stage = stage
        else:
            setattr(into, name, _read(name, value))

    def _assignee_put_back(self, merging, into, changes):
        """Who has the ticket again follows it again; not who may not see the team that it went to since (R-STAGE-8)."""
        session.flush()
        session.expire(into, ["assignee"])
        user = into.assignee
        if user is None or changes.get("assignee_id", [None])[0] != user.id:
            return
        moved = select(Event.id).where(Event.ticket_id == into.id, Event.kind == "team", Event.at > merging.at)
        if session.scalar(moved.limit(1)) is not None and not into.team.may_be_assigned(user):
            into.assignee, into.assigned_at, into.awaits_assignment = None, None, True
        elif row := session.get(TicketFollower, (into.id, user.contact_id)):
            row.excluded = False

    def _return(self, merging):
        """To the stage where it stood, else to where a reopened ticket goes; with its dates."""
        source = self.source
        stage = next((one for one in source.team.stages if one.id == merging.stage_id and not one.folded), None)
        stage = stage or source.team.first_with_status("open")
        stage = stage or next((one for one in source.team.stages if not one.folded), None)
        if stage is None:
            source.closing.how = "agent"
            return
        source.move_to(stage, by=self.by, at=self.at, silent=True)
        for name in KEPT[1:]:
            if name == "reminded_at" or getattr(merging, name) is not None:
                setattr(source, name, getattr(merging, name))
        session.flush()


def _give_tags_back(merging, into):
    """Take from the ticket that stays the tags that it has by this merge alone, and so on along its own merge."""
    gone = set(merging.tags)
    while gone and into is not None:
        gone -= {tag for one in mergings_into(into) if one is not merging for tag in one.tags}
        into.tags = [tag for tag in into.tags if tag not in gone]
        merging, into = into.merging, into.merged_into
        if merging is not None:
            gone &= set(merging.tags)
            merging.tags = [tag for tag in merging.tags if tag not in gone]


def _read(name, value):
    return datetime.fromisoformat(value) if value and name.endswith(("_at", "_since")) else value
