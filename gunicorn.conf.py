"""The web server: bin/serve and the systemd unit start it alike, with the settings of config.py."""

import os
import re
import sys

from gunicorn import glogging
from gunicorn.http import message

from config import ConfigError, load
from tether import die_with_parent

try:
    settings = load()
except ConfigError as error:
    sys.exit(f"Guichet cannot start. {error}")

bind = [
    f"[{settings['HOST']}]:{settings['PORT']}" if ":" in settings["HOST"] else f"{settings['HOST']}:{settings['PORT']}"
]
worker_class = "gthread"
workers = settings["WEB_WORKERS"]
threads = settings["WEB_THREADS"]
timeout = 60
graceful_timeout = 15
keepalive = 5
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - only a heartbeat lives there
control_socket_disable = True
secure_scheme_headers = {}  # whose X-Forwarded-Proto is believed: web/trust.py decides
# A search of ten thousand characters, six bytes each, is answered by its page, not by a bare 414.
message.MAX_REQUEST_LINE = limit_request_line = 65_536
loglevel = "warning"
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'

LONGEST_LOGGED = 2000  # characters of one part of a line
# A token opens a ticket, a code opens an account: neither belongs into a log (threat model, rules 16 and 17).
TOKENS = re.compile(r"(/ticket/)[^/? ]+|([?&](?:code|token|password)=)[^& ]+")


class MaskedLogger(glogging.Logger):
    def access(self, resp, req, environ, request_time):
        if not environ.get("PATH_INFO", "").startswith("/health/"):  # asked every few seconds, and always answered
            super().access(resp, req, environ, request_time)

    def atoms(self, resp, req, environ, request_time):
        atoms = super().atoms(resp, req, environ, request_time)
        return {
            name: mask(value)[:LONGEST_LOGGED] if isinstance(value, str) else value for name, value in atoms.items()
        }


def mask(text: str) -> str:
    return TOKENS.sub(lambda found: (found[1] or found[2]) + "…", text)


logger_class = MaskedLogger


def post_fork(server, worker):
    die_with_parent(worker.ppid)


def post_worker_init(worker):
    from web.memory import keep_what_is_loaded  # loaded with the app, in the worker alone

    keep_what_is_loaded()
