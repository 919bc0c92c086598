"""bin/setup on machines that lack something."""

import shutil
import subprocess
import sys

from tests.running import ROOT

WITHOUT = "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"


def test_a_python_that_can_make_no_environment_is_said_in_one_line(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("bin/setup.py", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)

    run = subprocess.run(
        [sys._base_executable, "-c", WITHOUT, tmp_path / "bin" / "setup.py"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout) == (1, "")
    assert len(run.stderr.splitlines()) == 1
    assert "lacks its module ensurepip" in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_machine_without_a_python_new_enough_is_said_in_one_line(tmp_path):
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "setup", tmp_path / "bin" / "setup")
    for name in ("dirname", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name))

    run = subprocess.run(
        [tmp_path / "bin" / "setup"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert run.stderr == "bin/setup: Guichet needs Python 3.11 or newer (python3 here: none).\n"
