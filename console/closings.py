"""Closing and reopening one ticket, the page that prepares a closing, attempts to reach the customer."""

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from wtforms.validators import StopValidation

from mail.letters import closing_letter
from models import Contact, Message, Stage, Team, Ticket, User, session
from models.assignment import CannotBeAssigned
from models.closing import TicketClosed
from models.contact_attempt import UNDELIVERABLE
from models.message import EmptyMessage

from . import bp, me
from .assignments import assignee_named, cannot
from .forms import ATTEMPT_CHANNELS, ATTEMPT_OUTCOMES, AdviceForm, AttemptForm, CloseForm
from .ticket_page import refused, whole_page_again

LONGEST_REASON = 2000
# What the page of a closing shows, in a fixed number of queries.
SHOWN = (
    joinedload(Ticket.team).options(
        selectinload(Team.stages).options(joinedload(Stage.email_template)), joinedload(Team.company)
    ),
    joinedload(Ticket.stage),
    joinedload(Ticket.customer).joinedload(Contact.user).lazyload(User.contact),
    joinedload(Ticket.assignee),
    joinedload(Ticket.closing),
    selectinload(Ticket.messages).joinedload(Message.author).joinedload(Contact.user).lazyload(User.contact),
    selectinload(Ticket.events),
)


@bp.errorhandler(TicketClosed)
def locked(error):
    """Whatever a view forgot to ask: a closed ticket is locked (R-CLOSE-8)."""
    session.rollback()
    number = request.view_args["number"]
    words = _("This ticket is closed. Reopen it to change it.")
    return refused(number, refusal=merged_words() if me().ticket(number).merged_into_id else words)


def merged_words() -> str:
    return _("This ticket was merged and goes on in another one: undo the merge to change it by itself.")


@bp.get("/tickets/<int:number>/closing")
def closing_page(number):
    """Everything a closing needs: the reason, the letter that goes out, what was tried, whom to ask in doubt."""
    return prepare(me().ticket(number, *SHOWN), CloseForm(formdata=None))


def prepare(ticket, form, attempt=None, advice=None, status=200):
    form.why.data = form.why.data or request.args.get("why", "")[:LONGEST_REASON]
    page = render_template(
        "console/closing.html",
        ticket=ticket,
        form=form,
        attempt=attempt or AttemptForm(formdata=None),
        advice=advice or AdviceForm(formdata=None),
        people=[one for one in ticket.team.assignable_people if one.id != me().id] if not ticket.closed else [],
        letter=None if ticket.closed else closing_letter(ticket, me().contact, form.why.data),
        needs_reason=ticket.closing_needs_reason(),
        attempt_names={"wrote": _("We answered"), "reminded": _("Reminder"), **ATTEMPT_CHANNELS},
        outcome_names={**ATTEMPT_OUTCOMES, UNDELIVERABLE: _("could not be delivered")},
    )
    return page, status


@bp.post("/tickets/<int:number>/closing")
def close(number):
    ticket, form = me().ticket(number), CloseForm()
    prepared = request.form.get("page") == "closing"
    if not form.validate_on_submit():
        return prepare(ticket, form, status=422) if prepared else refused(number, close=form, closing_asked=True)
    if not form.why.data and ticket.closing_needs_reason():
        form.why.errors = [no_answer_yet()]
        return prepare(ticket, form, status=422) if prepared else ask_why(number)
    if "look" in request.form:
        return prepare(ticket, form)
    ticket.close(by=me().contact, why=form.why.data or "", silent="silent" in request.form)
    session.commit()
    words = _("The ticket is closed.") if ticket.closed else _("The ticket is in %(stage)s.", stage=ticket.stage.name)
    return whole_page_again(number, words)


def reason_typed() -> str:
    return request.form.get("why", "").replace("\0", "").strip()[:LONGEST_REASON]


def no_answer_yet() -> str:
    return _("Nobody has answered this customer: say why the ticket is closed all the same.")


def ask_why(number):
    """The form for closing, open: without an answer to the customer the history needs a reason (R-CLOSE-9)."""
    form = CloseForm(formdata=None)
    form.why.errors = [no_answer_yet()]
    return refused(number, close=form, closing_asked=True)


@bp.post("/tickets/<int:number>/reopening")
def reopen(number):
    ticket = me().ticket(number)
    try:
        ticket.reopen(by=me().contact)
        session.commit()
    except TicketClosed:
        session.rollback()
        nowhere = _("This team has no stage for open tickets: there is nowhere to reopen it.")
        return refused(number, refusal=merged_words() if me().ticket(number).merged_into_id else nowhere)
    return whole_page_again(number, _("The ticket is open again."))


@bp.post("/tickets/<int:number>/attempts")
def note_attempt(number):
    """``channel``, ``outcome`` and words: an attempt to reach the customer, of a closed ticket too (R-CLOSE-8)."""
    ticket, form = me().ticket(number, *SHOWN), AttemptForm()
    if not form.validate_on_submit():
        return prepare(ticket, CloseForm(formdata=None), attempt=form, status=422)
    ticket.note_attempt(me().contact, form.channel.data, form.outcome.data, form.words.data or "")
    session.commit()
    return whole_page_again(number, _("The attempt is noted."))


@bp.post("/tickets/<int:number>/advice")
def ask_supervisor(number):
    """``supervisor`` and ``question``: a note that assigns the ticket and notifies whom it is assigned to."""
    ticket, form = me().ticket(number, *SHOWN), AdviceForm()
    try:
        if not form.validate_on_submit():
            raise EmptyMessage
        supervisor = assignee_named(form.supervisor.data, ticket.team)
        if supervisor is None:
            raise CannotBeAssigned
        ticket.ask_supervisor(me().contact, supervisor, form.question.data)
        session.commit()
    except EmptyMessage:
        return prepare(ticket, CloseForm(formdata=None), advice=form, status=422)
    except (StopValidation, CannotBeAssigned):
        session.rollback()
        form.supervisor.errors = [cannot()]
        return prepare(me().ticket(number, *SHOWN), CloseForm(formdata=None), advice=form, status=422)
    return whole_page_again(number, _("%(name)s was asked, and has the ticket now.", name=supervisor))
