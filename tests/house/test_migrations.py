"""The migrations make exactly the tables of the models, and can be taken back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def flask_db(tmp_path):
    environ = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/migrated.db"}

    def run(*words):
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", *words]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    return run


def test_models_and_migrations_agree(flask_db):
    upgraded = flask_db("upgrade")
    assert upgraded.returncode == 0, upgraded.stderr

    checked = flask_db("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_migrations_go_down_and_up_again(flask_db):
    for step in (["upgrade"], ["downgrade", "base"], ["upgrade"]):
        done = flask_db(*step)
        assert done.returncode == 0, done.stderr
