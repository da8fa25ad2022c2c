"""JavaScript libraries for tests, in the versions that ``tests/clients/node`` pins, installed on first use."""

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing_service
from tests.support import programs

FOLDER = Path(__file__).resolve().parents[1] / "clients" / "node"
INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
PATIENCE = 300


def _described():
    return json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))


def used():
    """Name and version of each library that a test names."""
    return [(name, version.rpartition("@")[2]) for name, version in _described()["dependencies"].items()]


def pulled_in():
    """Name and version of what those need. Where two of them need different versions, a name stands there twice."""
    return [(name[0] + name[1:].partition("@")[0], version) for name, version in _described()["overrides"].items()]


def installed():
    """Name and version of everything that lies here."""
    written = FOLDER / "node_modules" / ".package-lock.json"
    if not written.exists():
        return []
    packages = json.loads(written.read_text(encoding="utf-8"))["packages"]
    return [(path.rpartition("node_modules/")[2], package["version"]) for path, package in packages.items()]


def is_current():
    return sorted(installed()) == sorted(used() + pulled_in())


def node():
    """The words that start Node.js, or None. Version 18 hides what libraries of today take for granted."""
    if programs.found("node") is None:
        return None
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True, timeout=30).stdout
    return ["node", "--experimental-global-webcrypto"] if version.startswith("v18.") else ["node"]


def libraries():
    """The folder of the libraries, which are installed if they are not there."""
    with _alone():
        if not is_current():
            if programs.found("npm") is None:
                missing_service("npm is not installed: apt-get install nodejs npm")
            done = subprocess.run(INSTALL, cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE)
            if done.returncode != 0:
                missing_service(f"the JavaScript libraries cannot be installed: {done.stderr[-2000:]}")
    return FOLDER / "node_modules"


@contextmanager
def _alone():
    """Workers of one run and runs beside each other do not install into one folder at once."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(Path(tempfile.gettempdir()) / "erpnet-test-npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
