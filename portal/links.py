"""Links that no longer work, and how to get a fresh one: by mail to the address on file alone (R-LINK-1)."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from models.base import now, session
from models.links import Link, LinkRefused, open_link
from models.outbox import queue_mail
from models.people import Contact
from models.ticket import Ticket

from . import anyone, bp, link_holder, throttle
from .forms import LinkForm


@bp.errorhandler(LinkRefused)
def refused(error):
    """One page for every link that shows nothing; a genuine one can be sent anew by a press of a button."""
    session.rollback()
    token = request.view_args["token"] if error.link else None
    page = render_template("portal/link_refused.html", token=token, form=LinkForm(formdata=None))
    return page, 410 if error.link else 404


@bp.post("/ticket/<token>/fresh")
@throttle.link_guesses
@throttle.writes
@link_holder
def fresh(token):
    """Mail a fresh link to the address on file, for a link that once worked."""
    try:
        link = open_link(token)
    except LinkRefused as error:
        if error.link is None:
            raise
        link = error.link
    if link.contact_id == link.ticket.customer_id:
        mail(link)
        session.commit()
    return redirect(url_for(".link_sent"), 303)


@bp.get("/links")
@anyone
def ask():
    return render_template("portal/links.html", form=LinkForm(formdata=None))


@bp.post("/links")
@throttle.mails
@anyone
def send():
    """Mail the link of a ticket to its customer; the answer is the same whether there is such a ticket or not."""
    form = LinkForm()
    if not form.validate_on_submit():
        return render_template("portal/links.html", form=form), 422
    with throttle.same_time():
        mine = select(Ticket).join(Ticket.customer).where(Ticket.id == form.number.data)
        if ticket := session.scalar(mine.where(Contact.email == form.email.data)):
            mail(ticket.link_for(ticket.customer))
        session.commit()
    return redirect(url_for(".link_sent"), 303)


@bp.get("/links/sent")
@anyone
def link_sent():
    return render_template("portal/link_sent.html")


def mail(link: Link):
    """Send the link, a new one in its place if it does not work any more; at most one a minute."""
    at = now()
    if not link.valid(at):
        link.renew(at)
    queue_mail("link", link.contact, f"link:{link.id}:{at:%Y%m%d%H%M}", ticket=link.ticket)


@throttle.shows_again("portal.send")
def show_again():
    form = LinkForm()
    form.email.errors = [_("You asked often in a short time. Please wait some minutes.")]
    return render_template("portal/links.html", form=form)
