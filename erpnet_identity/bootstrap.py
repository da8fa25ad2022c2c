"""What must exist before the settings can be read: the folder for local state and a demo's secrets."""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[1]
VAR_DIR = BASE_DIR / "var"
QUICKSTART_ENV = VAR_DIR / "quickstart.env"


def ensure_quickstart_secrets() -> None:
    """Make the secrets of a demo instance once and keep them in ``var/`` with mode 0600 (OPS-04)."""
    if QUICKSTART_ENV.exists() or (os.environ.get("SECRET_KEY") and os.environ.get("KEY_ENCRYPTION_KEYS")):
        return
    VAR_DIR.mkdir(mode=0o700, exist_ok=True)
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
    with os.fdopen(handle, "w") as file:
        file.write(text)
