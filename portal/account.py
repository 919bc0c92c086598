"""My Account: who I am, how we reach me, my password."""

from flask import flash, redirect, render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from models.base import session
from models.people import verify

from . import bp, throttle
from .fields import check_password
from .forms import PasswordForm, ProfileForm
from .sign_in import let_in


@bp.get("/my/account")
def my_account():
    return show()


@bp.post("/my/account")
def change_account():
    form = ProfileForm()
    if not form.validate_on_submit():
        return show(profile=form), 422
    contact = current_user.contact
    contact.name, contact.language, contact.phone = form.name.data, form.language.data, form.phone.data or None
    session.commit()
    with force_locale(contact.language):
        flash(_("Your changes are saved."), "success")
    return redirect(url_for(".my_account"), 303)


@bp.post("/my/account/password")
@throttle.own_passwords
def change_password():
    """Set a new password; every other login ends (threat model, rule 24)."""
    form, user = PasswordForm(), current_user._get_current_object()
    if not form.validate_on_submit():
        return show(password=form), 422
    if not verify(user.password_hash, form.current.data):
        form.current.errors = [_("This is not your current password.")]
        return show(password=form), 422
    if not check_password(form.password, user.email):
        return show(password=form), 422
    user.set_password(form.password.data)
    session.commit()
    let_in(user)
    flash(_("Your new password is set. You are signed out everywhere else."), "success")
    return redirect(url_for(".my_account"), 303)


def show(profile=None, password=None) -> str:
    return render_template(
        "portal/my_account.html",
        profile=profile or ProfileForm(formdata=None, obj=current_user.contact),
        password=password or PasswordForm(formdata=None),
    )


@throttle.shows_again("portal.change_password")
def show_again():
    form = PasswordForm(formdata=None)
    form.current.errors = [_("That was wrong too often. Please wait some minutes.")]
    return show(password=form)
