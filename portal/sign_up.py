"""A login by proof of the mailbox: sign-up, a new password, and the answer to an invitation.

Asking mails a code; opening it shows a form; only sending that form changes something (threat model, rule 11).
"""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from models.base import now, session
from models.links import contact_of_code
from models.outbox import queue_mail
from models.people import Contact, User
from web.locale import language

from . import anyone, bp, throttle
from .fields import check_password, not_ours
from .forms import EmailForm, NewPasswordForm, SignUpForm
from .sign_in import home, let_in


@bp.get("/signup")
@anyone
def signup():
    code = request.args.get("code")
    if code is None:
        return ask("signup", EmailForm(formdata=None))
    contact = newcomer(code)
    if contact is None:
        return dead("signup")
    return choose_signup(SignUpForm(formdata=None, code=code, name=contact.name), contact)


@bp.post("/signup")
@throttle.mails
@anyone
def sign_up():
    """With a code make the login, without one mail a code."""
    if not request.form.get("code"):
        return mail_code("signup")
    form = SignUpForm()
    contact = newcomer(form.code.data)
    if contact is None:
        return dead("signup")
    if not form.validate() or not check_password(form.password, contact.email):
        return choose_signup(form, contact), 422
    try:
        user = User(contact=contact, role="portal", takes_tickets=False)
        user.set_password(form.password.data)
        contact.name = form.name.data
        session.add(user)
        session.commit()
    except IntegrityError:  # sent twice at the same moment: the other one made the login
        session.rollback()
        return dead("signup")
    let_in(user)
    flash(_("Welcome. From now on you find your tickets here."), "success")
    return redirect(url_for(".my_tickets"), 303)


@bp.get("/reset")
@anyone
def reset():
    code = request.args.get("code")
    if code is None:
        return ask("reset", EmailForm(formdata=None))
    user = forgetful(code)
    return choose_password(NewPasswordForm(formdata=None, code=code), user) if user else dead("reset")


@bp.post("/reset")
@throttle.mails
@anyone
def set_anew():
    """With a code set the password, which ends every other login; without one mail a code."""
    if not request.form.get("code"):
        return mail_code("reset")
    form = NewPasswordForm()
    user = forgetful(form.code.data)
    if user is None:
        return dead("reset")
    if not form.validate() or not check_password(form.password, user.email):
        return choose_password(form, user), 422
    user.set_password(form.password.data)
    user.contact.code_version += 1
    session.commit()
    let_in(user)
    flash(_("Your new password is set. You are signed in here, and signed out everywhere else."), "success")
    return redirect(home(), 303)


def newcomer(code: str) -> Contact | None:
    """Whose mailbox the code proves, as long as there is no login for it."""
    contact = contact_of_code(code, "signup")
    return contact if contact and contact.user is None else None


def forgetful(code: str) -> User | None:
    """Who may choose a password by this code: of a reset, or of an invitation."""
    contact = contact_of_code(code, "reset") or contact_of_code(code, "invitation")
    user = contact and contact.user
    return user if user and user.active else None


def mail_code(purpose: str):
    """Answer alike for every address, in words and in time (threat model, rule 26)."""
    form = EmailForm()
    if form.validate():
        _refuse_our_own(form)
    if form.errors:
        return ask(purpose, form), 422
    with throttle.same_time():
        {"signup": invite, "reset": remind}[purpose](form.email.data)
        session.commit()
    return render_template("portal/code_sent.html", purpose=purpose, email=form.email.data)


def _refuse_our_own(form):
    try:
        not_ours(form, form.email)
    except ValueError as error:
        form.email.errors = [str(error)]


def invite(email: str):
    """Mail the way to a login; the holder of one is told so instead. The newest code alone works."""
    contact = Contact.get_or_create(email, language=language())
    if contact.user is None:
        contact.code_version += 1
    queue_mail("signup", contact, f"signup:{now():%Y%m%d%H%M%S}")


def remind(email: str):
    """Mail the way to a new password, if there is a login to this address. The newest code alone works."""
    user = User.by_email(email)
    if user and user.active:
        user.contact.code_version += 1
        queue_mail("reset", user.contact, f"reset:{user.contact.code_version}")


def ask(purpose: str, form: EmailForm) -> str:
    return render_template("portal/ask_code.html", purpose=purpose, form=form)


def dead(purpose: str):
    """A code that is wrong, old or used: one page for all of them."""
    session.rollback()
    return render_template("portal/code_dead.html", purpose=purpose, form=EmailForm(formdata=None)), 410


def choose_signup(form: SignUpForm, contact: Contact) -> str:
    return render_template("portal/signup.html", form=form, email=contact.email)


def choose_password(form: NewPasswordForm, user: User) -> str:
    return render_template("portal/new_password.html", form=form, user=user)


@throttle.shows_again("portal.sign_up")
def show_signup_again():
    return _wait("signup")


@throttle.shows_again("portal.set_anew")
def show_reset_again():
    return _wait("reset")


def _wait(purpose: str) -> str:
    form = EmailForm()
    form.email.errors = [_("You asked often in a short time. Please wait some minutes.")]
    return ask(purpose, form)
