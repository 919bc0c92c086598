"""Where to go next, when the request says so: only to a page of ours (threat model, rule 22)."""

from urllib.parse import urlsplit

from flask import request


def is_local(target: str | None) -> bool:
    """Whether the target is a path on this server. Browsers read a backslash as a slash and skip control characters."""
    if not target or not target.startswith("/") or "\\" in target or any(ord(c) < 32 or ord(c) == 127 for c in target):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and not target.startswith("//")


def safe_next(default: str) -> str:
    """The path in ?next= or the field ``next`` if it is one of ours, else ``default``."""
    target = request.values.get("next")
    return target if is_local(target) else default


def here() -> str:
    """This page's own path, to come back to; for an address that only takes POSTs, the page it was posted from."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    referrer = urlsplit(request.referrer or "")
    path = referrer.path + (f"?{referrer.query}" if referrer.query else "")
    return path if referrer.netloc == request.host and is_local(path) else f"{request.script_root}/"
