"""The Flask extensions both doors share; the database's own are in models.base."""

import ipaddress

from flask import request
from flask_babel import Babel
from flask_babel.speaklater import LazyString
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from markupsafe import Markup, escape


def network() -> str:
    """Whom a rate limit counts: an IPv4 address, or the /64 that one IPv6 household or server gets."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


babel = Babel()
csrf = CSRFProtect()
login_manager = LoginManager()
limiter = Limiter(key_func=network, swallow_errors=True, in_memory_fallback_enabled=True)


def limiter_storage(url: str | None) -> tuple[str, dict]:
    """Where rate limits are counted, and how long a page waits for it: never longer than it can bear."""
    if not url:
        return "memory://", {}
    if url.startswith("unix:"):
        url = "redis+" + url
    return url, {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}


def _html_of_lazy(words) -> Markup:
    """A lazy sentence may have somebody's words in it: on a page it is text, as any other."""
    return escape(str(words))


LazyString.__html__ = _html_of_lazy  # Flask-Babel's own calls it HTML that is safe (threat model, rule 37)
