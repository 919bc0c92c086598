"""Message-IDs that stand on several tickets: a mail goes on where it belongs (R-MAIL-2; threat model, rules 45, 49)."""

from models import make_team, session
from tests.mail.arriving import SUPPORT, letter, receive


def test_an_answer_to_a_mail_that_went_to_two_teams_is_a_reply_to_each(team, company):
    sales = make_team("Sales", "sales", company)
    session.commit()
    both = f"{SUPPORT}, sales@desk.example"
    first = letter(to=both, Message_ID="<both@client.example>")
    opened = [receive(first), receive(first, to="sales@desk.example")]
    answer = letter(to=both, text="And more", In_Reply_To="<both@client.example>")
    replies = [receive(answer), receive(answer, to="sales@desk.example")]

    assert [mail.state for mail in replies] == ["reply", "reply"]
    assert [mail.ticket for mail in replies] == [mail.ticket for mail in opened]
    assert [mail.ticket.team for mail in replies] == [team, sales]


def test_nobody_cuts_a_thread_by_using_its_message_id_first(team):
    theirs = receive(letter("Eve <eve@evil.example>", Message_ID="<one@client.example>"))
    first = receive(letter(Message_ID="<one@client.example>"))
    answer = receive(letter(text="And more", In_Reply_To="<one@client.example>"))

    assert theirs.ticket is not first.ticket
    assert (answer.state, answer.ticket) == ("reply", first.ticket)
