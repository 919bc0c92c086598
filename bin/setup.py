"""What bin/setup does, once a Python new enough is found. Needs nothing but the standard library."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
NO_ENSUREPIP = (
    f"this Python ({sys._base_executable}) lacks its module ensurepip: install it "
    f"(on Debian and Ubuntu: apt install python{sys.version_info.major}.{sys.version_info.minor}-venv)."
)


def main(arguments):
    with alone():
        if not done("dependencies", LOCK.read_bytes(), str(ROOT).encode()):
            install()
            mark("dependencies", LOCK.read_bytes(), str(ROOT).encode())
        catalogues = [path.read_bytes() for path in sorted(ROOT.glob("translations/*/LC_MESSAGES/*.po"))]
        compiled = all(path.with_suffix(".mo").exists() for path in ROOT.glob("translations/*/LC_MESSAGES/*.po"))
        if catalogues and not (compiled and done("translations", *catalogues)):
            compile_translations()
            mark("translations", *catalogues)
    if "--no-database" in arguments or database_done():
        return 0
    failed = subprocess.call([PYTHON, ROOT / "preflight.py"], cwd=ROOT)
    if not failed:
        database_done(mark=True)
    return failed


@contextlib.contextmanager
def alone():
    """Two of us at once take turns: the lock is on the folder itself, so no file is left behind."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def database_done(mark=False):
    """Whether these migrations were done on this database before. bin/serve asks the database itself."""
    data = ROOT / os.path.expanduser(os.environ.get("DATA_DIR") or "var")
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{data / 'guichet.db'}"
    file = ROOT / url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None
    stamp = data / "migrated"
    try:
        versions = [path.read_bytes() for path in sorted(ROOT.glob("migrations/versions/*.py"))]
        told = digest([url.encode(), str(file.stat().st_ino if file else 0).encode(), *versions])
        if mark:
            stamp.write_text(told)
        return stamp.read_text() == told
    except OSError:
        return False


def done(step, *contents):
    with contextlib.suppress(OSError):
        return (VENV / f"{step}.done").read_text() == digest(contents)
    return False


def mark(step, *contents):
    (VENV / f"{step}.done").write_text(digest(contents))


def digest(contents):
    return hashlib.sha256(b"\0".join(contents) + sys.version.encode()).hexdigest()


def install():
    if running_inside() and str(VENV) not in (VENV / "pyvenv.cfg").read_text():
        # The folder was moved, and its programs name the old place: begin again with the Python below.
        os.execv(sys._base_executable, [sys._base_executable, __file__, *sys.argv[1:]])
    if not can_make_venvs():
        sys.exit(f"bin/setup: {NO_ENSUREPIP}")
    print("Setting up .venv with the locked dependencies; the first time this takes a minute.", flush=True)
    with stopping_short("make .venv"):
        venv.EnvBuilder(with_pip=True, clear=not running_inside(), symlinks=True).create(VENV)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-input"]
    if subprocess.call([*pip, "--require-hashes", "-r", LOCK], cwd=ROOT) != 0:
        sys.exit("bin/setup: the dependencies of requirements.lock could not be installed; see above.")


def running_inside():
    return Path(sys.prefix).resolve() == VENV.resolve()


def can_make_venvs() -> bool:
    """Debian keeps a part of the standard library in a package of its own."""
    try:
        from ensurepip import version
    except ImportError:
        return False
    return bool(version())


@contextlib.contextmanager
def stopping_short(doing):
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bin/setup: could not {doing}: {error}.")


def compile_translations():
    command = [VENV / "bin" / "pybabel", "-q", "compile", "-d", "translations"]
    if subprocess.call(command, cwd=ROOT) != 0:
        sys.exit("bin/setup: the translations could not be compiled; see above.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
