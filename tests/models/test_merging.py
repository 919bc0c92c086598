"""R-MERGE: one conversation, who reads what of it, and the way back."""

import io

import pytest
from sqlalchemy import select

from models import Delivery, Message, Stage, Upload, make_team, merge, open_ticket, session
from models.closing import TicketClosed
from models.links import Link
from models.listing import Filters, found_by_merged, page_of
from models.merging import MergedPath, Merging
from models.search import matching
from models.stage import MergedStayClosed
from models.ticket import Ticket
from models.visibility import messages_behind, messages_heard_by, messages_visible_to
from models.words import terms_of
from tests.models.export import export


def bodies(condition):
    return list(session.scalars(select(Message.body).where(condition).order_by(Message.at, Message.id)))


def test_the_one_that_stays_takes_the_messages_in_the_order_of_time(printer, again, agnes):
    printer.reply(agnes.contact, "We come.")
    again.merge_into(printer, agnes.contact)

    assert [message.body for message in printer.messages] == [
        "It smokes since this morning.",
        "Still on fire!",
        "We come.",
    ]
    assert [message.origin_id for message in printer.messages] == [None, again.id, None]
    assert (again.closed, again.closing.how, again.merged_into, again.stays) == (True, "merge", printer, printer)
    assert [event.kind for event in again.events][-2:] == ["closed", "merged"]
    assert again.events[-1].sentence == f"Agnes merged the ticket into #{printer.id}"
    assert printer.events[-1].sentence == f"Agnes merged ticket #{again.id} into this one"


def test_the_one_that_stays_takes_tags_and_followers(printer, again, agnes, arthur, paul):
    printer.edit(agnes.contact, tags=["fire"])
    again.edit(agnes.contact, tags=["fire", "hot"])
    again.add_follower(paul)
    again.add_follower(arthur.contact)
    again.merge_into(printer, agnes.contact)

    assert [tag.name for tag in printer.tags] == ["fire", "hot"]
    assert {paul, arthur.contact, printer.customer} <= set(printer.followers)


def test_nothing_old_is_mailed_again(printer, again, agnes):
    printer.add_follower(agnes.contact)
    session.flush()
    before = set(session.scalars(select(Delivery.id)))
    again.merge_into(printer, agnes.contact)

    assert set(session.scalars(select(Delivery.id))) == before


def test_the_customers_are_told_once_if_the_agent_wants(printer, again, other, agnes, carla, paul):
    third = open_ticket(printer.team, carla, "Fire", "Fire!")
    merge([again, other, third], printer, agnes.contact, tell=True)

    told = session.scalars(select(Delivery).where(Delivery.kind == "merged").order_by(Delivery.ticket_id)).all()
    assert [(one.contact, one.ticket) for one in told] == [(carla, again), (paul, other)]


def test_merging_and_undoing_leaves_everything_as_it_was(printer, again, other, agnes, arthur, paul):
    printer.edit(agnes.contact, tags=["fire"], priority=1)
    again.edit(agnes.contact, tags=["fire", "hot"], priority=3)
    again.add_follower(paul)
    again.remove_follower(again.customer)
    again.assign_to(arthur, by=agnes.contact)
    again.move_to(again.team.stages[1], by=agnes.contact)
    again.reply(agnes.contact, "See", [Upload("a.png", "image/png", io.BytesIO(b"png"))])
    session.flush()
    before, place = export(), (printer.rank, printer.stage_changed_at, again.rank, again.stage_changed_at)

    merge([again, other], printer, agnes.contact, take={"subject": again, "priority": again, "assignee": again,
                                                        "stage": again})  # fmt: skip
    assert (printer.subject, printer.priority, printer.assignee) == ("Printer burns", 3, arthur)
    assert printer.stage is again.team.stages[2]  # the reply had moved it on
    assert export() != before
    again.unmerge(agnes.contact)
    other.unmerge(agnes.contact)

    assert export() == before
    assert (printer.rank, printer.stage_changed_at, again.rank, again.stage_changed_at) == place
    assert session.scalars(select(Merging)).all() == session.scalars(select(MergedPath)).all() == []


def test_what_somebody_changed_since_is_theirs(printer, again, agnes):
    again.edit(agnes.contact, priority=3)
    merge([again], printer, agnes.contact, take={"priority": again})
    printer.edit(agnes.contact, priority=2)
    again.unmerge(agnes.contact)

    assert printer.priority == 2


def test_of_two_choices_the_first_can_be_taken_back_first(printer, again, carla, agnes):
    third = open_ticket(printer.team, carla, "Third", "Third")
    merge([again], printer, agnes.contact, take={"subject": again})
    merge([third], printer, agnes.contact, take={"subject": third})
    again.unmerge(agnes.contact)
    assert printer.subject == "Third"
    third.unmerge(agnes.contact)

    assert printer.subject == "The printer is on fire"


def test_a_tag_stays_while_another_merge_brings_it(printer, again, carla, agnes):
    third = open_ticket(printer.team, carla, "Third", "Third")
    again.edit(agnes.contact, tags=["hot", "old"])
    third.edit(agnes.contact, tags=["hot", "new"])
    merge([again, third], printer, agnes.contact)
    again.unmerge(agnes.contact)
    assert [tag.name for tag in printer.tags] == ["hot", "new"]
    third.unmerge(agnes.contact)

    assert printer.tags == []


def test_replies_stay_where_they_were_written(printer, again, other, agnes, carla, paul):
    merge([again, other], printer, agnes.contact)
    printer.reply(agnes.contact, "To all of you.")
    other.reply(paul, "Paul answers.")
    printer.reply(carla, "Carla answers.")
    again.unmerge(agnes.contact)
    other.unmerge(agnes.contact)

    assert [one.body for one in printer.messages] == [
        "It smokes since this morning.",
        "To all of you.",
        "Carla answers.",
    ]
    assert [one.body for one in again.messages] == ["Still on fire!"]
    assert [one.body for one in other.messages] == ["I am Paul and smell smoke.", "Paul answers."]
    assert {message.origin_id for message in [*printer.messages, *again.messages, *other.messages]} == {None}
    assert other.waiting_since is not None
    assert printer.waiting_since == printer.messages[-1].at


def test_a_chain_ends_at_one_ticket_and_any_link_of_it_can_be_taken_out(printer, again, other, agnes):
    again.edit(agnes.contact, tags=["hot"])
    session.flush()
    before = export()
    again.merge_into(other, agnes.contact)
    other.merge_into(printer, agnes.contact)
    assert again.stays is other.stays is printer
    assert len(printer.messages) == 3
    assert [tag.name for tag in printer.tags] == ["hot"]

    again.unmerge(agnes.contact)
    assert [message.body for message in again.messages] == ["Still on fire!"]
    assert other.tags == printer.tags == []
    other.unmerge(agnes.contact)
    assert export() == before


def test_what_outsiders_write_to_a_merged_ticket_goes_to_the_one_that_stays(printer, again, other, agnes, paul):
    again.merge_into(other, agnes.contact)
    other.merge_into(printer, agnes.contact)
    message = other.reply(paul, "It smells")
    note = other.reply(agnes.contact, "Between us", internal=True)

    assert (message.ticket, message.home_id) == (printer, other.id)
    assert (note.ticket, note.home_id) == (printer, printer.id)
    assert printer.reply(paul, "by mail").home_id == other.id
    with pytest.raises(TicketClosed):
        other.reopen(by=agnes.contact)


def test_a_late_message_to_a_merged_ticket_opens_a_follow_up_of_its_own(printer, other, agnes, paul):
    other.merge_into(printer, agnes.contact)
    printer.close(by=agnes.contact)
    printer.team.reopen_days = 0
    session.flush()
    message = other.reply(paul, "Smoke again")

    assert (message.ticket.follow_up_of, message.ticket.customer) == (other, paul)
    assert message.ticket.subject == "Fire in the office"


def test_each_customer_reads_their_own_and_what_we_say_from_then_on(printer, other, agnes, carla, paul, person):
    pauls = person("Paul Petit", role="portal", email=paul.email)
    carlas = person("Carla Conti", role="portal", email=carla.email)
    printer.reply(agnes.contact, "Before, to Carla.")
    other.merge_into(printer, agnes.contact)
    printer.reply(agnes.contact, "To both.")
    printer.reply(agnes.contact, "Between us.", internal=True)
    printer.reply(carla, "My password is hunter2.")
    other.reply(paul, "I am still here.")

    for condition in (messages_visible_to(pauls), messages_heard_by(paul.id), messages_behind(other.link_for(paul))):
        assert bodies(condition) == ["I am Paul and smell smoke.", "To both.", "I am still here."]
    for condition in (
        messages_visible_to(carlas),
        messages_heard_by(carla.id),
        messages_behind(printer.link_for(carla)),
    ):
        assert bodies(condition) == [
            "It smokes since this morning.", "Before, to Carla.", "To both.", "My password is hunter2."
        ]  # fmt: skip
    assert len(bodies(messages_visible_to(agnes))) == 7


def test_mails_after_a_merge_name_the_ticket_that_the_reader_knows(printer, other, agnes, carla, paul):
    other.merge_into(printer, agnes.contact)
    answer = printer.reply(agnes.contact, "To both.")
    carlas = printer.reply(carla, "Carla's.")

    told = {one.contact: one.ticket for one in session.scalars(select(Delivery).where(Delivery.message == answer))}
    assert told == {carla: printer, paul: other}
    assert paul not in [one.contact for one in session.scalars(select(Delivery).where(Delivery.message == carlas))]


def test_a_removed_follower_hears_no_more(printer, other, agnes, paul):
    other.merge_into(printer, agnes.contact)
    printer.remove_follower(paul, by=agnes.contact)
    printer.reply(agnes.contact, "To Carla.")

    assert paul not in printer.followers
    assert bodies(messages_heard_by(paul.id)) == ["I am Paul and smell smoke."]


def test_a_colleague_who_may_not_see_the_target_follows_it_by_no_merge(company, printer, other, agnes, arthur):
    board = make_team("Board", "board", company, visibility="private")
    board.add_follower(agnes.contact)
    secret = open_ticket(board, printer.customer, "Secret", "Secret")
    other.add_follower(arthur.contact)
    other.merge_into(secret, agnes.contact)

    assert arthur.contact not in secret.followers
    assert not arthur.sees(secret)
    assert bodies(messages_visible_to(arthur)) == ["It smokes since this morning.", "I am Paul and smell smoke."]


def test_the_same_customer_reads_all_of_it_by_either_link(printer, again, agnes, carla):
    again.merge_into(printer, agnes.contact)
    for ticket in (printer, again):
        assert len(bodies(messages_behind(ticket.link_for(carla)))) == 2


def test_the_link_of_a_merged_ticket_lives_as_long_as_the_one_that_stays(printer, again, agnes, carla):
    again.merge_into(printer, agnes.contact)
    from datetime import timedelta

    link = again.link_for(carla)
    assert isinstance(link, Link)
    assert link.valid(again.closing.at + timedelta(days=1000))


def test_words_are_found_by_us_on_the_one_that_stays_and_by_customers_on_their_own(printer, other, agnes):
    other.merge_into(printer, agnes.contact)
    found = lambda words, internal: set(session.scalars(select(Ticket.id).where(matching(Ticket.id, words, internal))))  # noqa: E731
    other.reply(other.customer, "Asbestos")

    assert found("smell", True) == found("asbestos", True) == {printer.id}
    assert found("smell", False) == found("asbestos", False) == {other.id}
    assert [row.number for row in page_of(agnes, Filters(q=f"#{other.id}")).rows] == [printer.id]
    other.unmerge(agnes.contact)
    assert found("smell", True) == found("smell", False) == found("asbestos", True) == {other.id}


def test_we_find_a_merged_ticket_by_its_own_subject_and_customer_on_the_one_that_stays(printer, other, again, agnes):
    other.merge_into(again, agnes.contact)
    again.merge_into(printer, agnes.contact)
    page = lambda words: page_of(agnes, Filters(q=words))  # noqa: E731
    found = lambda words: [row.number for row in page(words).rows]  # noqa: E731

    assert found('"fire in the office"') == found("paul@other.example") == found("burns") == [printer.id]
    shown = found_by_merged(page("burns").rows, terms_of("burns"))
    assert {number: "".join(text for text, _ in pieces) for number, pieces in shown.items()} == {
        printer.id: "Printer burns"
    }
    assert found_by_merged(page("burns").rows, terms_of("printer")) == {}
    again.unmerge(agnes.contact)
    assert found('"fire in the office"') == [again.id]
    other.unmerge(agnes.contact)
    assert found('"fire in the office"') == [other.id]


def test_a_merged_ticket_stays_closed_where_its_stage_is_unfolded_or_goes(printer, again, team, agnes):
    """R-MERGE-2 over R-STAGE-2: nobody is given it, no rule closes it once more, no list shows it as open."""
    first, done, gone = again.stage, *(Stage(name=name, folded=True, position=9) for name in ("Done", "Gone"))
    team.stages += [done, gone]
    again.merge_into(printer, agnes.contact)
    closed = again.stage
    assert closed.fold(False, by=agnes.contact) == 0
    assert (again.stage, again.closed, again.closing.how) == (done, True, "merge")
    team.remove_stage(done, takes=first, by=agnes.contact)
    assert (again.stage, again.closed) == (gone, True)
    again.unmerge(agnes.contact)

    assert (again.stage, again.closing, again.merged_into) == (first, None, None)


def test_the_last_folded_stage_keeps_its_merged_tickets(printer, again, team, agnes):
    again.merge_into(printer, agnes.contact)
    closed = again.stage
    for verb in (lambda: closed.fold(False), lambda: team.remove_stage(closed, takes=printer.stage)):
        with pytest.raises(MergedStayClosed), session.begin_nested():
            verb()
    assert (again.stage, again.closed, closed.folded) == (closed, True, True)
    again.unmerge(agnes.contact)
    closed.fold(False)
    assert not closed.folded


def test_only_an_undo_leads_out_of_a_merge(printer, again, team, agnes):
    again.merge_into(printer, agnes.contact)
    for by in (agnes.contact, None):
        with pytest.raises(TicketClosed):
            again.move_to(team.stages[1], by=by)
    with pytest.raises(TicketClosed):
        again.edit(agnes.contact, priority=2)
    assert again.closed


@pytest.mark.parametrize("welcome", [True, False])
def test_after_a_change_of_team_an_undo_gives_the_ticket_to_nobody_who_may_not_see_that(
    printer, again, company, agnes, arthur, ada, welcome
):
    """R-STAGE-8: nor would they have kept it without the merge."""
    printer.assign_to(agnes, by=ada.contact)
    again.assign_to(arthur, by=ada.contact)
    merge([again], printer, ada.contact, take={"assignee": again})
    board = make_team("Board", "board", company, visibility="private")
    for colleague in (arthur, agnes) if welcome else (arthur,):
        board.add_follower(colleague.contact)
    printer.edit(ada.contact, team=board)
    again.unmerge(ada.contact)

    assert (printer.assignee, printer.awaits_assignment) == ((agnes, False) if welcome else (None, True))


def test_whoever_has_the_ticket_again_follows_it_again(printer, again, other, agnes, arthur, ada, person):
    """R-VIS-1, whatever happened to the followers meanwhile, and in whatever order merges are undone."""
    nadia = person("Nadia")
    for ticket, colleague in ((printer, agnes), (again, arthur), (other, nadia)):
        ticket.assign_to(colleague, by=ada.contact)
    merge([again], printer, ada.contact, take={"assignee": again})
    merge([other], printer, ada.contact, take={"assignee": other})
    printer.assign_to(arthur, by=ada.contact)
    again.unmerge(ada.contact)
    assert printer.assignee is arthur and arthur.contact in printer.followers
    printer.assign_to(nadia, by=ada.contact)
    printer.remove_follower(agnes.contact)
    other.unmerge(ada.contact)
    assert printer.assignee is agnes and agnes.contact in printer.followers


def test_undoing_twice_changes_nothing(printer, again, agnes):
    again.merge_into(printer, agnes.contact)
    again.unmerge(agnes.contact)
    again.unmerge(agnes.contact)

    assert [event.kind for event in printer.events].count("unmerged") == 1


def test_ratings_and_figures_stay(printer, again, agnes, carla):
    again.rate(5, "Quick!", by=carla)
    again.merge_into(printer, agnes.contact)

    assert (again.rating.score, printer.rating) == (5, None)
