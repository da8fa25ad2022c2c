"""The product's packages on a machine that has only Python and pip (OPS-06). Nothing here but the standard library.

``manage.py`` asks `missing` before it imports Django. When packages are missing, `go_on_in_environment` makes the
project's own environment with uv and starts the same command again with the Python in there. uv itself is looked for on
the machine, else pip brings it into a folder of this copy: that needs no right to change the machine's Python, which
Debian refuses (PEP 668), and neither the module ``venv`` nor ``ensurepip``, which Debian leaves out.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

BASE_DIR = Path(__file__).resolve().parents[1]
UV_DIR = BASE_DIR / ".uv"
# One module of each kind is enough to tell an environment of this product from another.
PRODUCT = ("django", "granian", "oauth2_provider", "whitenoise", "structlog")
TESTS = ("pytest", "pytest_django", "xdist")
# The first uv that knows all that pyproject.toml says to it.
OLDEST_UV = (0, 5, 0)
# What this machine trusts, a company's own authority included: pip looks there, uv only when told to.
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_STAMP = "erp-identity.stamp"
# Set for the command in the environment: one that still misses packages must not begin again.
_MARK = "ERP_IDENTITY_ENVIRONMENT"
# Settings of pip that would send `--target` elsewhere or refuse it; those that say where packages come from stay.
_PIP_OFF = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore", "PIP_DRY_RUN": "0"}
_PIP_WITHOUT = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")
# Settings of uv that would make it work on another project, or not at all in a copy without a lock file.
_UV_WITHOUT = (
    "VIRTUAL_ENV",
    "UV_PROJECT",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
)
_UV_WITHOUT_TESTS = ("UV_NO_DEV", "UV_NO_DEFAULT_GROUPS", "UV_NO_GROUP")


def missing(modules: Iterable[str]) -> list[str]:
    """Those of these top-level modules that this Python does not find."""
    return [name for name in modules if find_spec(name) is None]


def go_on_in_environment(arguments: list[str], *, tests: bool = False) -> NoReturn:
    """Start ``manage.py`` with these arguments in the project's environment, which is made if it is not there.

    ``tests`` says that what only the tests need is needed. Ends with a sentence when that cannot be.
    """
    if os.environ.get(_MARK) == str(BASE_DIR):
        sys.exit(
            f"{environment_folder()} lacks packages although uv has filled it. Delete that folder and start again."
        )
    python = environment_python(environment_folder())
    inside = python.exists() and Path(sys.prefix) == environment_folder()
    if inside or not _is_filled(tests):
        _fill(tests)
    become([str(python), str(BASE_DIR / "manage.py"), *arguments], {**os.environ, _MARK: str(BASE_DIR)})


def become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Go on as this command: the same process, so that signals and the exit status are its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=dict(environment)))  # noqa: S603
    os.execve(command[0], command, environment)  # noqa: S606


def environment_folder() -> Path:
    """The folder of the project's environment, as uv names it."""
    return BASE_DIR / (os.environ.get("UV_PROJECT_ENVIRONMENT") or ".venv")


def environment_python(folder: Path) -> Path:
    """The Python of the environment in ``folder``."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _stamp(kind: str) -> str:
    project = (BASE_DIR / "pyproject.toml").read_bytes()
    return f"{hashlib.sha256(project).hexdigest()} {kind}"


def _is_filled(tests: bool) -> bool:
    """Whether the environment holds what pyproject.toml asks for today: then it takes neither uv nor a network."""
    folder = environment_folder()
    try:
        text = (folder / _STAMP).read_text(encoding="ascii")
    except (OSError, ValueError):
        return False
    return environment_python(folder).exists() and text in {_stamp("all"), *([] if tests else [_stamp("product")])}


def _fill(tests: bool) -> None:
    folder = environment_folder()
    _ensure_writable(BASE_DIR, folder)
    uv = find_uv() or bring_uv()
    environment = uv_environment(os.environ, tests=tests, fresh=not environment_python(folder).exists())
    without_dev = environment.get("UV_NO_DEV", "").lower() in ("1", "true", "yes", "on")
    print(f"Bringing the packages of this product into {folder} …", file=sys.stderr)  # noqa: T201
    command = [uv, "sync", "--inexact", "--quiet"]
    if subprocess.call(command, cwd=BASE_DIR, env=environment) != 0:  # noqa: S603
        sys.exit(
            "The packages of this product could not be brought; what stands above is what uv says. Without a network, "
            "or with an index of your own, set UV_DEFAULT_INDEX or UV_FIND_LINKS; index-url of pip is used as well."
        )
    (folder / _STAMP).write_text(_stamp("product" if without_dev else "all"), encoding="ascii")


def _ensure_writable(*folders: Path) -> None:
    for folder in folders:
        if folder.exists() and not os.access(folder, os.W_OK):
            sys.exit(
                f"Cannot write into {folder}, where the packages of this product belong. Start from a copy that this "
                "account may write to."
            )


def find_uv() -> str | None:
    """A uv that runs and is new enough: on PATH, beside this Python, in the home folder, in this copy."""
    name = "uv.exe" if os.name == "nt" else "uv"
    places = [
        shutil.which("uv"),
        Path(sys.executable).parent / name,
        Path(sysconfig.get_path("scripts")) / name,
        Path(os.path.expanduser("~/.local/bin"), name),
        UV_DIR / "bin" / name,
    ]
    return next((str(place) for place in places if place is not None and _runs(str(place))), None)


def _runs(uv: str) -> bool:
    # A file of that name may be a shim that only says that it leads nowhere.
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=30)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    version = re.match(r"uv (\d+)\.(\d+)\.(\d+)", answer.stdout)
    return answer.returncode == 0 and version is not None and tuple(map(int, version.groups())) >= OLDEST_UV


def bring_uv() -> str:
    """Let pip put uv into this copy. Ends with a sentence when there is no pip, or when it fails."""
    if find_spec("pip") is None:
        sys.exit(
            f"This takes uv or pip, and {sys.executable} has neither. On Debian: apt-get install python3-pip. "
            "Or install uv in any way you like."
        )
    _ensure_writable(BASE_DIR)
    print(f"Bringing uv into {UV_DIR} …", file=sys.stderr)  # noqa: T201
    # Beside its place and then moved there: a start that is interrupted leaves no half of it, two at once do no harm.
    with tempfile.TemporaryDirectory(prefix=".uv-", dir=BASE_DIR) as folder:
        target = Path(folder) / "uv"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--target", str(target), "uv>=" + ".".join(map(str, OLDEST_UV))]
        if subprocess.call(command, env=pip_environment(os.environ)) != 0:  # noqa: S603
            sys.exit(
                "uv could not be brought; what stands above is what pip says. Without a network, install uv on this "
                "machine in another way, or let pip know where packages are: PIP_INDEX_URL, PIP_FIND_LINKS."
            )
        shutil.rmtree(UV_DIR, ignore_errors=True)
        # Another start may have been first.
        with suppress(OSError):
            target.rename(UV_DIR)
    uv = find_uv()
    if uv is None:
        sys.exit(f"The uv that pip has brought into {UV_DIR} does not run on this machine. Install uv in another way.")
    return uv


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for ``pip install --target``."""
    result = {name: value for name, value in environment.items() if name not in _PIP_WITHOUT} | _PIP_OFF
    if not _can_hold(_cache_folder(result)):
        result["PIP_NO_CACHE_DIR"] = "1"
    return result


def uv_environment(environment: Mapping[str, str], *, tests: bool, fresh: bool) -> dict[str, str]:
    """The environment for ``uv sync`` in this copy. A ``fresh`` environment is made with the Python that runs now."""
    without = (*_UV_WITHOUT, *(_UV_WITHOUT_TESTS if tests else ()))
    result = {name: value for name, value in environment.items() if name not in without}
    if fresh:
        result.setdefault("UV_PYTHON", sys.executable)
    if not _can_hold(_cache_folder(result)):
        result.setdefault("UV_CACHE_DIR", str(BASE_DIR / ".uv-cache"))
    if os.path.exists(_CERTIFICATES):
        result.setdefault("UV_NATIVE_TLS", "1")
    if not any(name in result for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_NO_INDEX", "UV_OFFLINE")):
        for name, value in _places_of_pip().items():
            result.setdefault(name, value)
    return result


def _cache_folder(environment: Mapping[str, str]) -> str:
    return environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")


def _can_hold(folder: str) -> bool:
    """Whether this process may write into the folder, or make it: an account of a service often has no home."""
    path = Path(folder)
    while not path.exists() and path != path.parent:
        path = path.parent
    return os.access(path, os.W_OK)


def _places_of_pip() -> dict[str, str]:
    """Where pip's own settings say that packages are, in the words of uv, which does not read them."""
    if find_spec("pip") is None:
        return {}
    command = [sys.executable, "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, env=pip_environment(os.environ))  # noqa: S603
    return places(answer.stdout)


def places(listing: str) -> dict[str, str]:
    """The variables of uv for what ``pip config list`` prints. The environment stands above the files there."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
        "proxy": "HTTPS_PROXY",
        "trusted-host": "UV_INSECURE_HOST",
    }
    found: dict[str, str] = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"(:env:|global|install)\.([a-z-]+)='(.*)'", line)
        if match is None or match[2] not in names or not match[3]:
            continue
        if match[1] == ":env:" or names[match[2]] not in found:
            found[names[match[2]]] = match[3]
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = ",".join(found["UV_FIND_LINKS"].split())
    return found
