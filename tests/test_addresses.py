"""Every address of the URL map and every kind of visitor: who may pass. An address without a line here fails.

To pass is to get an answer of the page itself, be it a form with errors; to be refused is 403, 404, or to be sent to
the sign-in page and back.
"""

import io
import os
import tempfile

import pytest
from sqlalchemy import select

from models import Batch, BulkAction, Company, Delivery, SavedView, Template, TimeOff, Upload, session
from models.base import db, now
from models.filters import Filters
from models.incoming import AddressCheck, IncomingMail, TeamAddress, row_of
from wsgi import create_app

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\n"
    b"IDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)  # one black pixel
VISITORS = ("nobody", "customer", "stranger", "agent", "outsider", "administrator", "foreign administrator")
EVERYBODY = set(VISITORS)
SIGNED_IN = EVERYBODY - {"nobody"}
INTERNAL = {"agent", "outsider", "administrator", "foreign administrator"}
ADMINISTRATORS = {"administrator", "foreign administrator"}
DESK = {"agent", "administrator"}  # the internal users of the company
OWN = {"administrator"}  # the administrator of the company

# Who may pass, and the endpoints of which that is true; "portal." and "console." stand before them.
PORTAL = [
    (EVERYBODY, "start helpdesk submit ask send link_sent login sign_in logout reset set_anew signup sign_up"),
    # with the signed link in hand
    (
        EVERYBODY,
        "link_page link_attachment link_attachment_picture link_closing fresh link_rating link_reopening link_replies",
    ),
    (SIGNED_IN, "my my_account change_account change_password my_tickets"),
    (
        {"customer"},
        "my_page my_attachment my_attachment_picture my_closing my_rating my_reopening my_replies my_unfollowing",
    ),
]
CONSOLE = [
    (set(), "first_run"),  # an administrator exists: for nobody any more
    (INTERNAL, "thanks dashboard account change_account change_password sign_out_everywhere add_own_time_off"),
    (INTERNAL, "all_board my_board"),
    (INTERNAL, "tickets bulk closed_tickets my_tickets new_ticket choose_company choose_columns export save_view"),
    ({"agent"}, "bulk_action cancel_bulk_action view delete_view"),
    ({"agent"}, "remove_own_time_off"),
    (DESK, "assignment_page simulation audience board fold ticket assign attachment close edit follow unfollow"),
    (DESK, "add_card move_page move reopen reply closing_page note_attempt ask_supervisor forgotten"),
    (DESK, "follow_team unfollow_team"),
    (DESK, "unmerge message_page move_this_message duplicates"),
    (INTERNAL, "merge_page mergings dismissals similar"),
    (OWN, "preview_closing runs run undo_run"),
    (DESK, "attachment_picture draft presence undo canned_for"),
    (INTERNAL, "canned new_canned"),
    (set(), "change_canned remove_canned"),  # each their own: tests/console/test_answering.py
    (ADMINISTRATORS, "mail bounced addresses add_address discard"),
    (set(), "check_address"),  # without an address; tests/console/test_mail.py names one
    (OWN, "incoming original run_again remove_address address_check"),
    (DESK, "original_of_message"),
    (ADMINISTRATORS, "companies new_company outbox stages new_stage order teams new_team users new_user"),
    (ADMINISTRATORS, "send_held balance"),
    (DESK, "phone"),
    (ADMINISTRATORS, "templates template delete_template new_template preview_template"),
    (OWN, "company stage delete_stage place_stage delivery try_again revoke_link revoke_links"),
    (OWN, "delete_team add_team_follower remove_team_follower team_settings"),
    (OWN, "user invite_again add_time_off remove_time_off"),
]
PASS = {
    "static": EVERYBODY,
    "web.preferences": EVERYBODY,
    "health.live": EVERYBODY,
    "health.ready": EVERYBODY,
    "health.metrics": EVERYBODY,  # from this address; tests/web/test_health.py tries others
    **{f"portal.{name}": who for who, names in PORTAL for name in names.split()},
    **{f"console.{name}": who for who, names in CONSOLE for name in names.split()},
}


def addresses():
    """(endpoint, method, rule) of the whole URL map."""
    with tempfile.TemporaryDirectory() as folder:
        known = os.environ.get("DATA_DIR")
        os.environ["DATA_DIR"] = folder
        try:
            rules = list(create_app().url_map.iter_rules())
        finally:
            os.environ.pop("DATA_DIR") if known is None else os.environ.update(DATA_DIR=known)
    for rule in sorted(rules, key=lambda rule: rule.rule):
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method


@pytest.fixture
def visitors(company, carlas_login, person, agnes, ada):
    globex = Company(name="Globex")
    session.add(globex)
    session.commit()
    return {
        "nobody": None,
        "customer": carlas_login,
        "stranger": person("Sven", role="portal"),
        "agent": agnes,
        "outsider": person("Otto", companies=[globex]),
        "administrator": ada,
        "foreign administrator": person("Frida", role="administrator", companies=[globex]),
    }


@pytest.fixture
def values(printer, team, carla, agnes, visitors):
    """What the parts of addresses stand for: everything belongs to Acme's ticket about the printer."""
    team.closure_by_customers = True
    message = printer.reply(carla, "See picture", [Upload("a.png", "image/png", io.BytesIO(PNG))])
    off = TimeOff(starts_at=now(), ends_at=now().replace(year=now().year + 1))
    agnes.time_off = [off]
    template = Template(name="Unused", body={"en": "x"}, subject={"en": "x"})
    session.add(template)
    printer.add_follower(carla)
    agnes.password_hash = None  # invited, and not there yet
    session.commit()
    link = printer.link_for(carla)
    session.commit()
    action = BulkAction.start(agnes, "tag", {"tags": ["x"]}, [printer.id])
    view = SavedView.save(agnes, "Mine", Filters())
    batch = Batch(team_id=team.id, stage_id=team.closing_stage.id, at=now(), ended_at=now())
    session.add(batch)
    session.commit()
    delivery = session.scalar(select(Delivery.id).where(Delivery.ticket_id == printer.id).limit(1))
    mail = IncomingMail(**row_of(b"From: carla@client.example\n\nSee picture", "lmtp", "", team.address))
    mail.becomes("reply", ticket=printer, message=message, team=team)
    alias, check = (
        TeamAddress(address="help@desk.example", team=team),
        AddressCheck(address=team.address, mail_id="x@y"),
    )
    session.add_all([mail, alias, check])
    session.commit()

    def of(endpoint):
        ids = {
            **dict.fromkeys(("incoming", "original", "run_again"), mail.id),
            "original_of_message": message.id,
            "remove_address": alias.id,
            "address_check": check.id,
            "assignment_page": team.id,
            "simulation": team.id,
            "add_card": team.id,
            "bulk_action": action.id,
            "view": view.id,
            "attachment": message.attachments[0].id,
            "message_page": message.id,
            "move_this_message": message.id,
            "board": team.id,
            "company": team.company_id,
            "delivery": delivery,
            "fold": team.stages[0].id,
            "follow_team": team.id,
            "unfollow_team": team.id,
            "forgotten": team.id,
            "invite_again": agnes.id,
            "link": link.id,
            "preview_closing": team.id,
            "run": batch.id,
            "runs": team.id,
            "stage": team.stages[0].id,
            "team": team.id,
            "template": template.id,
            "time_off": agnes.id,
            "try_again": delivery,
            "unfollow": carla.id,
            "user": agnes.id,
        }
        word = endpoint.rpartition(".")[2]
        id = ids.get(word) or next((value for name, value in ids.items() if word.endswith(name) or name in word), 0)
        return {
            "slug": team.slug, "token": link.token, "number": printer.number, "id": id, "off": off.id,
            "contact": carla.id, "filename": "css/app.css",
        }  # fmt: skip

    return of


def refused(answer) -> bool:
    to_sign_in = answer.status_code == 303 and answer.headers["Location"].startswith("/login?next=")
    return answer.status_code in (401, 403, 404) or to_sign_in


@pytest.mark.parametrize(("endpoint", "method"), addresses())
def test_only_these_pass(endpoint, method, app, visitors, values, sign_in):
    assert endpoint in PASS, f"{endpoint} is new: say above who may pass"
    rule = next(rule for rule in app.url_map.iter_rules(endpoint) if method in rule.methods)
    parts = {name: value for name, value in values(endpoint).items() if name in rule.arguments}
    address = app.url_map.bind("localhost").build(endpoint, parts, method=method)
    passed = set()
    for name, user in visitors.items():
        client = sign_in(user) if user else app.test_client()
        with db.engine.begin_nested() as savepoint:
            answer = client.open(address, method=method)
            answer.close()
            savepoint.rollback()
        session.expire_all()
        assert answer.status_code < 500, (name, address)
        if not refused(answer):
            passed.add(name)
    assert passed == PASS[endpoint], f"{method} {address}"
