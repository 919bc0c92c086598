"""The start page with the teams, and the public form of each."""

import hashlib
import uuid

from flask import abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from models.attachment import TooLarge
from models.base import now, session
from models.people import Contact
from models.team import Team
from models.ticket import open_ticket
from web.locale import language

from . import anyone, bp, throttle
from .fields import files_limit, remind_of_files, too_large, uploads
from .forms import RequestForm

# Forms somewhat over the limit are still read, so that the typed text can be shown again beside the refusal.
READ_BEYOND_BYTES = 50_000_000


@bp.url_value_preprocessor
def read_somewhat_more(endpoint, values):
    if request.method == "POST":
        request.max_content_length = current_app.config["MAX_CONTENT_LENGTH"] + READ_BEYOND_BYTES


@bp.get("/")
@anyone
def start():
    return render_template("portal/start.html", teams=Team.with_public_form())


@bp.get("/helpdesk/<slug>")
@anyone
def helpdesk(slug):
    """The form; after sending it, the number of the ticket and nothing else."""
    team = find(slug)
    if number := received(team, request.args.get("received", "")):
        return render_template("portal/received.html", team=team, number=number)
    form = RequestForm(formdata=None, key=uuid.uuid4().hex)
    if current_user.is_authenticated:
        form.name.data, form.email.data = current_user.contact.name, current_user.contact.email
    return show(team, form)


@bp.post("/helpdesk/<slug>")
@throttle.requests
@anyone
def submit(slug):
    """Make the ticket, once however often the form is sent (threat model, rule 31)."""
    team, form = find(slug), RequestForm()
    if not acceptable(form):
        return show(team, form), 422
    try:
        ticket = open_ticket(
            team,
            customer(form),
            form.subject.data,
            form.description.data,
            attachments=uploads(form.attachments),
            key=key_of(team, form),
        )
    except TooLarge as error:
        session.rollback()
        form.attachments.errors = [too_large(str(error))]
        return show(find(slug), form), 422
    token = _signer(team).dumps(ticket.number)
    session.commit()
    return redirect(url_for(".helpdesk", slug=slug, received=token), 303)


def find(slug: str) -> Team:
    team = session.scalar(select(Team).where(Team.slug == slug, Team.active))
    return team if team and team.has_public_form else abort(404)


def show(team: Team, form: RequestForm) -> str:
    fixed = current_user.is_authenticated
    remind_of_files(form.attachments)
    return render_template("portal/helpdesk.html", team=team, form=form, fixed=fixed, files_limit=files_limit())


def acceptable(form: RequestForm) -> bool:
    """Whether the form can be sent. Who is signed in writes as themselves, whatever the fields say."""
    if current_user.is_authenticated:
        form.email.data = current_user.contact.email
        form.name.data = current_user.contact.name or form.name.data or current_user.contact.email
    return form.validate()


def customer(form: RequestForm) -> Contact:
    if current_user.is_authenticated:
        return current_user.contact
    return Contact.get_or_create(form.email.data, form.name.data, language())


def key_of(team: Team, form: RequestForm) -> str:
    """The key of the submission: the form's own, or the day; and what was typed, so that an edited form is another."""
    files = [file.name for file in uploads(form.attachments)]
    origin = form.key.data or f"{now():%Y-%m-%d}"
    words = [origin, team.id, form.email.data, form.subject.data, form.description.data, *files]
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()


def received(team: Team, token: str) -> int | None:
    try:
        return _signer(team).loads(token)
    except BadSignature:
        return None


def _signer(team: Team) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt=f"guichet.received.{team.id}")


@throttle.shows_again("portal.submit")
def show_again(slug):
    form = RequestForm()
    acceptable(form)
    form.form_errors.append(_("Too many requests came from here in a short time. Please wait some minutes."))
    return show(find(slug), form)
