"""One's own account in the console: name, language, password, time off, and signing out everywhere."""

import logging

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from models import session
from models.phone import readable_phone
from web.extensions import limiter

from . import bp, me
from .choices import LANGUAGE_CHOICES, NEEDED, phone_number, strong_password, trim
from .people import TimeOffForm
from .users import remove_entry

log = logging.getLogger(__name__)


class AccountForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(NEEDED), Length(max=120)], [trim])
    language = SelectField(_l("Language"), choices=LANGUAGE_CHOICES)
    phone = StringField(
        _l("Phone"),
        [Length(max=40), phone_number],
        [trim],
        description=_l("With the country's code, such as +33 1 23 45 67 89."),
    )


class PasswordForm(FlaskForm):
    current_password = PasswordField(_l("Current password"), [DataRequired(NEEDED), Length(max=1024)])
    new_password = PasswordField(
        _l("New password"), [DataRequired(NEEDED), strong_password], description=_l("At least 8 characters.")
    )

    def validate_current_password(self, field):
        if field.data and not me().check_password(field.data):
            raise ValidationError(_("This is not your password."))


def account_page(account=None, password=None, time_off=None):
    contact = me().contact
    data = {
        "name": contact.name,
        "language": contact.language,
        "phone": contact.phone and readable_phone(contact.phone),
    }
    return render_template(
        "console/account.html", user=me(),
        account=account or AccountForm(data=data, formdata=None),
        password=password or PasswordForm(formdata=None),
        time_off=time_off or TimeOffForm(formdata=None),
    )  # fmt: skip


@bp.get("/account")
def account():
    return account_page()


@bp.post("/account")
def change_account():
    form = AccountForm()
    if not form.validate_on_submit():
        return account_page(account=form), 422
    contact = me().contact
    contact.name, contact.language, contact.phone = form.name.data, form.language.data, form.phone.data or None
    session.commit()
    flash(_("Your account is saved."), "success")
    return redirect(url_for(".account"), 303)


@bp.post("/account/password")
@limiter.limit("10/15 minutes", key_func=lambda: str(me().id))
def change_password():
    form = PasswordForm()
    if not form.validate_on_submit():
        return account_page(password=form), 422
    me().set_password(form.new_password.data)
    session.commit()
    login_user(me())
    log.info("user %s changed the password", me().id)
    flash(_("Your password is changed. Everywhere else you are signed out."), "success")
    return redirect(url_for(".account"), 303)


@bp.post("/account/time-off")
def add_own_time_off():
    form = TimeOffForm()
    if not form.validate_on_submit():
        return account_page(time_off=form), 422
    session.add(form.time_off(me()))
    session.commit()
    return redirect(url_for(".account", _anchor="time-off"), 303)


@bp.post("/account/time-off/<int:off>/removal")
def remove_own_time_off(off):
    remove_entry(me(), off)
    return redirect(url_for(".account", _anchor="time-off"), 303)


@bp.post("/account/sign-out-everywhere")
def sign_out_everywhere():
    """End every login of this user, this one as well."""
    me().end_logins()
    session.commit()
    log.info("user %s signed out everywhere", me().id)
    logout_user()
    flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("portal.login"), 303)
