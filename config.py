"""Every setting: its default, its unit, and what it changes. All come from the environment.

====================  ========================  ======================================================================
DATA_DIR              var/                      the folder of all that Guichet keeps (relative to the program)
DATABASE_URL          SQLite under DATA_DIR     sqlite:///…, or postgresql://user:password@host/name
REDIS_URL             embedded Valkey           redis://…, rediss://… or unix://…: the doorbell of the worker
SECRET_KEY            made once under DATA_DIR  signs cookies and links; several, separated by commas: the first
                                                signs, the others still verify (at least 32 characters each)
HOST                  127.0.0.1                 the address where the web server listens
PORT                  8000                      its port
BASE_URL              http://127.0.0.1:PORT     the address people use; links in mail begin with it
TRUSTED_PROXIES       none                      networks of reverse proxies whose X-Forwarded headers are believed
TRUSTED_MONITORS      127.0.0.1, ::1            networks that may read /metrics, separated by commas
WEB_WORKERS           2                         web server processes, of WEB_THREADS threads each
WEB_THREADS           4                         threads of each web server process
MAIL_URL              files: DATA_DIR/mail      smtp://user:password@host:587?tls=1, or smtps://…
MAIL_FROM             guichet@MAIL_DOMAIN       sender of mail that belongs to no team
MAIL_DOMAIN           host of BASE_URL          new teams get the address <slug>@MAIL_DOMAIN
IMAP_URL              none                      mailbox to fetch mail from: imaps://user:password@host/INBOX
                                                (the user with %40 for @; ?to=address, whose mailbox it is)
LMTP_LISTEN           none                      host:port or path where a mail server delivers (LMTP, or SMTP)
REPLY_MARK            + where mail comes in     what stands between a team's name and the key of a reply address; none:
                                                replies are known by their thread alone, and nobody answers by mail
                                                as an agent
AUTHSERV_ID           none                      the name by which our own mail server signs Authentication-Results
RECIPIENT_HEADER      none                      the header in which our own mail server notes the recipient, as
                                                Delivered-To, for ways in that have no envelope (IMAP, a pipe)
MAX_MAIL_BYTES        70000000 bytes            a larger mail is refused, or set aside where it cannot be
SENDER_LIMIT          30 per hour               new tickets, and answers, of one sender by mail; what is
                                                more is kept in quarantine
SMS_URL               none                      the SMS gateway, as apprise names it, with {phone} for the number:
                                                twilio://SID:TOKEN@FROM/{phone}
ATTACHMENTS_URL       DATA_DIR/attachments      where attachments are kept
MAX_UPLOAD_BYTES      25000000 bytes            the most one form may send, files included
MAX_UPLOAD_FILES      10 files                  the most files of one form
MAX_ATTACHMENT_BYTES  20000000 bytes            the most one attached file may hold
FORM_LIMIT            600 per hour             the requests that one network may send through public forms
SESSION_DAYS          14 days                   a login ends after so long without use
HELPDESK_NAME         Guichet                   the name at the top of every page
TIMEZONE              UTC                       the time zone of pages that belong to no company
LANGUAGE              en                        the language when nobody says which: en or fr
LOG_LEVEL             INFO                      DEBUG, INFO, WARNING or ERROR
====================  ========================  ======================================================================
"""

import hashlib
import ipaddress
import os
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

import click
from limits import parse_many
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent
WEAK_WORDS = ("change", "secret", "password", "example", "default", "guichet", "insecure", "development", "qwerty")
KEY_CHARACTERS = 32
SOCKET_PATH_CHARACTERS = 100  # the kernel allows 108 on Linux, 104 on macOS


class ConfigError(click.ClickException):
    """A setting that cannot work, said in one line; the flask commands say it as it is."""


def load(environ=os.environ) -> dict:
    """All settings as Flask's configuration; raises ConfigError with one clear line for what cannot work."""
    data = data_folder(environ)
    port = whole(environ, "PORT", 8000, 1, 65535)
    base = base_url(environ, port)
    keys = secret_keys(environ, data)
    host = urlsplit(base).hostname
    domain = environ.get("MAIL_DOMAIN") or (host if "." in host and not is_address(host) else "localhost.localdomain")
    days = whole(environ, "SESSION_DAYS", 14, 1, 365)
    return {
        "DATA_DIR": str(data),
        "SECRET_KEY": keys[0],
        "SECRET_KEY_FALLBACKS": keys[1:],
        "SQLALCHEMY_DATABASE_URI": database_url(environ, data),
        "REDIS_URL": redis_url(environ, data),
        "EMBEDDED_QUEUE": not environ.get("REDIS_URL"),
        "HOST": environ.get("HOST") or "127.0.0.1",
        "PORT": port,
        "BASE_URL": base,
        "TRUSTED_PROXIES": networks(environ, "TRUSTED_PROXIES", ""),
        "TRUSTED_MONITORS": networks(environ, "TRUSTED_MONITORS", "127.0.0.1,::1"),
        "WEB_WORKERS": whole(environ, "WEB_WORKERS", 2, 1, 64),
        "WEB_THREADS": whole(environ, "WEB_THREADS", 4, 1, 64),
        "MAIL_URL": address(environ, "MAIL_URL", ("smtp", "smtps")),
        "MAIL_FROM": environ.get("MAIL_FROM") or f"guichet@{domain}",
        "MAIL_DOMAIN": domain,
        "IMAP_URL": address(environ, "IMAP_URL", ("imap", "imaps")),
        "IMAP_TO": imap_to(environ.get("IMAP_URL")),
        "LMTP_LISTEN": listening(environ, "LMTP_LISTEN"),
        "REPLY_MARK": reply_mark(environ),
        "AUTHSERV_ID": environ.get("AUTHSERV_ID") or "",
        "RECIPIENT_HEADER": environ.get("RECIPIENT_HEADER") or "",
        "MAX_MAIL_BYTES": whole(environ, "MAX_MAIL_BYTES", 70_000_000, 100_000, 500_000_000),
        "SENDER_LIMIT": rate(environ, "SENDER_LIMIT", "30 per hour"),
        "SMS_URL": sms_url(environ),
        "ATTACHMENTS_URL": environ.get("ATTACHMENTS_URL") or (data / "attachments").as_uri(),
        "MAX_CONTENT_LENGTH": whole(environ, "MAX_UPLOAD_BYTES", 25_000_000, 100_000, 2_000_000_000),
        "MAX_FORM_MEMORY_SIZE": 1_000_000,  # bytes of typed text in one form
        "MAX_FORM_PARTS": 200,
        "MAX_UPLOAD_FILES": whole(environ, "MAX_UPLOAD_FILES", 10, 0, 100),
        "MAX_ATTACHMENT_BYTES": whole(environ, "MAX_ATTACHMENT_BYTES", 20_000_000, 1_000, 2_000_000_000),
        "FORM_LIMIT": rate(environ, "FORM_LIMIT", "600 per hour"),
        "PERMANENT_SESSION_LIFETIME": timedelta(days=days, hours=1),  # prolonged once an hour (web/__init__.py)
        "REMEMBER_COOKIE_DURATION": timedelta(days=days),
        "HELPDESK_NAME": environ.get("HELPDESK_NAME") or "Guichet",
        "TIMEZONE": timezone(environ, "TIMEZONE", "UTC"),
        "BABEL_DEFAULT_LOCALE": one_of(environ, "LANGUAGE", "en", ("en", "fr")),
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        "LOG_LEVEL": one_of(environ, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    }


def data_folder(environ) -> Path:
    data = (ROOT / (environ.get("DATA_DIR") or "var")).expanduser().absolute()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"DATA_DIR: the folder {data} cannot be made: {error.strerror}.") from None
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"DATA_DIR: the folder {data} is not writable for this user.")
    return data


def secret_keys(environ, data: Path) -> list[str]:
    """The signing keys, the current one first. Without a setting, one is made and kept with mode 600."""
    if "SECRET_KEY" not in environ:
        return [kept_key(data / "secret_key")]
    keys = [key.strip() for key in environ["SECRET_KEY"].split(",") if key.strip()]
    if not keys:
        raise ConfigError("SECRET_KEY is empty: leave it out, or set at least 32 random characters.")
    for key in keys:
        if len(key) < KEY_CHARACTERS:
            raise ConfigError(f"SECRET_KEY is too short: {len(key)} characters, at least {KEY_CHARACTERS} are needed.")
        if len(set(key)) < 8 or any(key.lower().count(word) * len(word) * 2 >= len(key) for word in WEAK_WORDS):
            raise ConfigError("SECRET_KEY is easy to guess: set at least 32 random characters.")
    return keys


def kept_key(path: Path) -> str:
    """The key in this file, made at first use; of two processes that start at once, one makes it."""
    try:
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)  # fails where the other one was first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"SECRET_KEY: the file {path} cannot be used: {error.strerror}.") from None
    if len(key) < KEY_CHARACTERS:
        raise ConfigError(f"SECRET_KEY: the key in {path} is too short: remove the file, and a new one is made.")
    return key


def database_url(environ, data: Path) -> str:
    """DATABASE_URL as SQLAlchemy wants it: psycopg 3 for PostgreSQL, an absolute path for SQLite."""
    text = environ.get("DATABASE_URL") or f"sqlite:///{data / 'guichet.db'}"
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigError("DATABASE_URL is no address of a database: sqlite:///… or postgresql://… is.") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.drivername != "sqlite":
        raise ConfigError(f"DATABASE_URL names {url.drivername}: Guichet keeps its data in SQLite or PostgreSQL.")
    if not url.database or url.database == ":memory:":
        raise ConfigError("DATABASE_URL: SQLite needs a file, as in sqlite:////var/lib/guichet/guichet.db.")
    path = (ROOT / url.database).absolute()
    if not path.parent.is_dir():
        raise ConfigError(f"DATABASE_URL: the folder {path.parent} does not exist.")
    return url.set(database=str(path)).render_as_string(hide_password=False)


def redis_url(environ, data: Path) -> str:
    text = environ.get("REDIS_URL")
    if not text:
        return f"unix://{embedded_socket(data)}?db=0"
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ConfigError("REDIS_URL is no address of a Redis or Valkey: redis://host:6379/0 is.")
    return text


def embedded_socket(data: Path) -> Path:
    """Where the embedded Valkey listens: in a folder nobody else may enter (mode 700).

    A socket's path has a shortest of limits; under a deep DATA_DIR a folder beside other temporary ones serves.
    """
    path = data / "run" / "valkey.sock"
    if len(os.fsencode(path)) > SOCKET_PATH_CHARACTERS:
        name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"guichet-{os.getuid()}-{name}" / "valkey.sock"
    return path


def rate(environ, name: str, default: str) -> str:
    text = environ.get(name) or default
    try:
        parse_many(text)
    except ValueError:
        raise ConfigError(f"{name}: {text} is no rate: 600 per hour is.") from None
    return text


def base_url(environ, port: int) -> str:
    text = (environ.get("BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError("BASE_URL is no web address: https://help.example.org is.")
    return text


def address(environ, name: str, schemes: tuple[str, ...]) -> str | None:
    text = environ.get(name)
    if not text:
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in schemes and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{name} is no address of that kind: it begins with {schemes[0]}:// and names a host.")
    return text


def sms_url(environ) -> str | None:
    """Whether apprise knows the gateway, `flask doctor` says: to ask it takes too long for every start."""
    text = environ.get("SMS_URL")
    if text and ("://" not in text or "{phone}" not in text):
        raise ConfigError("SMS_URL names no gateway and number, as twilio://SID:TOKEN@FROM/{phone} does.")
    return text or None


def imap_to(url: str | None) -> str | None:
    """Whose mailbox it is, for mails that name none of our addresses: ?to=address, or the name one signs in with."""
    parts = urlsplit(url or "")
    found = parse_qs(parts.query).get("to", [unquote(parts.username or "")])[-1].lower()
    return found if "@" in found else None


def listening(environ, name: str) -> str | None:
    """A path, or host:port; an IPv6 address stands in brackets."""
    text = environ.get(name)
    if not text or text.startswith("/"):
        return text or None
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ConfigError(f"{name} must be a path or host:port, as 127.0.0.1:2424, not {text!r}.")
    return text


def reply_mark(environ) -> str:
    """What begins the key in a reply address; without a way in for mail, nobody would hear what is sent there."""
    text = environ.get("REPLY_MARK") or ("+" if environ.get("IMAP_URL") or environ.get("LMTP_LISTEN") else "none")
    if text not in ("+", "-", "=", "none"):
        raise ConfigError(f"REPLY_MARK must be +, -, = or none, not {text!r}.")
    return "" if text == "none" else text


def whole(environ, name: str, default: int, least: int, most: int) -> int:
    text = (environ.get(name) or str(default)).strip()
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ConfigError(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def one_of(environ, name: str, default: str, choices: tuple[str, ...]) -> str:
    text = environ.get(name) or default
    if text not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text


def networks(environ, name: str, default: str) -> list[str]:
    found = [part.strip() for part in (environ.get(name) or default).split(",") if part.strip()]
    for part in found:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ConfigError(f"{name}: {part!r} is no network address, as 127.0.0.1 or 10.0.0.0/8 are.") from None
    return found


def timezone(environ, name: str, default: str) -> str:
    text = environ.get(name) or default
    if text not in available_timezones():
        raise ConfigError(f"{name}: {text!r} is no time zone, as Europe/Paris is.")
    return text


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
