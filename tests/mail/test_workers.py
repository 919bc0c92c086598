"""Two workers place mail side by side, on real commits."""

import threading

from sqlalchemy import func, select

from models import Delivery, IncomingMail, now, session
from models.base import db
from tests.conftest import make_app
from tests.mail.arriving import letter, store
from tests.mail.test_listener import desk  # noqa: F401 - a fixture

AUTHORS = 12


def test_one_address_is_answered_once_by_two_workers(desk, empty_database, tmp_path):  # noqa: F811
    authors = [f"c{number}@client.example" for number in range(AUTHORS)]
    batches = [[store(letter(author, subject=f"{n} of {author}")).id for author in authors] for n in range(2)]
    session.remove()
    together, failed = threading.Barrier(2), []

    def work(app, ids):
        from mail.incoming import receive_due_batch

        with app.app_context():
            try:
                for id in ids:
                    together.wait(60)
                    receive_due_batch(now(), only=id)
            except Exception as error:
                failed.append(error)
                together.abort()
            session.remove()
            db.engine.dispose()

    apps = [make_app(empty_database, tmp_path) for _ in batches]
    workers = [threading.Thread(target=work, args=pair) for pair in zip(apps, batches, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert not failed
    assert session.scalars(select(IncomingMail.state).distinct()).all() == ["ticket"]
    answers = select(Delivery.address, func.count()).where(Delivery.kind == "stage").group_by(Delivery.address)
    assert dict(session.execute(answers).all()) == dict.fromkeys(authors, 1)
