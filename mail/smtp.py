"""The way to a mail server: one connection for many mails, made when the first one wants out.

MAIL_URL is smtp://user:password@host:587?tls=1 (STARTTLS, or no mail at all), smtps://… (TLS from the first byte) or
plain smtp://host:25. The server's certificate must be right; ``verify=0`` believes any, for a relay in one's own house.
"""

import contextlib
import smtplib
import ssl
from urllib.parse import parse_qs, unquote, urlsplit

from models.outbox import in_english

from .envelope import Dropped, Envelope, Refused, Unreachable
from .headers import one_line

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
PORTS = {"smtp": 25, "smtps": 465}
# "Sign in first" and its kin (RFC 4954): wrong settings of ours, not the mail's fault.
NOT_SIGNED_IN = (530, 534, 535, 538)
CLOSING = 421
BROKEN = in_english("The line to the mail server broke:")
NOT_REACHED = in_english("The mail server cannot be reached:")


class Server:
    """A mail server by its address; as a context it leaves politely."""

    def __init__(self, url: str, greeting: str | None = None):
        """``greeting`` is the name by which we introduce ourselves."""
        self.parts = urlsplit(url)
        self.options = {name: values[-1] for name, values in parse_qs(self.parts.query).items()}
        self.greeting = greeting
        self.line = None

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.line:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self.line.quit()
            self._hang_up()

    def greet(self):
        """Sign in, as before a mail; raises Unreachable."""
        self._connect()

    def post(self, envelope: Envelope):
        """Hand over one mail; raises Refused, Dropped or Unreachable where it was not, or perhaps not, taken."""
        refuse_control_characters(envelope)
        line = self.line or self._connect()
        try:
            line.sendmail(envelope.sender, [envelope.recipient], envelope.raw, self._options(line, envelope))
        except smtplib.SMTPRecipientsRefused as error:
            self._refused(*error.recipients[envelope.recipient])
        except smtplib.SMTPResponseException as error:
            self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise Dropped(f"{BROKEN} {said(error)}") from error

    def _options(self, line, envelope) -> list[str]:
        if envelope.sender.isascii() and envelope.recipient.isascii():
            return []
        if not line.has_extn("smtputf8"):
            raise Refused(in_english("The mail server takes no addresses beyond ASCII (SMTPUTF8)."), permanent=True)
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _refused(self, code: int, words: bytes | str):
        text = answer(code, words)
        if code in NOT_SIGNED_IN:
            raise Unreachable(text)
        if code == CLOSING or code < 0:
            self._hang_up()
            raise Dropped(text)
        raise Refused(text, permanent=code >= 500)

    def _connect(self) -> smtplib.SMTP:
        try:
            self.line = self._call()
            self.line.sock.settimeout(ANSWER_SECONDS)
            self._sign_in(self.line)
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            raise Unreachable(answer(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self._hang_up()
            raise Unreachable(f"{NOT_REACHED} {said(error)}") from error
        return self.line

    def _call(self) -> smtplib.SMTP:
        kind, port = self.parts.scheme, self.parts.port or PORTS[self.parts.scheme]
        settings = {"local_hostname": self.greeting, "timeout": CONNECT_SECONDS}
        if kind == "smtps":
            return smtplib.SMTP_SSL(self.parts.hostname, port, context=self._certificates(), **settings)
        return smtplib.SMTP(self.parts.hostname, port, **settings)

    def _sign_in(self, line):
        if self.parts.scheme == "smtp" and self.options.get("tls") == "1":
            line.starttls(context=self._certificates())  # raises where the server has none
        if self.parts.username:
            line.login(unquote(self.parts.username), unquote(self.parts.password or ""))
        line.ehlo_or_helo_if_needed()

    def _certificates(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.options.get("verify") == "0":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _hang_up(self):
        if self.line:
            self.line.close()
        self.line = None


def refuse_control_characters(envelope: Envelope):
    """Nothing in an address may become a command of its own (threat model, rule 55)."""
    for address in (envelope.sender, envelope.recipient):
        if not address.isprintable() or set(address) & set(" <>") or "@" not in address:
            raise Refused(f"{one_line(address, 80)!r} is no e-mail address.", permanent=True)


def answer(code: int, words: bytes | str) -> str:
    """The server's own words, on one line."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return one_line(f"{code} {text}", 500)


def said(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__, 300)
