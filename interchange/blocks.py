"""The small blocks of an import: companies, contacts, users, templates, stages and teams."""

from sqlalchemy import func, select, update

from models.base import session
from models.company import Company, user_companies
from models.follower import TeamFollower
from models.passwords import WeakPassword, check_strength
from models.people import INTERNAL, Contact, TimeOff, User, _hasher
from models.stage import Stage, standard_pipeline, team_stages
from models.team import Team, TeamMember, closing_stages
from models.template import Template

from .desk import Desk, add_rows, contacts_named, reserve

WEAK = {
    "short": "is shorter than 8 characters",
    "long": "is longer than 1024 characters",
    "common": "is easy to guess",
}


def companies(desk: Desk, chunk):
    new = list(desk.unknown("companies", desk.checked("companies", chunk), desk.ids("companies")))
    _add(desk, "companies", Company, [record for _, record in new])


def contacts(desk: Desk, chunk):
    records = list(desk.checked("contacts", chunk))
    known = contacts_named(record["email"] for _, record in records)
    _add(desk, "contacts", Contact, [record for _, record in desk.unknown("contacts", records, known)])


def templates(desk: Desk, chunk):
    new = desk.unknown("templates", desk.checked("templates", chunk), desk.ids("templates"))
    _add(desk, "templates", Template, [record for _, record in new])


def stages(desk: Desk, chunk):
    """New stages come after those that are there, in the order of the file."""
    last = session.scalar(select(func.coalesce(func.max(Stage.position), -1)))

    def complete(place, record):
        for kind in ("email_template", "sms_template"):
            record[f"{kind}_id"] = desk.find("templates", record.pop(kind), (place, kind))

    new = desk.unknown("stages", desk.checked("stages", chunk), desk.ids("stages"))
    rows = [record for _, record in desk.sound("stages", new, complete)]
    _add(desk, "stages", Stage, [{**row, "position": last + place} for place, row in enumerate(rows, 1)])


def _add(desk, block, model, rows):
    add_rows(model, [{"id": id, **row} for id, row in zip(reserve(model, len(rows)), rows, strict=True)])
    desk.added[block] += len(rows)
    desk.forget(block)


def users(desk: Desk, chunk):
    """A user whose contact is not in the file gets one; the name of a contact that has one stays."""
    records = list(desk.checked("users", chunk))
    contacts = contacts_named(record["email"] for _, record in records)
    known = {email for email, contact in contacts.items() if contact.user_id}
    new = [
        one for _, one in desk.sound("users", desk.unknown("users", records, known), lambda *at: _complete(desk, *at))
    ]
    _add(desk, "contacts", Contact, [
        {"email": one["email"], "name": one["name"] or ""} for one in new if one["email"] not in contacts
    ])  # fmt: skip
    contacts = contacts_named(one["email"] for one in new)
    for one in new:
        if one["name"] and not contacts[one["email"]].name:
            session.execute(update(Contact).where(Contact.email == one["email"]).values(name=one["name"]))
    _add_users(desk, new, contacts)


def _complete(desk, place, user):
    company_ids = desk.ids("companies")
    if user["companies"] is None:
        user["companies"] = list(company_ids) if user["role"] in INTERNAL else []
        if user["role"] in INTERNAL and len(company_ids) != 1:
            desk.left_out("companies", (place, "companies"), "is missing: an internal user has one or more")
    user["companies"] = desk.find_all("companies", user["companies"], (place, "companies"))
    if user["password"] is not None:
        try:
            check_strength(user["password"], user["email"])
        except WeakPassword as error:
            desk.report.wrong((place, "password"), WEAK[error.reason])


def _add_users(desk, new, contacts):
    rows, companies, absences = [], [], []
    for id, one in zip(reserve(User, len(new)), new, strict=True):
        rows.append(
            {"id": id, "contact_id": contacts[one["email"]].id, "role": one["role"], "active": one["active"],
             "takes_tickets": one["takes_tickets"],
             "password_hash": None if one["password"] is None else _hasher.hash(one["password"])}
        )  # fmt: skip
        companies += [{"user_id": id, "company_id": company} for company in one["companies"]]
        absences += [{"user_id": id, "starts_at": start, "ends_at": end} for start, end in sorted(set(one["time_off"]))]
    add_rows(User, rows)
    add_rows(user_companies, companies)
    add_rows(TimeOff, absences)
    desk.added["users"] += len(rows)


def teams(desk: Desk, chunk):
    records = list(desk.unknown("teams", desk.checked("teams", chunk), desk.ids("teams")))
    if any(record["stages"] is None for _, record in records):
        desk.standard_stages = [stage.id for stage in standard_pipeline()]
        desk.forget("stages")
    people = contacts_named(email for _, record in records for email in record["members"] + record["followers"])
    addresses = set(session.scalars(select(Team.address).where(Team.address.is_not(None))))
    new = desk.sound("teams", records, lambda *at: _complete_team(desk, people, addresses, *at))
    _add_teams(desk, [record for _, record in new])


def _complete_team(desk, people, addresses, place, team):
    _complete_pipeline(desk, place, team)
    team["name"] = team["name"] or team["slug"]
    if team["company"] is None and len(desk.ids("companies")) == 1:
        team["company"] = next(iter(desk.ids("companies")))
    elif team["company"] is None:
        desk.left_out("companies", (place, "company"), "is missing")
    team["company"] = desk.find("companies", team["company"], (place, "company"))
    users = {email: contact for email, contact in people.items() if contact.user_id}
    team["members"] = desk.find_all("users", team["members"], (place, "members"), users)
    team["followers"] = desk.find_all("contacts", team["followers"], (place, "followers"), people)
    if team["address"] in addresses:
        desk.report.wrong((place, "address"), f"{team['address']} belongs to another team")
    elif team["address"]:
        addresses.add(team["address"])


def _complete_pipeline(desk, place, team):
    if team["stages"] is None:
        team["stages"] = list(desk.standard_stages)
    else:
        team["stages"] = desk.find_all("stages", team["stages"], (place, "stages"))
    if rule := team["auto_close"]:
        at = (place, "auto_close")
        rule["to_stage"] = desk.find("stages", rule["to_stage"], (at, "to_stage"))
        rule["in_stages"] = desk.find_all("stages", rule["in_stages"], (at, "in_stages"))


def _add_teams(desk, new):
    rows, stages, watched, members, followers = [], [], [], [], []
    for id, team in zip(reserve(Team, len(new)), new, strict=True):
        rule = team.pop("auto_close")
        stages += [{"team_id": id, "stage_id": stage} for stage in team.pop("stages")]
        watched += [{"team_id": id, "stage_id": stage} for stage in (rule or {}).get("in_stages", ())]
        named, followed = team.pop("members"), team.pop("followers")
        members += [{"team_id": id, "user_id": one.user_id} for one in named]
        followers += [{"team_id": id, "contact_id": one} for one in dict.fromkeys(c.id for c in named + followed)]
        rows.append({"id": id, "company_id": team.pop("company"), **team, **_rule(rule)})
    for table, found in (
        (Team, rows), (team_stages, stages), (closing_stages, watched), (TeamMember, members), (TeamFollower, followers)
    ):  # fmt: skip
        add_rows(table, found)
    desk.added["teams"] += len(rows)
    desk.forget("teams")


def _rule(rule) -> dict:
    """The columns of automatic closing."""
    if rule is None:
        return {"auto_close": False, "auto_close_stage_id": None, "auto_close_days": 7, "spare_waiting": True,
                "remind_days_before": None}  # fmt: skip
    return {
        "auto_close": True,
        "auto_close_stage_id": rule["to_stage"],
        "auto_close_days": rule["after_days"],
        "spare_waiting": rule["spare_waiting"],
        "remind_days_before": rule["remind_days_before"],
    }
