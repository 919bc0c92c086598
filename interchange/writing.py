"""Writes a desk, or one team of it, as a file: the same bytes for the same desk, on either database.

What stays behind: passwords, second factors, signed links, the outbox, column folds, the places of cards within a
column, and the head start of late members (R-ASSIGN-2). They belong to one installation, or are worked out again.
"""

import base64
import json
from itertools import groupby
from typing import TextIO

from sqlalchemy import collate, select, union

from models.attachment import Attachment
from models.base import is_sqlite, session
from models.closing import Closing
from models.company import DAYS, Company
from models.event import Event
from models.follower import TeamFollower, TicketFollower
from models.message import Message
from models.people import Contact, User
from models.rating import Rating
from models.stage import Stage
from models.team import Team
from models.template import Template
from models.ticket import Tag, Ticket, ticket_tags

from .checking import write_moment as moment
from .reading import FORMAT

CHUNK = 200  # tickets in memory
PAGE = 1000  # people in memory
PIECE = 57 * 1024  # bytes of a file in memory; whole groups of base64


def write(out: TextIO, team: Team | None = None) -> list[str]:
    """Write the desk, or this team with what it needs. Returns a line for each attachment that the store has lost."""
    return _Writer(out, team).write()


class _Writer:
    def __init__(self, out, team):
        self.out, self.team, self.lost = out, team, []

    def write(self) -> list[str]:
        self.out.write(f'{{"format": {_json(FORMAT)}')
        for block in ("companies", "contacts", "users", "templates", "stages", "teams"):
            self._list(block, (_json(record) for record in getattr(self, f"_{block}")()))
        self._list("tickets", self._tickets())
        self.out.write("}\n")
        return self.lost

    def _list(self, name, records):
        """One record a line; a record is a text, or the pieces of one."""
        self.out.write(f",\n{_json(name)}: [")
        between = "\n"
        for record in records:
            self.out.write(between)
            self.out.writelines([record] if isinstance(record, str) else record)
            between = ",\n"
        self.out.write("\n]" if between != "\n" else "]")

    def _companies(self):
        only = [self.team.company] if self.team else session.scalars(select(Company))
        for company in sorted(only, key=lambda one: one.name):
            hours = company.working_hours
            yield {
                "name": company.name,
                "timezone": company.timezone,
                "working_hours": {day: hours[day] for day in DAYS if hours.get(day)},
                "holidays": list(company.holidays),
            }

    def _contacts(self):
        """In the order of their addresses, as bytes: the rules of a language differ between databases."""
        key = Contact.email if is_sqlite() else collate(Contact.email, "C")
        query = select(Contact.email, Contact.name, Contact.language, Contact.phone).order_by(key)
        if self.team:
            query = query.where(Contact.id.in_(self._people()))
        for row in session.execute(query, execution_options={"yield_per": PAGE}):
            yield row._asdict()

    def _users(self):
        """In the order of their ids, which settle ties in assignment (R-ASSIGN-4)."""
        query, last = select(User).order_by(User.id).limit(PAGE), 0
        if self.team:
            query = query.where(User.contact_id.in_(self._people()))
        while users := list(session.scalars(query.where(User.id > last))):
            yield from map(self._user, users)
            last = users[-1].id

    def _user(self, user):
        companies = [one.name for one in user.companies if not self.team or one is self.team.company]
        return {
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "companies": sorted(companies),
            "takes_tickets": user.takes_tickets,
            "active": user.active,
            "time_off": [[moment(start), moment(end)] for start, end in sorted({
                (one.starts_at, one.ends_at) for one in user.time_off
            })],
        }  # fmt: skip

    def _people(self):
        """The contacts that a team needs: whoever wrote, is named, follows or may be given its tickets."""
        tickets = select(Ticket.id).where(Ticket.team_id == self.team.id)
        named = [user.contact_id for user in self.team.members or self.team.takers()]
        assignees = select(User.contact_id).join(Ticket, Ticket.assignee_id == User.id)
        return union(
            select(TeamFollower.contact_id).where(TeamFollower.team_id == self.team.id),
            select(TicketFollower.contact_id).where(TicketFollower.ticket_id.in_(tickets)),
            select(Ticket.customer_id).where(Ticket.team_id == self.team.id),
            select(Message.author_id).where(Message.ticket_id.in_(tickets)),
            select(Event.by_id).where(Event.ticket_id.in_(tickets), Event.by_id.is_not(None)),
            assignees.where(Ticket.team_id == self.team.id),
            select(Contact.id).where(Contact.id.in_(named)),
        ).subquery().select()  # fmt: skip

    def _templates(self):
        only = session.scalars(select(Template))
        if self.team:
            only = {one for stage in self._stages_needed() for one in (stage.email_template, stage.sms_template) if one}
        for template in sorted(only, key=lambda one: one.name):
            texts = {name: dict(sorted(getattr(template, name).items())) for name in ("subject", "body")}
            yield {"name": template.name, "channel": template.channel, **texts}

    def _stages(self):
        for stage in self._stages_needed():
            yield {
                "name": stage.name,
                "description": stage.description,
                "folded": stage.folded,
                "status": stage.status,
                "email_template": stage.email_template and stage.email_template.name,
                "sms_template": stage.sms_template and stage.sms_template.name,
            }

    def _stages_needed(self) -> list[Stage]:
        if not self.team:
            return Stage.all()
        needed = {*self.team.stages, *self.team.auto_close_in, self.team.auto_close_stage}
        return [stage for stage in Stage.all() if stage in needed]

    def _teams(self):
        for team in [self.team] if self.team else session.scalars(select(Team).order_by(Team.id)):
            members = {user.email for user in team.members}
            yield {
                "slug": team.slug,
                "name": team.name,
                "company": team.company.name,
                "description": team.description,
                "active": team.active,
                "address": team.address,
                "visibility": team.visibility,
                "stages": [stage.name for stage in _in_order(team.stages)],
                "members": sorted(members),
                "followers": sorted(members | {contact.email for contact in team.followers}),
                "auto_assign": team.auto_assign,
                "auto_close": self._closing_rule(team) if team.auto_close else None,
                **{name: getattr(team, name) for name in (
                    "closure_by_customers", "follow_conversation", "reopen_days", "ask_rating", "publish_ratings"
                )},
            }  # fmt: skip

    def _closing_rule(self, team):
        return {
            "to_stage": team.auto_close_stage and team.auto_close_stage.name,
            "after_days": team.auto_close_days,
            "in_stages": [stage.name for stage in _in_order(team.auto_close_in)],
            "spare_waiting": team.spare_waiting,
            "remind_days_before": team.remind_days_before,
        }

    def _tickets(self):
        """Each ticket as the pieces of its text, so that no file stands in memory whole."""
        query = select(Ticket).order_by(Ticket.id).limit(CHUNK)
        if self.team:
            query = query.where(Ticket.team_id == self.team.id)
        columns, last = Ticket.__table__.c, 0
        while rows := session.execute(query.with_only_columns(*columns).where(Ticket.id > last)).all():
            yield from _Chunk(rows, self.team).texts(self.lost)
            last = rows[-1].id


class _Chunk:
    """Some tickets with all that belongs to them, in a fixed number of queries."""

    def __init__(self, rows, team):
        self.rows, self.ids = rows, [row.id for row in rows]
        self.team, self.slugs = team, dict(session.execute(select(Team.id, Team.slug)).all())
        self.stages = {stage.id: stage for stage in Stage.all()}
        messages = select(Message).with_only_columns(*Message.__table__.c)
        self.messages = self._by_ticket(messages, Message.ticket_id, Message.at, Message.id)
        files = select(*Attachment.__table__.c, Message.ticket_id.label("ticket_id")).join(Message)
        self.files = self._by_ticket(files, Message.ticket_id, Attachment.id)
        self.events = self._by_ticket(select(*Event.__table__.c), Event.ticket_id, Event.at, Event.id)
        followers = select(TicketFollower.ticket_id, TicketFollower.contact_id, TicketFollower.excluded)
        self.followers = self._by_ticket(followers, TicketFollower.ticket_id)
        tags = select(ticket_tags.c.ticket_id, Tag.name).join(Tag, Tag.id == ticket_tags.c.tag_id)
        self.tags = self._by_ticket(tags, ticket_tags.c.ticket_id)
        self.closings = self._by_ticket(select(*Closing.__table__.c), Closing.ticket_id)
        self.ratings = self._by_ticket(select(*Rating.__table__.c), Rating.ticket_id)
        self.inside = self._inside()
        self.assignees = self._emails_of_users()
        self.emails = self._emails()

    def _by_ticket(self, query, key, *order) -> dict:
        found = session.execute(query.where(key.in_(self.ids)).order_by(key, *order)).all()
        return {id: list(rows) for id, rows in groupby(found, key=lambda row: row.ticket_id)}

    def _inside(self):
        """The numbers that may be referred to: in the file of one team, only those of its tickets."""
        if not self.team:
            return None
        wanted = {number for row in self.rows for number in (row.merged_into_id, row.follow_up_of_id)}
        wanted |= {_origin(message) for messages in self.messages.values() for message in messages}
        query = select(Ticket.id).where(Ticket.team_id == self.team.id, Ticket.id.in_(wanted - {None}))
        return set(session.scalars(query))

    def _emails_of_users(self):
        wanted = {row.assignee_id for row in self.rows} - {None}
        query = select(User.id, Contact.email).join(Contact, Contact.id == User.contact_id)
        return dict(session.execute(query.where(User.id.in_(wanted))).all())

    def _emails(self):
        wanted = {row.customer_id for row in self.rows}
        for rows, column in ((self.messages, "author_id"), (self.events, "by_id"), (self.followers, "contact_id")):
            wanted |= {getattr(row, column) for each in rows.values() for row in each}
        query, found, wanted = select(Contact.id, Contact.email), {None: None}, sorted(wanted - {None})
        for start in range(0, len(wanted), PAGE):
            found.update(session.execute(query.where(Contact.id.in_(wanted[start : start + PAGE]))).all())
        return found

    def _number(self, number):
        return number if self.inside is None or number in self.inside else None

    def texts(self, lost):
        for row in self.rows:
            yield self._text(row, lost)

    def _text(self, row, lost):
        yield _json(self._head(row))[:-1] + ', "messages": ['
        files = {id: list(each) for id, each in groupby(self.files.get(row.id, ()), key=lambda file: file.message_id)}
        for place, message in enumerate(self.messages.get(row.id, ())):
            yield (", " if place else "") + _json(self._message(message))[:-1] + ', "attachments": ['
            yield from _files(files.get(message.id, ()), row.id, lost)
            yield "]}"
        yield f'], "events": {_json([self._event(event) for event in self.events.get(row.id, ())])}}}'

    def _head(self, row):
        closing = next(iter(self.closings.get(row.id, ())), None)
        closed = self.stages[row.stage_id].folded
        assignee, own = self.assignees.get(row.assignee_id), self.followers.get(row.id, ())
        followers = {self.emails[one.contact_id] for one in own if not one.excluded} | {assignee} - {None}
        excluded = {self.emails[one.contact_id] for one in own if one.excluded}
        return {
            "number": row.id,
            "team": self.slugs[row.team_id],
            "subject": row.subject,
            "customer": self.emails[row.customer_id],
            "stage": self.stages[row.stage_id].name,
            "assignee": assignee,
            "priority": row.priority,
            "tags": sorted(tag.name for tag in self.tags.get(row.id, ())),
            "created_at": moment(row.created_at),
            "last_activity_at": moment(row.last_activity_at),
            "closed_at": moment(closing.at if closing else row.last_activity_at) if closed else None,
            "closed_by": (closing.how if closing else "agent") if closed else None,
            "never_auto_close": row.never_auto_close,
            "merged_into": self._number(row.merged_into_id),
            "follow_up_of": self._number(row.follow_up_of_id),
            "followers": sorted(followers),
            "excluded": sorted(excluded - {assignee}),
            "rating": self._rating(row),
        }

    def _rating(self, row):
        rating = next(iter(self.ratings.get(row.id, ())), None)
        return rating and {"score": rating.score, "comment": rating.comment, "hidden": rating.hidden}

    def _message(self, message):
        return {
            "at": moment(message.at),
            "author": self.emails[message.author_id],
            "body": message.body,
            "internal": message.internal,
            "origin": self._number(_origin(message)),
        }

    def _event(self, event):
        return {
            "at": moment(event.at),
            "kind": event.kind,
            "by": self.emails[event.by_id],
            "from": event.from_value,
            "to": event.to_value,
            "why": event.why,
        }


def _origin(message):
    """The ticket that it was said to, if it was merged or the message moved away from it since."""
    return message.moved_from_id or message.origin_id


def _files(files, number, lost):
    between = ""
    for file in files:
        try:
            stream = Attachment(storage_key=file.storage_key).open()
        except FileNotFoundError:
            lost.append(f"ticket {number}: the attachment {file.name} is gone from the store")
            continue
        with stream:
            yield f'{between}{{"name": {_json(file.name)}, "type": {_json(file.type)}, "base64": "'
            while piece := stream.read(PIECE):
                yield base64.b64encode(piece).decode()
            yield '"}'
        between = ", "


def _in_order(stages) -> list[Stage]:
    return sorted(stages, key=lambda stage: (stage.position, stage.id))


def _json(value) -> str:
    """As it is written, but for NUL characters, which no other database could take."""
    written = json.dumps(value, ensure_ascii=False)
    return json.dumps(_without_nul(value), ensure_ascii=False) if "\\u0000" in written else written


def _without_nul(value):
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {name: _without_nul(each) for name, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value
