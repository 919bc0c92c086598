"""create_app(): configuration, extensions, the two blueprints."""

import logging
import os
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

import cli
import config
import console
import models
import portal
import web
from models.base import db, end_reading, engine_options
from web import queue

ROOT = Path(__file__).resolve().parent


def create_app(settings: dict | None = None) -> Flask:
    """The WSGI app. ``settings`` are laid over those of the environment (config.py names them all)."""
    settings = settings or {}
    app = Flask("guichet", root_path=str(ROOT / "web"))
    places = {name: settings[name] for name in ("DATA_DIR", "DATABASE_URL") if name in settings}
    app.config.update(config.load({**os.environ, **places}))
    app.config.update(settings)
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", engine_options(app.config["SQLALCHEMY_DATABASE_URI"]))
    speak(app.config["LOG_LEVEL"])
    db.init_app(app)
    app.teardown_appcontext(end_reading)  # before the session is removed: the last one named is called first
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    queue.init_app(app)
    web.init_app(app)
    app.register_blueprint(portal.bp)
    app.register_blueprint(console.bp)
    cli.init_app(app)
    return app


class OneLine(logging.Formatter):
    """A message stays on its line: what a visitor typed cannot pose as another entry (threat model, rule 73)."""

    def formatMessage(self, record):
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in super().formatMessage(record))


def speak(level: str):
    """Log to standard error, once, whoever made the app."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("rq", "alembic", "flask_limiter", "flask-limiter"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


__all__ = ["create_app", "models"]
