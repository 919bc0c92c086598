"""Guichet as it is run: real processes, a real mail server, and patience."""

import os
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import psutil
from aiosmtpd.controller import Controller

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = re.compile(
    r".*_URL|SECRET_KEY|DATA_DIR|HOST|PORT|MAIL_.*|LMTP_LISTEN|REPLY_MARK|AUTHSERV_ID|RECIPIENT_HEADER|SENDER_LIMIT|MAX_.*|TRUSTED_.*|WEB_.*|LANGUAGE|TIMEZONE"
)


def free_port() -> int:
    """A port below those that the system lends to clients: none of them takes it while the server there starts anew,
    not even one that tries to reach it, which can end up connected to itself."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(20_000, 32_000)
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


def until(condition, seconds=20, every=0.05):
    """What ``condition`` returns once it is true; fails the test when that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {condition}")


class Served:
    """One run of bin/serve."""

    def __init__(self, folder: Path, *arguments, **settings):
        self.port, self.log = free_port(), folder / "log"
        clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
        self.environ = {**clean, "DATA_DIR": str(folder / "data"), "PORT": str(self.port), **settings}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ROOT / "bin" / "serve", *arguments], env=self.environ, stdout=log, stderr=subprocess.STDOUT, cwd=folder
            )

    def ready(self):
        until(lambda: "Guichet is ready" in self.said() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path="/health/live") -> int | None:
        """The status of the answer, None when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def family(self) -> list[psutil.Process]:
        """Every process it runs, itself first."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def named(self, word: str) -> list[psutil.Process]:
        return [process for process in self.family()[1:] if word in command_line(process)]

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


def gone(processes) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@dataclass
class Mail:
    """One mail as the server took it: envelope recipient, Message-ID, and the whole."""

    to: str
    id: str
    message: object

    @property
    def text(self) -> str:
        return self.message.get_body(("plain",)).get_content()


class Postbox:
    """A real SMTP server on a free port that keeps what it is given, oldest first."""

    def __init__(self):
        self.mails: list[Mail] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.mails += [Mail(to, message["Message-ID"], message) for to in envelope.rcpt_tos]
        return "250 OK"

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *failure):
        self.controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}"

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == address]
