"""The people who can sign in: inviting colleagues, their rights, companies and time off."""

import logging

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from flask_login import login_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from models import Contact, TimeOff, User, session
from models.access import NotVisible
from models.outbox import queue_mail
from models.people import INTERNAL, LastAdministrator
from web.extensions import limiter
from web.locale import language

from . import administrators_only, bp, me
from .choices import LANGUAGE_CHOICES, NEEDED, MultiCheckboxField, commit, email_address, refuse, trim
from .people import TimeOffForm, managed_by, matching

log = logging.getLogger(__name__)
PAGE = 50
ROLE_CHOICES = [
    ("agent", _l("Agent: works tickets")),
    ("administrator", _l("Administrator: works tickets and configures the companies")),
]
ROLE_NAMES = {"portal": _l("Customer"), "agent": _l("Agent"), "administrator": _l("Administrator")}
FILTERS = {
    "": User.role.in_(INTERNAL) & User.active,
    "administrator": (User.role == "administrator") & User.active,
    "portal": (User.role == "portal") & User.active,
    "inactive": ~User.active,
}


class UserForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(NEEDED), Length(max=120)], [trim])
    language = SelectField(_l("Language"), choices=LANGUAGE_CHOICES)
    role = RadioField(_l("Role"), choices=ROLE_CHOICES, default="agent")
    companies = MultiCheckboxField(_l("Companies"), coerce=int)
    takes_tickets = BooleanField(
        _l("Takes tickets"), description=_l("Can be given tickets, by hand or by the rule of a team.")
    )
    active = BooleanField(
        _l("Active"), description=_l("Who is not active can no longer sign in, from the next click on.")
    )

    def __init__(self, user=None, **kwargs):
        super().__init__(data=values(user), **kwargs)
        self.user = user
        self.companies.choices = [(company.id, company.name) for company in me().companies]
        if user and user.role == "portal":
            del self.role, self.companies, self.takes_tickets

    def validate_companies(self, field):
        if not field.data and not elsewhere(self.user):
            raise ValidationError(_("Choose at least one company."))

    def validate_role(self, field):
        if field.data == "administrator" and self.user and self.user.role != "administrator" and elsewhere(self.user):
            raise ValidationError(
                _("This person also works for a company that you do not administer, and would administer it as well.")
            )


class InvitationForm(UserForm):
    email = StringField(_l("E-mail address"), [DataRequired(NEEDED), email_address], [trim])

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        del self.active

    def validate_email(self, field):
        user = User.by_email(field.data)
        if user and user.role in INTERNAL:
            raise ValidationError(_("This address has a login already. Whoever administers it can add your companies."))


def values(user) -> dict:
    if user is None:
        return {
            "companies": [company.id for company in me().companies[:1]],
            "takes_tickets": True,
            "language": language(),
        }
    same = {name: getattr(user, name) for name in ("name", "role", "takes_tickets", "active")}
    return same | {"language": user.contact.language, "companies": [company.id for company in user.companies]}


def elsewhere(user) -> list:
    """The companies of this user that the administrator at work does not belong to: they stay as they are."""
    return [company for company in user.companies if company not in me().companies] if user else []


def managed(id: int, *options) -> User:
    """The user, if this administrator manages them; anybody else is as absent."""
    user = session.scalar(select(User).where(User.id == id, managed_by(me())).options(*options)) if id < 2**31 else None
    if user is None:
        raise NotVisible
    return user


@bp.get("/users")
@administrators_only
def users():
    role = request.args.get("role", "")
    role, text = role if role in FILTERS else "", request.args.get("q", "").strip()[:200]
    page = min(max(request.args.get("page", 1, type=int), 1), 2000)
    query = select(User).join(Contact).where(managed_by(me()), FILTERS[role])
    if text:
        query = query.where(matching(text))
    query = query.options(selectinload(User.companies)).order_by(Contact.name, Contact.email)
    found = session.scalars(query.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    chips = [
        (label, url_for(".users", role=key or None, q=text or None), key == role, None) for key, label in filter_names()
    ]
    return render_template(
        "console/users.html", users=found[:PAGE], more=len(found) > PAGE, page=page, q=text, role=role, chips=chips,
        role_names=ROLE_NAMES, mine={company.id for company in me().companies},
    )  # fmt: skip


def filter_names():
    words = (_("Colleagues"), _("Administrators"), _("Customers"), pgettext("users", "Not active"))
    return zip(FILTERS, words, strict=True)


@bp.route("/users/new", methods=["GET", "POST"])
@administrators_only
@limiter.limit("60/hour", methods=["POST"])
def new_user():
    form = InvitationForm()
    if form.validate_on_submit():
        contact = Contact.get_or_create(form.email.data, form.name.data, form.language.data)
        user = contact.user or User(contact=contact, companies=[])
        user.change_role(form.role.data)
        write(user, form)
        session.add(user)
        if commit_with_invitation(user, form):
            flash(_("%(email)s is invited by e-mail.", email=contact.email), "success")
            return redirect(url_for(".user", id=user.id), 303)
    return render_template("console/new_user.html", form=form), 422 if form.is_submitted() else 200


def commit_with_invitation(user, form) -> bool:
    with session.no_autoflush:
        invite_by_mail(user)
    if not commit(form.email):
        return False
    log.info("user %s invited user %s as %s", me().id, user.id, user.role)
    return True


def invite_by_mail(user):
    """The newest invitation alone works (threat model, rule 18)."""
    user.contact.code_version += 1
    session.flush()
    queue_mail("invitation", user.contact, f"code:{user.contact.code_version}")


def write(user, form):
    """What the form says of name, language, companies and work; companies of other administrators stay."""
    user.contact.name, user.contact.language = form.name.data, form.language.data
    if form.companies:
        chosen = [company for company in me().companies if company.id in form.companies.data]
        user.companies = [*elsewhere(user), *chosen]
        user.takes_tickets = form.takes_tickets.data


@bp.route("/users/<int:id>", methods=["GET", "POST"])
@administrators_only
def user(id):
    user = managed(id, selectinload(User.companies), selectinload(User.time_off))
    form = UserForm(user)
    if form.validate_on_submit() and change(user, form):
        flash(_("%(name)s is saved.", name=form.name.data), "success")
        return redirect(url_for(".users"), 303)
    return user_page(user, form, TimeOffForm(formdata=None)), 422 if form.is_submitted() else 200


def user_page(user, form, time_off):
    return render_template(
        "console/user.html", user=user, form=form, time_off=time_off, elsewhere=elsewhere(user), role_names=ROLE_NAMES
    )


def change(user, form) -> bool:
    """Bring the user to what the form says; False, with the reason at its field, when the rules refuse."""
    rights = user.role, user.active, {company.id for company in user.companies}
    field = form.active
    try:
        if user.active and not form.active.data:
            user.deactivate()
        user.active = form.active.data
        if form.role:
            field = form.role
            user.change_role(form.role.data)
    except LastAdministrator:
        session.rollback()
        refuse(
            field,
            _("The last administrator keeps this role and stays active: make somebody else an administrator first."),
        )
        return False
    write(user, form)
    if rights != (user.role, user.active, {company.id for company in user.companies}):
        user.end_logins()  # a change of rights renews the login cookie (threat model, rule 24)
        log.info("user %s changed the rights of user %s: %s, active %s", me().id, user.id, user.role, user.active)
    session.commit()
    if user is me() and user.active:
        login_user(user)
    return True


@bp.post("/users/<int:id>/invitation")
@administrators_only
@limiter.limit("20/hour")
def invite_again(id):
    user = managed(id)
    if user.password_hash or not user.internal:
        abort(404)
    invite_by_mail(user)
    session.commit()
    flash(_("A new invitation goes to %(email)s; earlier ones no longer work.", email=user.email), "success")
    return redirect(url_for(".user", id=id), 303)


@bp.post("/users/<int:id>/time-off")
@administrators_only
def add_time_off(id):
    user = managed(id, selectinload(User.companies), selectinload(User.time_off))
    form = TimeOffForm()
    if not form.validate_on_submit():
        return user_page(user, UserForm(user, formdata=None), form), 422
    session.add(form.time_off(user))
    session.commit()
    return redirect(url_for(".user", id=id, _anchor="time-off"), 303)


@bp.post("/users/<int:id>/time-off/<int:off>/removal")
@administrators_only
def remove_time_off(id, off):
    remove_entry(managed(id), off)
    return redirect(url_for(".user", id=id, _anchor="time-off"), 303)


def remove_entry(user, off: int):
    """Remove one time off of this user; nobody else's."""
    entry = (
        session.scalar(select(TimeOff).where(TimeOff.id == off, TimeOff.user_id == user.id)) if off < 2**31 else None
    )
    if entry is None:
        raise NotVisible
    session.delete(entry)
    session.commit()
