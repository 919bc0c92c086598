"""The way to an SMS gateway: any address that apprise knows, in which {phone} stands for the number (R-MAIL-5).

SMS_URL is twilio://SID:TOKEN@FROM/{phone}, vonage://KEY:SECRET@FROM/{phone}, or json://host/path?:to={phone} for a
gateway of one's own. Some gateways tell their balance.
"""

import ast
import json
import logging
import re
from urllib.parse import quote, unquote, urlsplit

import requests

from models.outbox import in_english

from .envelope import Dropped, NotTaken, Refused, Unreachable, Withheld
from .headers import one_line

PHONE = "{phone}"
ANSWER_SECONDS = 10  # how long a gateway may think about one SMS, unless its address says otherwise (rto=)
PATIENCE_SECONDS = 20  # in all, for an answer that comes in drops
BALANCE_SECONDS = 5
ITS_OWN_FAULT = (400, 406, 413, 422)  # of this SMS; any other refusal concerns all of them
LATER = (408, 425, 429)
CREDIT = re.compile(r"credit|balance|fund|quota|crédit|solde|guthaben|saldo", re.IGNORECASE)
# It was certainly not taken: the gateway was not reached at all.
NEVER_REACHED = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|ProxyError|No route to host"
)
NOT_REACHED = in_english("The SMS gateway cannot be reached.")
NO_ANSWER = in_english("The SMS gateway did not say whether it took the SMS: perhaps it was sent.")
NO_CREDIT = in_english("The SMS gateway gives no more credit:")
REFUSED = in_english("The SMS gateway refuses:")
LATER_WORDS = in_english("The SMS gateway takes nothing at the moment:")
UNKNOWN_GATEWAY = in_english("SMS_URL names no gateway that Guichet knows.")
_DETAILS = re.compile(r"Response Details:\s*(.*)", re.DOTALL)
_NUMBERS = re.compile(r"\+?\d(?:[\d ().-]{5,}\d)")
BALANCES = {
    # scheme: the address that tells it, and how its answer reads (amount, currency)
    "twilio": (
        "https://api.twilio.com/2010-04-01/Accounts/{user}/Balance.json",
        lambda said: (said["balance"], said["currency"]),
    ),
    "vonage": ("https://rest.nexmo.com/account/get-balance", lambda said: (said["value"], "EUR")),
}
BALANCES["nexmo"] = BALANCES["vonage"]


class Gateway:
    """An SMS gateway by its address."""

    def __init__(self, url: str):
        self.url = url

    @property
    def name(self) -> str:
        return urlsplit(self.url).scheme

    def known(self) -> bool:
        """Whether apprise finds a gateway behind the address."""
        return self._speaker("+33123456789") is not None

    def post(self, phone: str, text: str):
        """Hand over one SMS; raises one of envelope's NotTaken where it was not, or perhaps not, taken."""
        speaker = self._speaker(phone)
        if speaker is None:
            raise Withheld(UNKNOWN_GATEWAY)
        result = speaker.notify(body=text, timeout=PATIENCE_SECONDS, log_level=logging.DEBUG)
        if not result:
            raise verdict([entry.message for entry in result.logs()])

    def balance(self) -> tuple[float, str] | None:
        """Amount and currency, or None where this gateway tells none, or not now."""
        if self.name not in BALANCES:
            return None
        address, read = BALANCES[self.name]
        parts = urlsplit(self.url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        try:
            answer = requests.get(address.format(user=quote(user)), auth=(user, password), timeout=BALANCE_SECONDS)
            answer.raise_for_status()
            amount, currency = read(answer.json())
            return float(amount), str(currency)[:3]
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return None

    def _speaker(self, phone):
        """Apprise with this gateway and this number; None where it knows no such gateway."""
        import apprise  # only where SMS are sent: it brings a hundred gateways along

        _keep_quiet()
        url = self.url.replace(PHONE, quote(phone, safe=""))
        if "rto=" not in url:
            url += f"{'&' if '?' in url else '?'}rto={ANSWER_SECONDS}"
        speaker = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Guichet", async_mode=False))
        return speaker if speaker.add(url) else None


def verdict(said: list[str]) -> NotTaken:
    """What became of an SMS, from what apprise says about it; numbers are left out (threat model, rule 17)."""
    told = "\n".join(said)
    code = re.search(r"\berror=(\d{3})\b", told)
    if code is None:
        return Unreachable(NOT_REACHED) if NEVER_REACHED.search(told) else Dropped(NO_ANSWER)
    status, answer = int(code[1]), _answer(said)
    words = one_line(f"{status} {_NUMBERS.sub('…', answer)}", 300)
    if status == 402 or (400 <= status < 500 and CREDIT.search(answer)):
        return Withheld(f"{NO_CREDIT} {words}")
    if status >= 500 or status in LATER:
        return Unreachable(f"{LATER_WORDS} {words}")
    if status in ITS_OWN_FAULT:
        return Refused(f"{REFUSED} {words}", permanent=True)
    return Withheld(f"{REFUSED} {words}")


def _answer(said: list[str]) -> str:
    """The gateway's own words: the sentence of a JSON answer, else the beginning of a short one."""
    written = next(filter(None, map(_DETAILS.match, said)), None)
    text = _unquoted(written[1])[:2000] if written else ""
    try:
        values = json.loads(text)
        names = ("message", "error", "detail", "description", "title", "error-text")
        return next((str(values[name]) for name in names if values.get(name)), "")
    except (ValueError, AttributeError):
        return "" if "<" in text else text[:200]


def _unquoted(written: str) -> str:
    """An answer as it came; apprise writes down most of them as Python would."""
    try:
        answer = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)


def _keep_quiet():
    """Apprise names numbers and texts in its log: we listen to it, nobody else does (threat model, rule 17)."""
    speaks = logging.getLogger("apprise")
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # it would tell the addresses that it asks
    if speaks.propagate:
        speaks.propagate = False
        speaks.addHandler(logging.NullHandler())
        speaks.setLevel(logging.DEBUG)  # the answers of gateways are told at this level alone
