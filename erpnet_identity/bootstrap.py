"""What must exist before the settings can be read: the folder for local state and a demo's secrets."""

import argparse
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from erpnet_identity import env_file

BASE_DIR = Path(__file__).resolve().parents[1]
VAR_DIR = BASE_DIR / "var"
QUICKSTART_ENV = VAR_DIR / "quickstart.env"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# Set before the settings are read when they are to be explained and not to be used (OPS-05).
describe_only = False


def read_env_file(path: Path) -> dict[str, str]:
    """The assignments of one ``.env`` file, read without touching the environment of the process.

    Raises ``ImproperlyConfigured`` that names the file or line which cannot be read.
    """
    try:
        return env_file.read(path)
    except env_file.BadLine as error:
        raise ImproperlyConfigured(str(error)) from None


def adopt_port(arguments: Sequence[str]) -> None:
    """Let ``--port N`` of quickstart say which port ``INSTANCE_URL`` names, because the issuer follows from it
    (OPS-01, OPS-06). An address that is not plain HTTP on this machine was set on purpose and stays."""
    port = _port_asked_for(arguments)
    if port is None:
        return
    known = os.environ.get("INSTANCE_URL") or read_env_file(BASE_DIR / ".env").get("INSTANCE_URL", "")
    try:
        current = urlsplit(known or f"http://{LOOPBACK[0]}")
    except ValueError:
        return  # refused with the other settings
    host = current.hostname or ""
    if current.scheme == "http" and host in LOOPBACK and "@" not in current.netloc:
        named = f"[{host}]" if ":" in host else host
        port = port or _free_port(served_at(f"http://{named}"))
        # Browsers leave out the port that the scheme stands for. The path stays, and whatever else will be refused.
        os.environ["INSTANCE_URL"] = current._replace(netloc=named if port == 80 else f"{named}:{port}").geturl()


def served_at(root: str) -> str:
    """The loopback address where quickstart listens for an instance of this address."""
    return "::1" if urlsplit(root).hostname == "::1" else LOOPBACK[0]


class _PortParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _port_asked_for(arguments: Sequence[str]) -> int | None:
    """The value of ``--port`` in every spelling that the command's own parser takes, ``--por=8300`` among them. None
    when there is none, and when there is one that the command's own parser will complain of."""
    parser = _PortParser(add_help=False)
    parser.add_argument("--port", default="")
    try:
        text: str = parser.parse_known_args(list(arguments))[0].port
    except ValueError:
        return None
    return int(text) if text.isascii() and text.isdecimal() else None


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def make_var_folder() -> None:
    """The folder for local state. Raises ``ImproperlyConfigured`` where it cannot be made."""
    try:
        VAR_DIR.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{VAR_DIR} cannot be made: {error.strerror}. Start from a folder that this account may write to."
        ) from None


def ensure_quickstart_secrets() -> None:
    """Make the secrets of a demo instance once and keep them in ``var/`` with mode 0600 (OPS-04).

    Raises ``ImproperlyConfigured`` where they cannot be kept.
    """
    if QUICKSTART_ENV.exists() or (os.environ.get("SECRET_KEY") and os.environ.get("KEY_ENCRYPTION_KEYS")):
        return
    make_var_folder()
    text = (
        "# Made by `manage.py quickstart` for this copy only. Do not share, do not commit.\n"
        f"SECRET_KEY={secrets.token_urlsafe(48)}\n"
        f"KEY_ENCRYPTION_KEYS={urlsafe_b64encode(secrets.token_bytes(32)).decode()}\n"
    )
    # O_EXCL: two first starts at the same moment must not overwrite each other's keys.
    try:
        handle = os.open(QUICKSTART_ENV, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise ImproperlyConfigured(f"{QUICKSTART_ENV} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "w") as file:
        file.write(text)
