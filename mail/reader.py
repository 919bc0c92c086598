"""The worker's end of the reading child: hands over a mail, waits for its reading, replaces a child that is lost."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from models.outbox import in_english

from .child import LENGTH
from .reading import Reading, from_wire

ROOT = Path(__file__).resolve().parent.parent
WALL_SECONDS = 4.5  # a busy machine may take longer than the two seconds of CPU; none is waited for longer than this
MAILS = 2000  # read by one child; then a fresh one takes over, so that memory cannot grow
LARGEST_ANSWER = 200_000_000  # bytes
in_english("It has too many parts.")
TOO_LONG = in_english("It takes too long to read.")
MEMORY = in_english("It needs too much memory.")
DIED = in_english("Its reader died of it.")
in_english("It cannot be read:")


class CannotRead(Exception):
    """This mail has no reading; the words say why, in English."""


class HeldUp(Exception):
    """The child did not come to an end in time, nor used up its own: the machine is busy, the mail is not to blame."""


class Reader:
    """Reads mails in a child. As a context it ends the child."""

    def __init__(self, **settings):
        self.settings, self.process, self.left = json.dumps(settings), None, 0
        self.answer = bytearray()  # what came of it and was not taken yet

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.end()

    def read(self, raw: bytes, sender: str | None) -> Reading:
        """The reading of this mail; raises CannotRead or HeldUp."""
        if self.process is None or self.left <= 0 or self.process.poll() is not None:
            self.end()
            self._start()
        self.left -= 1
        self.until = time.monotonic() + WALL_SECONDS
        about = json.dumps({"sender": sender}).encode()
        try:
            self._write(b"".join((LENGTH.pack(len(raw)), LENGTH.pack(len(about)), about, raw)))
            size = LENGTH.unpack(self._take(LENGTH.size))[0]
            said = json.loads(self._take(size))
            if "error" in said:
                raise CannotRead(said["error"])
            return from_wire(said, self._take)
        except CannotRead as reason:
            if str(reason) == MEMORY:
                self.end()
            raise
        except HeldUp:
            self.end()
            raise
        except (OSError, EOFError, ValueError, TypeError, KeyError):
            reason = self._last_words()
            self.end()
            raise CannotRead(reason) from None

    def _start(self):
        clean = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mail.child", self.settings], cwd=ROOT, env=clean, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)
        self.left, self.answer = MAILS, bytearray()

    def _write(self, content: bytes):
        view = memoryview(content)
        while view:
            try:
                view = view[os.write(self.process.stdin.fileno(), view) :]
            except BlockingIOError:
                self._wait(self.process.stdin, select.POLLOUT)

    def _take(self, size: int) -> bytes:
        """The next bytes of the answer; what comes along with them is kept for the next call."""
        if size > LARGEST_ANSWER:
            raise ValueError
        while len(self.answer) < size:
            self._wait(self.process.stdout, select.POLLIN)
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise EOFError
            self.answer += chunk
        found = bytes(self.answer[:size])
        del self.answer[:size]
        return found

    def _wait(self, pipe, event):
        waiting = select.poll()
        waiting.register(pipe, event)
        if not waiting.poll(max(0.0, self.until - time.monotonic()) * 1000):
            raise HeldUp

    def _last_words(self) -> str:
        try:
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return DIED
        return TOO_LONG if code == -signal.SIGPROF else DIED

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                pipe.close()
        self.process = None
