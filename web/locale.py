"""Which language and which time zone the reader gets."""

from functools import lru_cache
from pathlib import Path

from flask import current_app, g, has_request_context, request
from flask_babel import get_locale, get_timezone, get_translations
from flask_babel.speaklater import LazyString
from flask_login import current_user
from jinja2 import pass_eval_context
from markupsafe import Markup

from .extensions import babel

LANGUAGES = {"en": "English", "fr": "Français"}
COOKIE = "lang"


def choose_locale() -> str:
    """The language of the signed-in user, else the one chosen here before, else the browser's, else English."""
    if not has_request_context():
        return "en"
    user = None if g.get("without_database") else current_user
    wanted = user.contact.language if user and user.is_authenticated else request.cookies.get(COOKIE)
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES, default="en")


def choose_timezone() -> str:
    """The zone of ``g.timezone`` where a page set it, else of the user's company, else TIMEZONE of the settings."""
    if not has_request_context():
        return "UTC"
    if zone := g.get("timezone"):
        return zone
    default = current_app.config.get("TIMEZONE") or "UTC"
    if g.get("without_database") or not current_user.is_authenticated or not current_user.internal:
        return default
    companies = current_user.companies
    return companies[0].timezone if companies else default


def language() -> str:
    """The code of the language in force. A page asks for it a hundred times: what is known already is taken."""
    try:
        return g._get_current_object()._flask_babel.babel_locale.language
    except (AttributeError, RuntimeError):
        locale = get_locale()
        return locale.language if locale else "en"


def reader() -> tuple:
    """The reader's time zone and language, in one look."""
    try:
        known = g._get_current_object()._flask_babel
        return known.babel_tzinfo, known.babel_locale.language
    except (AttributeError, RuntimeError):
        return get_timezone(), language()


@lru_cache(maxsize=4096)
def _said(words: str, language: str) -> str:
    return get_translations().ugettext(words)


def gettext(words: str, /, **values) -> str:
    """As Flask-Babel's, which looks the catalogue up each time: for what a page says of each of its rows."""
    return _said(words, language()) % values if values else _said(words, language())


def lazy_gettext(words: str, /, **values) -> LazyString:
    """As Flask-Babel's, said by ``gettext`` above: for labels of forms and names that every page shows dozens of."""
    return LazyString(gettext, words, **values)


@lru_cache(maxsize=4096)
def _finished(words: str, language: str, escaped: bool) -> str:
    """A sentence without placeholders, in the type that templates put out as it is."""
    return (Markup(_said(words, language)) if escaped else _said(words, language)) % {}  # noqa: S704 - our own words


@pass_eval_context
def _say(context, words: str, /, **values) -> str:
    """What ``_`` is in templates: as Jinja's own, in one step."""
    if not values:
        return _finished(words, language(), context.autoescape)
    said = _said(words, language())
    return (Markup(said) if context.autoescape else said) % values  # noqa: S704 - our own words, escaped values


@lru_cache(maxsize=4096)
def _counted(one: str, many: str, count: int, language: str) -> str:
    return get_translations().ungettext(one, many, count)


def _faster(env):
    """Templates say the same few hundred sentences on every page: look each up in the catalogue once."""
    env.install_gettext_callables(
        lambda words: _said(words, language()),
        lambda one, many, count: _counted(one, many, count, language()),
        newstyle=True,
    )
    env.globals["_"] = _say


def init_app(app):
    translations = Path(__file__).parent.parent / "translations"
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(translations))
    babel.init_app(app, locale_selector=choose_locale, timezone_selector=choose_timezone)
    _faster(app.jinja_env)
