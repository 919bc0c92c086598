"""What the settings of a team, and the values of some, are called: in lists, after saving, in the history."""

from flask_babel import lazy_gettext as _l

SETTINGS = {
    "name": _l("Name"),
    "slug": _l("Short name"),
    "description": _l("Description"),
    "company": _l("Company"),
    "active": _l("Active"),
    "address": _l("E-mail address"),
    "visibility": _l("Visibility"),
    "auto_assign": _l("Automatic assignment"),
    "members": _l("Members"),
    "stages": _l("Stages"),
    "follow_conversation": _l("Follow the conversation"),
    "auto_close": _l("Automatic closing"),
    "auto_close_days": _l("Days of inactivity"),
    "auto_close_stage": _l("Move to stage"),
    "auto_close_in": _l("In stages"),
    "spare_waiting": _l("Except tickets that wait for our answer"),
    "remind_days_before": _l("Reminder"),
    "closure_by_customers": _l("Closure by customers"),
    "reopen_days": _l("Reopening window"),
    "ask_rating": _l("Ask for a rating"),
    "publish_ratings": _l("Publish ratings"),
}
_YES_NO = {"yes": _l("yes"), "no": _l("no")}
_VALUES = {
    "visibility": {
        "private": _l("Invited internal users"),
        "company": _l("All internal users"),
        "public": _l("Portal users too"),
    },
    "auto_assign": {
        "": _l("By hand"),
        "equal_total": _l("Equal number of tickets"),
        "equal_open": _l("Equal number of open tickets"),
    },
    **dict.fromkeys(
        ("active", "auto_close", "spare_waiting", "closure_by_customers", "follow_conversation", "ask_rating",
         "publish_ratings"), _YES_NO
    ),
}  # fmt: skip


def value_told(setting: str, value: str) -> str:
    """A value in the reader's words, as the history of settings holds it: what is off is empty there."""
    return str(_VALUES.get(setting, {}).get(value, value))
