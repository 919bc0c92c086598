"""Signing in and out, by an address and a password."""

import logging

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from models.base import session
from models.people import User, verify
from web.redirects import is_local, safe_next

from . import anyone, bp, throttle
from .forms import LoginForm

log = logging.getLogger(__name__)


@bp.get("/login")
@anyone
def login():
    if current_user.is_authenticated:
        return redirect(safe_next(home()), 303)
    return show(LoginForm(formdata=None))


@bp.post("/login")
@throttle.passwords
@anyone
def sign_in():
    """Let in whoever knows the password; wrong address and wrong password are one answer (threat model, rule 26)."""
    form = LoginForm()
    if not form.validate_on_submit():
        return show(form), 422
    user = User.by_email(form.email.data)
    known = user.password_hash if user and user.active else None
    session.rollback()  # comparing takes a while: hold no lock meanwhile
    if not verify(known, form.password.data):
        log.info("sign-in refused for %s", throttle.account())
        form.password.errors = [_("The address or the password is wrong.")]
        return show(form), 422
    let_in(user)
    return redirect(safe_next(home()), 303)


@bp.post("/logout")
@anyone
def logout():
    """End the login on the server too: a copied cookie is worth nothing from now on (threat model, rule 24)."""
    if current_user.is_authenticated:
        current_user.end_logins()
        session.commit()
    logout_user()
    cookie.clear()
    flash(_("You are signed out."), "success")
    return redirect(url_for(".start"), 303)


def let_in(user: User):
    """Sign the user in, with a cookie that has nothing of the one before (threat model, rule 24)."""
    cookie.clear()
    login_user(user)
    log.info("sign-in of user %s", user.id)


def home() -> str:
    """Where somebody goes who did not say where: customers to their tickets, internal users to the console."""
    internal = current_user.is_authenticated and current_user.internal
    return f"{request.script_root}/console/" if internal else url_for(".my_tickets")


def show(form: LoginForm) -> str:
    target = request.values.get("next")
    return render_template("portal/login.html", form=form, next=target if is_local(target) else None)


@throttle.shows_again("portal.sign_in")
def show_again():
    form = LoginForm()
    form.password.errors = [_("That was wrong too often. Please wait some minutes, or choose a new password.")]
    return show(form)
