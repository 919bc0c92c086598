"""Who looks at a ticket just now."""

from datetime import timedelta

from models import Presence, now, session


def test_others_see_who_looks_and_who_writes(printer, agnes, arthur):
    printer.note_presence(agnes, writing=False, at=now())
    assert [(one.user, one.writing) for one in printer.others_here(arthur, now())] == [(agnes, False)]
    assert printer.others_here(agnes, now()) == []
    printer.note_presence(agnes, writing=True, at=now())
    session.expire_all()
    assert [(one.user, one.writing) for one in printer.others_here(arthur, now())] == [(agnes, True)]
    printer.end_presence(agnes)
    assert printer.others_here(arthur, now()) == []


def test_who_looked_a_while_ago_is_forgotten(printer, agnes, arthur):
    printer.note_presence(agnes, writing=True, at=now() - timedelta(seconds=31))
    assert printer.others_here(arthur, now()) == []
    printer.note_presence(arthur, writing=False, at=now() + timedelta(seconds=40))
    assert session.query(Presence).count() == 1


def test_the_version_changes_with_whatever_is_said_or_done(printer, agnes, carla):
    versions = [printer.version]
    for change in (lambda: printer.reply(carla, "Hello?"), lambda: printer.edit(agnes.contact, priority=2)):
        change()
        session.flush()
        versions.append(printer.version)
    assert len(set(versions)) == 3
