"""Static files: addressed by their content, kept by browsers for a year, sent compressed."""

import gzip
import hashlib
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import Response, current_app, g, request, send_from_directory
from markupsafe import Markup

FOLDER = Path(__file__).parent / "static"
COMPRESSED = {".css", ".js", ".svg"}
FOR_EVER = "public, max-age=31536000, immutable"


def _stamp(filename: str) -> tuple[int, int] | None:
    try:
        stat = (FOLDER / filename).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


@cache
def _digest(filename: str, stamp) -> str:
    return hashlib.sha256((FOLDER / filename).read_bytes()).hexdigest()[:12]


@cache
def _settled(filename: str) -> str | None:
    """The version of a file that doesn't change while the server runs; None if there is none."""
    stamp = _stamp(filename)
    return stamp and _digest(filename, stamp)


def version(filename: str) -> str | None:
    """What stands after ?v=; a vendored file has its version in its path instead."""
    if filename.startswith("vendor/"):
        return None
    if current_app.debug:
        stamp = _stamp(filename)
        return stamp and _digest(filename, stamp)
    return _settled(filename)


def url_for(endpoint: str, **values) -> str:
    """What templates call: as Flask's own, quicker for the static files that every page names several of."""
    if endpoint == "static" and len(values) == 1:
        v = version(values["filename"])
        return f"{request.script_root}/static/{quote(values['filename'])}" + (f"?v={v}" if v else "")
    return current_app.url_for(endpoint, **values)


def icons_url() -> str:
    """The address of the icon sprite; asked for often, so made once a request and not by url_for."""
    here = g._get_current_object()
    if "icons_url" not in here:
        here.icons_url = f"{request.script_root}/static/icons.svg?v={version('icons.svg')}"
    return here.icons_url


@lru_cache(maxsize=1024)
def _icon(name: str, extra: str, sprite: str) -> Markup:
    words = Markup('<svg class="icon{}{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>')
    return words.format(" " if extra else "", extra, sprite, name)


def icon(name: str, extra="") -> Markup:
    """An outline icon of icons.svg, silent for screen readers. A page has dozens of them."""
    return _icon(str(name), extra, icons_url())


@cache
def _compressed(filename: str, stamp) -> bytes:
    return gzip.compress((FOLDER / filename).read_bytes(), 9, mtime=0)


def static(filename: str):
    response = send_from_directory(FOLDER, filename, conditional=True, etag=True)
    stamp = _stamp(filename)
    if request.args.get("v") or filename.startswith("vendor/"):
        response.headers["Cache-Control"] = FOR_EVER
    if response.status_code == 200 and Path(filename).suffix in COMPRESSED and stamp:
        response.vary.add("Accept-Encoding")
        if "gzip" in request.accept_encodings:
            return _as_gzip(response, filename, stamp)
    return response


def _as_gzip(plain: Response, filename: str, stamp) -> Response:
    plain.close()
    response = Response(_compressed(filename, stamp), headers=plain.headers)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.get_data()))
    if etag := plain.get_etag()[0]:
        response.set_etag(f"{etag}-gzip")
    return response


def init_app(app):
    if "static" in app.view_functions:
        app.view_functions["static"] = static
    else:
        app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static)

    @app.url_defaults
    def add_version(endpoint, values):
        if endpoint == "static" and "filename" in values and (v := version(values["filename"])):
            values.setdefault("v", v)

    app.jinja_env.globals.update(icons_url=icons_url, icon=icon, url_for=url_for)
