"""What stands in the top bar for whom. Addresses are those of the design; rooms that are not there are left out."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request
from flask_login import current_user

from .locale import lazy_gettext


@dataclass(frozen=True)
class Item:
    """One link of the top bar; ``group`` puts it under Configuration, ``roots`` are the addresses it stands for."""

    path: str
    label: Any
    icon: str
    group: bool = False
    roots: tuple[str, ...] = ()
    administrator: bool = False

    @property
    def url(self) -> str:
        return request.script_root + self.path

    @property
    def active(self) -> bool:
        """Whether the page asked for is this one: of two that fit, the longer address is."""
        if "navigation_here" not in g:
            g.navigation_here = [_current(CONSOLE), _current(PORTAL)]
        return any(self is here for here in g.navigation_here)

    def fit(self) -> int:
        exact = len(self.path) + 1 if request.path == self.path else 0
        return max([exact, *(len(root) for root in self.roots if request.path.startswith(root))])


CONSOLE = (
    Item("/console/", lazy_gettext("Teams"), "layout-dashboard", roots=("/console/teams/",)),
    Item("/console/tickets/mine", lazy_gettext("My tickets"), "user-check"),
    Item("/console/tickets", lazy_gettext("All tickets"), "inbox", roots=("/console/tickets/", "/console/merge")),
    Item(
        "/console/mail", lazy_gettext("Mail"), "mail", roots=("/console/mail/", "/console/outbox"), administrator=True
    ),
    Item("/console/teams", lazy_gettext("Teams"), "users", group=True, administrator=True),
    Item("/console/stages", lazy_gettext("Stages"), "columns", True, ("/console/stages/",), True),
    Item("/console/templates", lazy_gettext("Templates"), "template", True, ("/console/templates/",), True),
    Item("/console/users", lazy_gettext("Users"), "user", True, ("/console/users/",), True),
    Item("/console/companies", lazy_gettext("Companies"), "building", True, ("/console/companies/",), True),
)
PORTAL = (
    Item("/", lazy_gettext("Ask for help"), "lifebuoy", roots=("/helpdesk/",)),
    Item("/my/tickets", lazy_gettext("My tickets"), "ticket", roots=("/my/tickets/", "/ticket/")),
)


def _current(items) -> Item | None:
    best = max(items, key=Item.fit)
    return best if best.fit() else None


def stands(path: str) -> bool:
    rooms = current_app.extensions.get("guichet_rooms")
    if rooms is None:
        rooms = {rule.rule for rule in current_app.url_map.iter_rules() if not rule.arguments}
        current_app.extensions["guichet_rooms"] = rooms
    return path in rooms


def navigation() -> list[Item]:
    """The links for this reader on this side of the house."""
    user = current_user if current_user.is_authenticated else None
    if request.path.startswith("/console"):
        administrator = bool(user and user.administrator)
        return [item for item in CONSOLE if stands(item.path) and (administrator or not item.administrator)]
    items = PORTAL if user else PORTAL[:1]
    return [item for item in items if stands(item.path)]
