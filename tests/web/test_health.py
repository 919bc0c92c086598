"""Monitors see what they need; strangers see nothing (rule 74)."""


def test_it_is_alive(client):
    assert client.get("/health/live").json == {"live": True}


def test_it_is_ready_with_a_current_schema_and_without_a_queue(client):
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json == {"ready": True, "database": True, "migrations": True, "queue": False}


def test_a_stranger_learns_only_whether_it_is_ready(client):
    answer = client.get("/health/ready", environ_base={"REMOTE_ADDR": "203.0.113.9"})

    assert answer.json == {"ready": True}


def test_figures_for_prometheus(client, printer):
    text = client.get("/metrics").get_data(as_text=True)

    assert 'guichet_tickets{status="new"} 1' in text
    assert "guichet_oldest_unsent_seconds" in text
    assert "guichet_queue_up 0" in text


def test_figures_are_not_for_strangers(client):
    stranger = {"REMOTE_ADDR": "203.0.113.9"}

    assert client.get("/metrics", environ_base=stranger).data == client.get("/nothing", environ_base=stranger).data


def test_mail_that_found_no_place_is_counted(client, team):
    from tests.mail.arriving import letter, receive

    receive(letter(to="nobody@desk.example"), to="nobody@desk.example")

    assert 'guichet_incoming_mails{state="parked"} 1' in client.get("/metrics").text
