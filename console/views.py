"""Saved views: a list under a name, for oneself or for one's company (R-VIS-8)."""

from urllib.parse import parse_qsl

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from models import SavedView, session
from models.filters import Filters
from models.saved_view import TooManyViews, view_of
from web.redirects import safe_next

from . import bp, me
from .choices import trim


class ViewForm(FlaskForm):
    name = StringField(_l("Name"), [DataRequired(_l("Give the view a name.")), Length(max=60)], filters=[trim])
    company = SelectField(_l("Who sees it"), coerce=int, default=0)

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        shares = [(company.id, _("Everybody at %(company)s", company=company.name)) for company in me().companies]
        self.company.choices = [(0, _("I alone")), *shares]

    @property
    def shared_with(self):
        return next((company for company in me().companies if company.id == self.company.data), None)


@bp.post("/views")
def save_view():
    """``words`` is the address of the list that is given this ``name``."""
    form, words = ViewForm(), request.form.get("words", "")
    if not form.validate_on_submit():
        return render_template("console/view.html", form=form, view=None, words=words), 422
    try:
        view = SavedView.save(me(), form.name.data, _asked(words), form.shared_with)
        session.commit()
    except TooManyViews:
        session.rollback()
        flash(_("You have many views already: delete one first."), "warning")
        return redirect(safe_next(url_for(".tickets")), 303)
    flash(_("The view %(name)s is saved.", name=view.name), "success")
    return redirect(url_for(".tickets", **view.words, view=view.id), 303)


@bp.route("/views/<int:id>", methods=["GET", "POST"])
def view(id):
    """Its name and who sees it; with ``words`` and nothing else, what it shows."""
    view = _mine(id)
    if request.method == "POST" and "words" in request.form and "name" not in request.form:
        view.ask_for(_asked(request.form["words"]))
        session.commit()
        flash(_("The view %(name)s is saved.", name=view.name), "success")
        return redirect(url_for(".tickets", **view.words, view=view.id), 303)
    form = ViewForm(name=view.name, company=view.company_id or 0)
    if form.validate_on_submit():
        view.name, view.company = form.name.data, form.shared_with
        session.commit()
        return redirect(url_for(".tickets", **view.words, view=view.id), 303)
    return render_template("console/view.html", form=form, view=view), 422 if form.errors else 200


@bp.post("/views/<int:id>/removal")
def delete_view(id):
    view = _mine(id)
    session.delete(view)
    session.commit()
    flash(_("The view %(name)s is deleted.", name=view.name), "success")
    return redirect(url_for(".tickets"), 303)


def _mine(id) -> SavedView:
    """One that I may change; 403 for what somebody else shared with me."""
    view = view_of(me(), id)
    return view if view.may_be_changed_by(me()) else abort(403)


def _asked(words: str) -> Filters:
    return Filters.read(dict(parse_qsl(words[:4000])))
