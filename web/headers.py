"""The headers of every answer (threat model, rules 16 and 28)."""

from flask import request, session

from .trust import behind_link

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
# What a view has set already (a file's sandbox, a page that may be kept) stands.
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def add_headers(response):
    secret = behind_link(request.path)
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Referrer-Policy", "no-referrer" if secret else "same-origin")
    if "Cache-Control" not in response.headers:
        keep_nothing = secret or "_user_id" in session or request.method not in ("GET", "HEAD")
        response.headers["Cache-Control"] = "no-store" if keep_nothing else "private, no-cache"
    if request.endpoint != "static":
        response.vary.add("HX-Request")
    return response


def init_app(app):
    app.after_request(add_headers)
    if app.config.get("BASE_URL", "").startswith("https://"):

        @app.after_request
        def only_under_tls(response):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
            return response
