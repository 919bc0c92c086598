"""The tickets of an import, some hundreds at a time: memory does not grow with their number."""

import io
import json
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import aliased

from models.attachment import Attachment, TooLarge, discard, keep
from models.attachment import Upload as File
from models.base import is_sqlite, now, session
from models.closing import Closing
from models.event import Event
from models.follower import TicketFollower
from models.message import Message
from models.people import Contact
from models.rating import Rating
from models.search import index_new
from models.stage import Stage, team_stages
from models.team import Team
from models.ticket import Tag, Ticket, ticket_tags

from .desk import MANY, Desk, add_rows, contacts_named, reserve
from .history import History
from .merges import complete_imported

REFERENCES = {"merged_into": "merged_into_id", "follow_up_of": "follow_up_of_id"}


@dataclass
class Pipeline:
    """A team as its tickets need it: its id and its stages in order."""

    id: int
    stages: list[str] = field(default_factory=list)


class Tickets:
    """Adds tickets chunk by chunk; ``finish`` ties up references to numbers that came later."""

    def __init__(self, desk: Desk, files, later):
        """``files`` takes down what a failed import must remove, ``later`` the references to look up at the end."""
        self.desk, self.teams, self.folded = desk, None, set()
        self.files, self.later = files, later

    def add(self, chunk):
        if self.teams is None:
            self.teams = _pipelines()
            self.folded = set(session.scalars(select(Stage.name).where(Stage.folded)))
        records = [(place, _with_times(ticket)) for place, ticket in self.desk.checked("tickets", chunk)]
        records = list(self._unknown(records))
        people = contacts_named(email for _, ticket in records for email in _people_of(ticket))
        new = [
            (place, History(ticket, people))
            for place, ticket in self.desk.sound("tickets", records, lambda *at: self._complete(people, *at))
        ]
        self._write(new, people)

    def _unknown(self, records):
        """Those whose number is free. A number that another ticket has here is an error."""
        numbers = [ticket["number"] for _, ticket in records]
        columns = select(Ticket.id, Ticket.created_at, Contact.email).join(Contact, Ticket.customer_id == Contact.id)
        here = {id: rest for id, *rest in session.execute(columns.where(Ticket.id.in_(numbers)))}
        for place, ticket in records:
            if ticket["number"] not in here:
                yield place, ticket
            elif _is(ticket, *here[ticket["number"]]):
                self.desk.known["tickets"] += 1
            else:
                self.desk.report.wrong((place, "number"), f"{ticket['number']} is the number of another ticket here")

    def _complete(self, people, place, ticket):
        users = {email: one for email, one in people.items() if one.user_id}
        find = self.desk.find
        find("contacts", ticket["customer"], (place, "customer"), people)
        find("users", ticket["assignee"], (place, "assignee"), users)
        for name in ("followers", "excluded"):
            self.desk.find_all("contacts", ticket[name], (place, name), people)
        for name, person in (("messages", "author"), ("events", "by")):
            for index, one in enumerate(ticket[name]):
                find("contacts", one[person], (((place, name), index), person), people)
        self._complete_stage(place, ticket)
        report = self.desk.report
        if both := set(ticket["followers"]) & set(ticket["excluded"]):
            report.wrong((place, "excluded"), f"{min(both)} is among the followers, too")
        if ticket["number"] in (ticket["merged_into"], ticket["follow_up_of"]):
            report.wrong((place, "merged_into" if ticket["merged_into"] else "follow_up_of"), "is the ticket itself")

    def _complete_stage(self, place, ticket):
        if ticket["team"] is None and len(self.teams) == 1:
            ticket["team"] = next(iter(self.teams))
        elif ticket["team"] is None:
            return self.desk.left_out("teams", (place, "team"), "is missing")
        team = self.desk.find("teams", ticket["team"], (place, "team"), self.teams)
        if team is None:
            return None
        if ticket["stage"] is None:
            if not team.stages:
                return self.desk.report.wrong((place, "stage"), f'team "{ticket["team"]}" has no stages')
            ticket["stage"] = team.stages[0]
        if ticket["stage"] not in team.stages:
            if self.desk.find("stages", ticket["stage"], (place, "stage")):
                self.desk.report.wrong((place, "stage"), f'team "{ticket["team"]}" has no stage "{ticket["stage"]}"')
        elif ticket["stage"] not in self.folded and (ticket["closed_at"] or ticket["closed_by"]):
            name = "closed_at" if ticket["closed_at"] else "closed_by"
            self.desk.report.wrong((place, name), f'the stage "{ticket["stage"]}" is not folded: the ticket is open')
        return None

    def _write(self, new, people):
        tags, stages = self._tags(new), self.desk.ids("stages")
        there = self._numbers_here(new)
        rows = [self._ticket_row(history, people, stages) for _, history in new]
        for (place, history), row in zip(new, rows, strict=True):
            for name, column in REFERENCES.items():
                row[column] = self._number(place, name, history.ticket[name], there, (column, row["id"]))
        add_rows(Ticket, rows)
        add_rows(ticket_tags, [
            {"ticket_id": history.ticket["number"], "tag_id": tags[tag]}
            for _, history in new for tag in history.ticket["tags"]
        ])  # fmt: skip
        add_rows(TicketFollower, [row for _, history in new for row in _followers(history.ticket, people)])
        add_rows(Closing, [h.closing(stages) for _, h in new if h.ticket["stage"] in self.folded])
        add_rows(Rating, [
            {"ticket_id": history.ticket["number"], "at": history.rated_at, **history.ticket["rating"]}
            for _, history in new if history.ticket["rating"]
        ])  # fmt: skip
        self._write_messages(new, people, there | {row["id"] for row in rows})
        self._write_events(new, people)
        index_new(_texts(history.ticket, people) for _, history in new)
        self.desk.added["tickets"] += len(new)

    def _ticket_row(self, history, people, stages) -> dict:
        ticket, assignee = history.ticket, people.get(history.ticket["assignee"])
        same = ("subject", "priority", "created_at", "last_activity_at", "never_auto_close")
        moved = history.stage_changed_at
        return {
            "id": ticket["number"],
            "team_id": self.teams[ticket["team"]].id,
            "stage_id": stages[ticket["stage"]],
            "customer_id": people[ticket["customer"]].id,
            "assignee_id": assignee and assignee.user_id,
            **{name: ticket[name] for name in same},
            "stage_changed_at": moved,
            "rank": moved.timestamp(),
            "assigned_at": history.assigned_at,
            "awaits_assignment": history.awaits_assignment,
            "waiting_since": history.waiting_since,
            "reminded_at": history.reminded_at,
        }

    def _tags(self, new) -> dict:
        """{name: id} of all tags of the chunk, made where they are missing."""
        wanted = sorted({tag for _, history in new for tag in history.ticket["tags"]})
        known = {}
        for start in range(0, len(wanted), MANY):
            query = select(Tag.name, Tag.id).where(Tag.name.in_(wanted[start : start + MANY]))
            known.update(session.execute(query).all())
        missing = [tag for tag in wanted if tag not in known]
        fresh = dict(zip(missing, reserve(Tag, len(missing)), strict=True))
        add_rows(Tag, [{"id": id, "name": name} for name, id in fresh.items()])
        return known | fresh

    def _numbers_here(self, new) -> set[int]:
        """Those of the tickets referred to that exist already."""
        wanted = {history.ticket[name] for _, history in new for name in REFERENCES}
        wanted |= {message["origin"] for _, history in new for message in history.messages}
        wanted, here = sorted(wanted - {None}), set()
        for start in range(0, len(wanted), MANY):
            here.update(session.scalars(select(Ticket.id).where(Ticket.id.in_(wanted[start : start + MANY]))))
        return here

    def _number(self, place, name, number, there, target):
        """The number if its ticket exists, else None for now: ``target`` (column, row's id) is set at the end."""
        if number is None or number in there:
            return number
        self.later.write(json.dumps([number, *target, (place, name)]) + "\n")
        return None

    def _write_messages(self, new, people, there):
        said = [
            (((place, "messages"), message["index"]), history.ticket["number"], message)
            for place, history in new
            for message in history.messages
        ]
        rows, files = [], []
        for id, (at, ticket_id, message) in zip(reserve(Message, len(said)), said, strict=True):
            rows.append(
                {"id": id, "ticket_id": ticket_id, "author_id": people[message["author"]].id,
                 "at": message["at"], "body": message["body"], "internal": message["internal"],
                 "origin_id": self._number(at, "origin", message["origin"], there, ("origin_id", id))}
            )  # fmt: skip
            files += [((at, "attachments"), id, number, one) for number, one in enumerate(message["attachments"])]
        add_rows(Message, rows)
        kept = [self._keep(((place, number)), id, one) for place, id, number, one in files]
        add_rows(Attachment, [
            {"id": id, **row} for id, row in zip(reserve(Attachment, len(kept)), kept, strict=True)
        ] if all(kept) else [])  # fmt: skip

    def _keep(self, place, message_id, file) -> dict | None:
        """Store the file and return its row; once the import is known to fail, nothing is stored any more."""
        if self.desk.report.count:
            return None
        try:
            kept = keep(File(file["name"], file["type"], io.BytesIO(file.pop("base64"))))
        except TooLarge:
            return self.desk.report.wrong((place, "base64"), "is larger than MAX_ATTACHMENT_BYTES")
        self.files.write(kept.storage_key + "\n")
        columns = ("name", "type", "size", "sha256", "storage_key")
        return {"message_id": message_id, **{column: getattr(kept, column) for column in columns}}

    def _write_events(self, new, people):
        rows = [
            {"ticket_id": history.ticket["number"], "at": event["at"], "kind": event["kind"],
             "by_id": event["by"] and people[event["by"]].id, "from_": event["from"], "to": event["to"],
             "why": event["why"]}
            for _, history in new for event in history.events
        ]  # fmt: skip
        add_rows(Event, [{"id": id, **row} for id, row in zip(reserve(Event, len(rows)), rows, strict=True)])

    def finish(self):
        self._tie_up()
        if not self.desk.report.count:
            self._refuse_cycles()
        if not self.desk.report.count:
            complete_imported()
        if not is_sqlite() and self.desk.added["tickets"]:
            session.execute(text(
                "SELECT setval(pg_get_serial_sequence('tickets', 'id'), GREATEST((SELECT max(id) FROM tickets), "
                "(SELECT last_value FROM tickets_id_seq)))"
            ))  # fmt: skip

    def _tie_up(self):
        self.later.seek(0)
        while lines := [json.loads(line) for line, _ in zip(self.later, range(MANY), strict=False)]:
            wanted = {number for number, *_ in lines}
            here = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(wanted))))
            for number, _column, _id, place in lines:
                if number not in here:
                    self.desk.missing("tickets", number, place)
            for column in ("merged_into_id", "follow_up_of_id", "origin_id"):
                rows = [{"row": id, "number": number} for number, at, id, _ in lines if at == column and number in here]
                table = (Message if column == "origin_id" else Ticket).__table__
                change = update(table).where(table.c.id == bindparam("row")).values({column: bindparam("number")})
                if rows:
                    session.connection().execute(change, rows)

    def _refuse_cycles(self):
        """Chains of merges end somewhere (R-MERGE-4)."""
        first = select(Ticket.id.label("start"), Ticket.merged_into_id.label("at")).where(
            Ticket.merged_into_id.is_not(None)
        )
        chain = first.cte("chain", recursive=True)
        following = aliased(Ticket)
        step = select(chain.c.start, following.merged_into_id).join(following, following.id == chain.c.at)
        chain = chain.union(step.where(following.merged_into_id.is_not(None)))
        for number in session.scalars(select(chain.c.start).where(chain.c.start == chain.c.at).order_by(chain.c.start)):
            self.desk.report.wrong((None, "tickets"), f"ticket {number} would be merged into itself, by way of others")

    def discard_files(self):
        """Remove the files that were stored, for a transaction that is rolled back."""
        self.files.seek(0)
        for key in self.files:
            discard(key.strip())


def _is(ticket, created_at, customer) -> bool:
    """Whether a ticket of the file is the one that has its number here; one without any time counts by its customer."""
    return ticket["customer"] == customer and (ticket["undated"] or ticket["created_at"] == created_at)


def _pipelines() -> dict[str, Pipeline]:
    teams = {slug: Pipeline(id) for slug, id in session.execute(select(Team.slug, Team.id))}
    query = select(Team.slug, Stage.name).join(team_stages, team_stages.c.team_id == Team.id)
    query = query.join(Stage, Stage.id == team_stages.c.stage_id).order_by(Stage.position, Stage.id)
    for slug, name in session.execute(query):
        teams[slug].stages.append(name)
    return teams


def _with_times(ticket) -> dict:
    """Fill in the times that were left out, and the authors, who are then the customer."""
    said = [message["at"] for message in ticket["messages"] if message["at"]]
    ticket["undated"] = ticket["created_at"] is None and not said
    ticket["created_at"] = ticket["created_at"] or min(said, default=None) or now()
    for one in ticket["messages"] + ticket["events"]:
        one["at"] = one["at"] or ticket["created_at"]
    for index, message in enumerate(ticket["messages"]):
        message["author"], message["index"] = message["author"] or ticket["customer"], index
    last = max((message["at"] for message in ticket["messages"]), default=ticket["created_at"])
    ticket["last_activity_at"] = ticket["last_activity_at"] or last
    ticket["tags"] = list(dict.fromkeys(tag.strip() for tag in ticket["tags"]))
    return ticket


def _people_of(ticket):
    yield ticket["customer"]
    yield from ticket["followers"]
    yield from ticket["excluded"]
    if ticket["assignee"]:
        yield ticket["assignee"]
    for message in ticket["messages"]:
        yield message["author"]
    for event in ticket["events"]:
        if event["by"]:
            yield event["by"]


def _followers(ticket, people):
    """The rows of a ticket's own followers; the assignee is always one (R-VIS-1)."""
    added = dict.fromkeys(ticket["followers"] + [ticket["assignee"]] * bool(ticket["assignee"]))
    for email in [*added, *(one for one in ticket["excluded"] if one != ticket["assignee"])]:
        yield {"ticket_id": ticket["number"], "contact_id": people[email].id, "excluded": email not in added}


def _texts(ticket, people) -> tuple[int, str, str]:
    """What is found of a ticket: (number, what is public, notes), the public part with subject and customer."""
    head = f"{ticket['subject']}\n{people[ticket['customer']].name}\n{ticket['customer']}\n{ticket['number']}\n"
    said = {internal: [one["body"] for one in ticket["messages"] if one["internal"] == internal] for internal in (0, 1)}
    return ticket["number"], head + "\n".join(said[False]), "\n".join(said[True])
