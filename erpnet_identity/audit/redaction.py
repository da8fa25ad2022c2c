"""What may be written of a secret. The only place that shortens credentials (AU-02, ID-251, OP-233)."""

import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAMES = re.compile(
    r"(password|secret|authorization|api[-_]?key|cookie|code_verifier|assertion|csrfmiddlewaretoken"
    r"|(access|refresh|id|logout|bearer)_?token|^token$|^code$|private)",
    re.IGNORECASE,
)
# Names that contain one of the words above and hold nothing secret.
_HARMLESS = {
    "secret_name", "secret_id", "secrets", "token_id", "token_policy", "status_code", "error_code",
    "AccessTokens", "access_tokens",  # the policy for issuing reference tokens (TA-22)
}  # fmt: skip
_SECRET_SHAPES = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*"  # a signed token
    r"|enrt_[0-9A-Fa-f]{12,}"  # a reference token
    r"|\b[0-9A-F]{64}\b"  # an authorization code or a refresh token
    r"|\b[0-9a-f]{32}-[0-9a-z]{1,13}-[0-9a-f]{32}\b"  # the end of a link that resets a password
    # A client secret of ours that was put into the wrong field. Small and capital letters tell it from a digest.
    r"|\b(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{40}\b"
    r"|(?i:\b(?:basic|bearer)\s+)[A-Za-z0-9+/=._~-]{8,}"
    r"|(?i:\b(?:client_secret|password|secret|code|refresh_token|access_token)=)[^&\s'\"]+"
)
HIDDEN = "***"


def shorten(credential: str) -> str:
    """The last six characters of a credential, enough to find it again and useless to anyone else."""
    return HIDDEN if len(credential) < 24 else f"…{credential[-6:]}"


def scrub(text: str) -> str:
    """``text`` with everything that looks like a credential hidden, and nothing in it that a database refuses."""
    return _SECRET_SHAPES.sub(HIDDEN, text).replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def redact(value: Any, name: str = "") -> Any:
    """``value`` as it may be logged: secret by name hidden whole, secret by shape hidden inside texts."""
    if name and name not in _HARMLESS and _SECRET_NAMES.search(name) and value and not isinstance(value, bool):
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    return value


def redact_event(event: dict[str, Any]) -> dict[str, Any]:
    """A log event as it may be written: every member redacted by its name and its shape."""
    return {key: value if isinstance(value, (int, float)) else redact(value, key) for key, value in event.items()}
