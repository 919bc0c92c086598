"""One ticket of the demo, told as its people would have lived it: who wrote when, where it stood, how it ended."""

import base64
import mimetypes
import re
from datetime import datetime, timedelta
from pathlib import Path

from interchange import checking

FILES = Path(__file__).parent / "files"
CHOICE = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
AGENT, CUSTOMER, NOTE = "a", "c", "n"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SILENT, FORGOTTEN = 0.14, 0.03  # how often a customer, or we, never answer


class Story:
    """A ticket in the making. Times are moments until ``record`` writes them down."""

    number = merged_into = follow_up_of = assignee = closed_at = closed_by = rating = None

    def __init__(self, demo, team, customer, scenario, at: datetime):
        self.demo, self.team, self.customer, self.at, self.scenario = demo, team, customer, at, scenario
        self.chance = demo.chance
        self.stages = demo.stages[team["language"]]
        self.stage = self.stages["new"]
        self.words = demo.words_for(team)
        self.subject = self.fill(self.chance.choice(scenario["subjects"]))
        self.priority = scenario.get("priority", 0)
        self.messages, self.events, self.followers, self.active_at = [], [], [], at

    def tell(self):
        self.happen("created", self.at, by=self.customer)
        at, talk = self.at, self.scenario["talk"]
        for place, (who, text, *files) in enumerate(talk):
            at = self.next_moment(who, at) if place else at
            if at > self.demo.now or (place and self.breaks_off(who)):
                break
            if place == 0 and "file" in self.scenario:
                files = [self.scenario["file"]]
            self.say(who, text, at, files)
            self.assign(at)
        else:
            self.finish(at)
        self.gather_followers()
        self.close_by_itself()
        self.wait_for_workshop()
        return self

    def breaks_off(self, who) -> bool:
        return self.chance.random() < {CUSTOMER: SILENT, AGENT: FORGOTTEN, NOTE: 0}[who]

    def next_moment(self, who, at: datetime) -> datetime:
        """We answer in working hours, customers when they are awake."""
        if who == NOTE:
            return at + timedelta(minutes=self.chance.randint(9, 50))
        if who == AGENT:
            return self.working(at + HOUR * self.chance.expovariate(1 / 4))
        at = at + timedelta(minutes=self.chance.randint(4, 30)) + HOUR * self.chance.expovariate(1 / 12)
        local = at.astimezone(self.team["zone"])
        return at + HOUR * (8 - local.hour) if local.hour < 7 else at

    def working(self, at: datetime) -> datetime:
        opens = self.team["office"].next_working_moment(at)
        return opens if opens == at else opens + timedelta(seconds=self.chance.randint(200, 5000))

    def say(self, who, text, at, files=()):
        if who != CUSTOMER:
            self.take(at)
        author = self.customer if who == CUSTOMER else self.assignee
        self.messages.append(
            {"at": at, "author": author, "body": self.fill(text), "internal": who == NOTE, "origin": None,
             "attachments": [_attached(name) for name in files]}
        )  # fmt: skip
        self.active_at = max(at, self.active_at)
        if who == NOTE and self.stage == self.stages["new"]:
            self.move("open", at + timedelta(seconds=40), self.assignee)
        elif who == AGENT and self.stage in (self.stages["new"], self.stages["open"]):
            self.move("answered", at, self.assignee)
        elif who == CUSTOMER and self.stage in (self.stages["answered"], self.stages["resolved"]):
            self.move("open", at, self.customer)

    def assign(self, at: datetime):
        """By the rule of the team, within the minute."""
        at = at + timedelta(seconds=self.chance.randint(5, 55))
        if self.assignee is None and self.team.get("auto_assign") and at <= self.demo.now:
            self.assignee, why = self.demo.choose(self.team, at)
            self.happen("assigned", at, to=self.assignee, why=why)

    def take(self, at: datetime):
        """Where nobody is assigned by rule, whoever answers takes the ticket first."""
        if self.assignee is None:
            self.assignee = self.chance.choice(self.team["emails"])
            self.happen("assigned", at - timedelta(minutes=2), by=self.assignee, to=self.assignee)

    def happen(self, kind, at, by=None, from_=None, to=None, why=""):
        self.events.append({"at": at, "kind": kind, "by": by, "from": from_, "to": to, "why": why})
        if kind not in ("reminded", "followed", "rated"):
            self.active_at = max(at, self.active_at)

    def move(self, status, at, by, kind="stage", why=""):
        before, self.stage = self.stage, self.stages[status]
        self.happen(kind, at, by=by, from_=before, to=self.stage, why=why)

    def finish(self, at):
        """The conversation is over: somebody closes the ticket, or it is resolved and closes itself later."""
        if self.last_word_is_ours():
            self._finish_after_us(at)
        elif self.chance.random() < 0.88:
            self.close(self.working(at + HOUR * self.chance.expovariate(1 / 5)), "agent")

    def _finish_after_us(self, at):
        luck, later = self.chance.random(), self.working(at + HOUR * self.chance.expovariate(1 / 6))
        if luck < 0.4:
            return self.close(later, "agent")
        if later <= self.demo.now:
            self.move("resolved", later, self.assignee)
            if luck < 0.7 and self.team.get("closure_by_customers"):
                self.close(self.next_moment(CUSTOMER, later), "customer")
        return None

    def close(self, at, how, why=""):
        if at > self.demo.now:
            return
        by = {"agent": self.assignee, "customer": self.customer}.get(how)
        self.move("closed", at, by, kind="closed", why=why)
        self.closed_at, self.closed_by = at, how
        if how in ("agent", "customer"):
            self.rate(at)
            self.come_back(at)

    def rate(self, at):
        at = self.next_moment(CUSTOMER, at)
        if not self.team.get("ask_rating") or self.chance.random() > 0.5 or at > self.demo.now:
            return
        score = self.chance.choices((5, 3, 1), (75, 17, 8))[0]
        comment = self.chance.choice(self.demo.cast["comments"][self.team["language"]][str(score)])
        self.rating = {"score": score, "comment": comment, "hidden": False}
        self.happen("rated", at, by=self.customer, to=str(score), why=comment)

    def come_back(self, closed_at):
        """Some are closed too early: a message within the reopening window opens them again (R-CLOSE-8)."""
        at = self.next_moment(CUSTOMER, closed_at + 3 * HOUR)
        if self.rating or self.chance.random() > 0.06 or at > self.demo.now:
            return
        self.closed_at = self.closed_by = None
        self.move("open", at, self.customer, kind="reopened")
        self.say(
            CUSTOMER, self.chance.choice(self.demo.cast["again"][self.team["language"]]), at + timedelta(seconds=1)
        )
        answered = self.next_moment(AGENT, at)
        if answered <= self.demo.now:
            self.say(AGENT, self.demo.cast["again_answer"][self.team["language"]], answered)
            self.close(self.working(answered + 20 * HOUR), "agent")

    def close_by_itself(self):
        """Automatic closing and its reminder (R-CLOSE-2, 5), as the worker would have done."""
        rule = self.team.get("auto_close")
        if not rule or self.closed_at or not self.last_word_is_ours():
            return
        due = self.active_at + DAY * rule["after_days"]
        reminder = due - DAY * rule.get("remind_days_before", 0)
        if reminder < due and reminder <= self.demo.now:
            self.happen("reminded", reminder, to=self.customer)
        self.close(due, "automatic", f"inactive for {rule['after_days']} days")

    def wait_for_workshop(self):
        hands = {"workshop", "e-bike", "damage"} & set(self.scenario.get("tags", ()))
        if hands and self.stage == self.stages["open"] and "workshop" in self.stages and self.chance.random() < 0.7:
            self.move("workshop", min(self.working(self.active_at), self.demo.now), self.assignee)

    def gather_followers(self):
        """Now and then a colleague looks on."""
        others = [email for email in self.team["emails"] if email != self.assignee]
        if self.assignee and others and self.chance.random() < 0.08:
            self.followers.append(self.chance.choice(others))
            at = min(self.active_at + timedelta(minutes=5), self.demo.now)
            self.happen("followed", at, by=self.assignee, to=self.followers[0])

    def last_word_is_ours(self) -> bool:
        public = [one for one in self.messages if not one["internal"]]
        return bool(public) and public[-1]["author"] != self.customer

    def fill(self, text) -> str:
        text = CHOICE.sub(lambda found: self.chance.choice(found[1].split("|")), text)
        people = {"me": self.demo.names[self.customer], "customer": self.demo.names[self.customer].split()[0]}
        agent = self.demo.names[self.assignee].split()[0] if self.assignee else ""
        return text.format_map({**self.words, **people, "agent": agent})

    def record(self) -> dict:
        """The ticket as it stands in an interchange file."""
        said = sorted(self.messages, key=lambda one: one["at"])
        events = sorted(self.events, key=lambda one: one["at"])
        return {
            "number": self.number,
            "team": self.team["slug"],
            "subject": self.subject,
            "customer": self.customer,
            "stage": self.stage,
            "assignee": self.assignee,
            "priority": self.priority,
            "tags": self.scenario.get("tags", []),
            "created_at": write_moment(self.at),
            "last_activity_at": write_moment(self.active_at),
            "closed_at": write_moment(self.closed_at),
            "closed_by": self.closed_by,
            "merged_into": self.merged_into and self.merged_into.number,
            "follow_up_of": self.follow_up_of and self.follow_up_of.number,
            "followers": self.followers,
            "rating": self.rating,
            "messages": [{**one, "at": write_moment(one["at"])} for one in said],
            "events": [{**one, "at": write_moment(one["at"])} for one in events],
        }


def write_moment(at: datetime | None) -> str | None:
    """People and their clocks count in seconds."""
    return checking.write_moment(at and at.replace(microsecond=0))


def _attached(name: str) -> dict:
    data = base64.b64encode((FILES / name).read_bytes()).decode()
    return {"name": name, "type": mimetypes.guess_type(name)[0] or "text/plain", "base64": data}
