"""The demo as an interchange document: the same for the same moment, always about the sixty days before it."""

import random
import tomllib
import unicodedata
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from models.company import Company
from models.templates_shipped import SHIPPED

from .story import CUSTOMER, DAY, HOUR, Story, write_moment

HERE = Path(__file__).parent
SEED = 1889
DAYS, RECENT = 60, 6
PASSWORD = "welcome-to-guichet"  # noqa: S105 - printed for everybody: the demo holds no secret
PORTAL = ("Camille Garnier", "Oliver Bennett")
STATUSES = ("new", "open", "workshop", "answered", "resolved", "closed")
TWICE, FOLLOW_UPS = 0.02, 5
RULE = (
    "visibility",
    "auto_assign",
    "auto_close",
    "closure_by_customers",
    "ask_rating",
    "publish_ratings",
    "reopen_days",
)


def _read(name: str) -> dict:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


class Demo:
    """Everybody and everything that the stories need."""

    def __init__(self, now: datetime):
        self.now, self.chance, self.cast = now.replace(microsecond=0), random.Random(SEED), _read("cast.toml")  # noqa: S311
        self.names, self.emails, self.stories = {}, {}, []
        self.scenarios = defaultdict(list)
        for scenario in _read("english.toml")["scenario"] + _read("french.toml")["scenario"]:
            self.scenarios[scenario["team"]].append(scenario)
        self._know_everybody()
        self._know_teams()

    def _know_everybody(self):
        for company, people in self.cast["agents"].items():
            for name in people:
                self._know(name, self.cast["domains"][company])
        homes = {"acheteurs": "courriel.example", "riders": "post.example", "dealers": "dealers.example"}
        homes |= {"salariés": "maison-lavaur.example", "staff": "alderfinch.example"}
        for kind, people in self.cast["customers"].items():
            for name in people:
                self._know(name, homes[kind])
        self.emails[self.cast["administrator"]["name"]] = self.cast["administrator"]["email"]

    def _know(self, name, domain):
        plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
        email = f"{plain.replace(' ', '.').replace(chr(39), '')}@{domain}"
        self.names[email], self.emails[name] = name, email

    def _know_teams(self):
        offices = {one["name"]: Company(**one) for one in self.cast["company"]}
        self.teams = self.cast["team"]
        for team in self.teams:
            team["office"] = offices[team["company"]]
            team["zone"] = ZoneInfo(team["office"].timezone)
            team["emails"] = [self.emails[name] for name in team["agents"]]
        status = {stage["name"]: stage.get("status", "open") for stage in self.cast["stage"]}
        self.stages = {}
        for language, names in self.cast["pipelines"].items():
            self.stages[language] = {status[name]: name for name in names if name not in ("Closed", "Clôturé")}
            self.stages[language]["closed"] = names[-1]
        self.stages["en"] |= {"open": "In progress", "workshop": "At the workshop"}

    def words_for(self, team) -> dict:
        language, values = team["language"], self.cast["values"]
        pools = values[language] | values.get(team["slug"], {})
        words = {name: self.chance.choice(choices) for name, choices in pools.items()}
        number = self.chance.randint(10_000, 99_999)
        return {**words, "order": f"{'ML' if language == 'fr' else 'AF'}-{number}", "ref": str(number * 7 % 1_000_000)}

    def choose(self, team, at) -> tuple[str, str]:
        """The member whose turn it is by the rule of the team, and why (R-ASSIGN-2, 3, 4)."""
        counts, last = dict.fromkeys(team["emails"], 0), dict.fromkeys(team["emails"], datetime.min.replace(tzinfo=UTC))
        for story in self.stories:
            if story.team is team and story.assignee in counts:
                last[story.assignee] = max(last[story.assignee], story.at)
                still = story.closed_at is None or story.closed_at > at
                counts[story.assignee] += team["auto_assign"] == "equal_total" or still
        order = sorted(counts, key=lambda email: (counts[email], last[email]))
        return order[0], f"{team['auto_assign']}: " + ", ".join(f"{email} {counts[email]}" for email in order)

    def tell_stories(self):
        for at, team in sorted(self._beginnings(), key=lambda one: one[0]):
            if not team.get("deck"):
                team["deck"] = self.chance.sample(self.scenarios[team["slug"]], len(self.scenarios[team["slug"]]))
            customer = self.emails[self.chance.choice(self.cast["customers"][team["customers"]])]
            self.stories.append(Story(self, team, customer, team["deck"].pop(), at).tell())
        twice = [self._write_twice(one) for one in self.stories if self.chance.random() < TWICE]
        self.stories += [*filter(None, twice), *self._follow_ups()]
        self.stories.sort(key=lambda story: story.at)
        for number, story in enumerate(self.stories, 1):
            story.number = number
        for story in self.stories:
            if story.merged_into:
                self._merge(story, story.merged_into)

    def _beginnings(self):
        """When tickets arrive: by day more than by night, on weekdays more than at weekends; some of them just now."""
        for team in self.teams:
            for _ in range(team["share"]):
                at = self.now - DAY * (DAYS if self.chance.random() < 0.85 else RECENT) * self.chance.random()
                local = at.astimezone(team["zone"])
                if local.weekday() > 4 and self.chance.random() < 0.6:
                    local -= 2 * DAY
                hour = self.chance.choices(range(7, 23), (2, 6, 9, 10, 9, 5, 5, 8, 8, 7, 6, 4, 3, 3, 2, 1))[0]
                local = local.replace(hour=hour, minute=self.chance.randrange(60), second=self.chance.randrange(60))
                if (at := local.astimezone(UTC)) < self.now:
                    yield at, team
            for _ in range(2):
                yield self.now - timedelta(minutes=self.chance.randint(2, 20 * 60)), team

    def _write_twice(self, first):
        """An impatient customer sends the same thing again: a ticket to merge."""
        at = first.at + timedelta(minutes=self.chance.randint(25, 80))
        if at > self.now - 3 * HOUR or first.assignee is None:
            return None
        second = Story(self, first.team, first.customer, {**first.scenario, "talk": []}, at)
        second.subject, second.merged_into, second.assignee = first.subject, first, first.assignee
        second.happen("created", at, by=first.customer)
        again = self.cast["twice"][first.team["language"]] + first.messages[0]["body"]
        first.messages.append({**first.messages[0], "at": at, "body": again, "origin": second, "attachments": []})
        return second

    def _merge(self, second, first):
        at = min(first.team["office"].next_working_moment(second.at + HOUR), self.now)
        second.move("closed", at, first.assignee, kind="closed")
        second.happen("merged", at, by=first.assignee, to=str(first.number))
        second.closed_at, second.closed_by = at, "merge"
        first.happen("merged", at, by=first.assignee, from_=str(second.number))
        for message in first.messages:
            if message["origin"] is second:
                message["origin"] = second.number

    def _follow_ups(self):
        """Who comes back after the reopening window gets a new ticket that is linked to the old one (R-CLOSE-8)."""
        old = [one for one in self.stories if one.closed_at and one.closed_at < self.now - 20 * DAY]
        for first in self.chance.sample(old, min(FOLLOW_UPS, len(old))):
            language = first.team["language"]
            talk = [
                [CUSTOMER, self.chance.choice(self.cast["again"][language])],
                ["a", self.cast["again_answer"][language]],
            ]
            at = first.closed_at + DAY * (first.team.get("reopen_days", 7) + self.chance.randint(2, 8))
            if at < self.now:
                scenario = {"subjects": [first.subject], "tags": first.scenario.get("tags", []), "talk": talk}
                story = Story(self, first.team, first.customer, scenario, at).tell()
                story.follow_up_of = first
                yield story

    def document(self) -> dict:
        self.tell_stories()
        languages = {
            self.emails[name]: "fr" for kind in ("acheteurs", "salariés") for name in self.cast["customers"][kind]
        }
        languages |= {self.emails[name]: "fr" for name in self.cast["agents"]["Maison Lavaur"]}
        admin = self.cast["administrator"]
        people = {**self.names, admin["email"]: admin["name"]}
        return {
            "format": "guichet/1",
            "companies": self.cast["company"],
            "contacts": [
                {"email": email, "name": name, "language": languages.get(email, "en")} for email, name in people.items()
            ],
            "users": [*self._users()],
            "templates": [{"name": name, **texts} for name, texts in SHIPPED.items()],
            "stages": self.cast["stage"],
            "teams": [self._team(team) for team in self.teams],
            "tickets": [story.record() for story in self.stories],
        }

    def _users(self):
        admin, companies = self.cast["administrator"], [one["name"] for one in self.cast["company"]]
        yield {"email": admin["email"], "role": "administrator", "companies": companies, "takes_tickets": False,
               "password": PASSWORD}  # fmt: skip
        away = [[write_moment(self.now + 2 * DAY), write_moment(self.now + 9 * DAY)]]
        for company, names in self.cast["agents"].items():
            for name in names:
                yield {"email": self.emails[name], "companies": [company], "password": PASSWORD,
                       "time_off": away if name == "Lucie Fabre" else []}  # fmt: skip
        for name in PORTAL:
            yield {"email": self.emails[name], "role": "portal", "password": PASSWORD}

    def _team(self, team) -> dict:
        return {
            "slug": team["slug"],
            "name": team["name"],
            "company": team["company"],
            "description": team["description"],
            "address": f"{team['slug']}@{self.cast['domains'][team['company']]}",
            "stages": self.cast["pipelines"][team["language"]],
            "members": team["emails"],
            **{name: team[name] for name in RULE if name in team},
        }
