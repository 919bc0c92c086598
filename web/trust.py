"""Which requests are believed: known hosts, configured proxies, same-site senders (threat model, rules 21 and 23)."""

import ipaddress
from urllib.parse import urlsplit

from flask import abort, request
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_FORWARDED",
)


def networks(setting) -> list:
    """Addresses and CIDR ranges of a setting, as networks."""
    return [ipaddress.ip_network(part, strict=False) for part in setting or ()]


def within(address: str | None, ranges: list) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in ranges)


def behind_proxies(wsgi_app, ranges: list):
    """Believe X-Forwarded-For, -Proto, -Host and -Prefix of these proxies, and drop what anybody else says."""
    believing = ProxyFix(wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)

    def application(environ, start_response):
        if within(environ.get("REMOTE_ADDR"), ranges):
            if hops := environ.get("HTTP_X_FORWARDED_FOR"):
                environ["HTTP_X_FORWARDED_FOR"] = first_stranger(hops, ranges)
            return believing(environ, start_response)
        dropped = [environ.pop(name) for name in FORWARDED if name in environ]
        environ["guichet.unknown_proxy"] = bool(dropped)
        return wsgi_app(environ, start_response)

    return application


def first_stranger(hops: str, ranges: list) -> str:
    """Seen from us, the first address that is no proxy of ours: what stands before it, anybody may have written."""
    addresses = [hop.strip() for hop in hops.split(",")]
    return next((address for address in reversed(addresses) if not within(address, ranges)), addresses[0])


def hosts(base_url: str) -> list[str]:
    """The names this server answers to: that of BASE_URL, and the machine itself."""
    name = urlsplit(base_url or "").hostname
    return [*({name} if name else ()), "localhost", "127.0.0.1", "[::1]"]


def host_is_unknown() -> bool:
    return isinstance(request.routing_exception, SecurityError)


def refuse_other_sites():
    """403 for an unsafe request that another site's page sent.

    Browsers say so in Sec-Fetch-Site, which no page can forge; older ones in Origin. A page that keeps its
    address to itself (``Referrer-Policy: no-referrer``) sends the Origin "null": from the pages behind a mailed
    link it is accepted, since their form carries its own token as well.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        if site not in ("same-origin", "none"):
            abort(403)
    elif origin == "null":
        if not behind_link(request.path):
            abort(403)
    elif origin and urlsplit(origin).netloc.lower() != request.host.lower():
        abort(403)


def behind_link(path: str) -> bool:
    """Whether the address itself carries a secret, or may."""
    return path.startswith("/ticket/") or path in ("/reset", "/signup")


def init_app(app):
    app.config["TRUSTED_HOSTS"] = app.config.get("TRUSTED_HOSTS") or hosts(app.config.get("BASE_URL", ""))
    app.wsgi_app = behind_proxies(app.wsgi_app, networks(app.config.get("TRUSTED_PROXIES")))
