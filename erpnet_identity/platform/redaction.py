"""What may be written of a secret. The only place that shortens credentials (AU-02, ID-251, OP-233)."""

import re
from collections.abc import Mapping
from string import ascii_letters, digits
from typing import Any

_SECRET_NAMES = re.compile(
    r"(password|secret|authorization|api[-_]?key|cookie|code_verifier|assertion|csrfmiddlewaretoken"
    r"|(access|refresh|id|logout|bearer)_?token|^token$|^code$|private)",
    re.IGNORECASE,
)
# Words whose value is hidden where a text says it.
_WORDS = (
    "client_secret|(?:old|new)?password[12]?|secret|code|code_verifier|(?:access|refresh|id)_token|api_key|"
    "csrfmiddlewaretoken"
)
# Names that contain one of the words above and hold nothing secret.
_HARMLESS = {
    "secret_name", "secret_id", "secrets", "token_id", "token_policy", "status_code", "error_code",
    "AccessTokens", "access_tokens",  # the policy for issuing reference tokens (TA-22)
}  # fmt: skip
# Where a word begins and ends as far as secrets go. An address in an address is encoded, often twice: `%3D` and `%252F`
# end in what could be part of a word.
_BEGIN = r"(?:(?<=%[0-9A-Fa-f]{2})|(?<=25[0-9A-Fa-f]{2})|(?<![A-Za-z0-9]))"
_END = r"(?![A-Za-z0-9])"
# Each in time that grows with the text alone, whatever a caller writes: a run that was begun is taken whole, so that
# no later beginning within it is tried again. A test holds every one of them against hostile texts.
SHAPES: tuple[str, ...] = (
    # A signed token or what was sealed with a signature, its later parts included; a first part alone is hidden as
    # well, because to go on looking for the dot of another one would take time by the square of the text.
    r"eyJ[A-Za-z0-9_-]{8,}(?:[.:][A-Za-z0-9_-]*){0,4}",
    r"enrt_[0-9A-Fa-f]{12,}",  # a reference token
    r"[0-9A-F]{64,}",  # an authorization code or a refresh token
    r"[0-9a-f]{32}-[0-9a-z]{1,13}-[0-9a-f]{32}",  # the end of a link that resets a password
    # A client secret of ours that was put into the wrong field. Small and capital letters tell it from a digest.
    rf"{_BEGIN}(?=[A-Z0-9]{{0,40}}[a-z])(?=[a-z0-9]{{0,40}}[A-Z])[A-Za-z0-9]{{40}}{_END}",
    r"(?i:\b(?:basic|bearer)\s+)[A-Za-z0-9+/=._~-]{8,}",
)
# A value: in quotes up to the same quote, in brackets up to their end, else one word.
_VALUE = r"""[bu]?(?:\[[^\]]*\]?|\([^)]*\)?|'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|\\?['"]?[^&\s"]+)"""
# What is hidden because of the word before it: in a form or an address, encoded or not, and as Python and JSON write a
# mapping.
NAMED: tuple[str, ...] = (
    rf"(?i:{_BEGIN}(?:{_WORDS})(?:=|%(?:25)*3d)){_VALUE}",
    rf"(?i:{_BEGIN}(?:{_WORDS})['\"]\s{{0,2}}[:,]\s{{0,2}}){_VALUE}",
)
_SECRET_SHAPES = re.compile("|".join(SHAPES))
_NAMED = re.compile("|".join(NAMED), re.DOTALL)
HIDDEN = "***"
# Characters of one text that are looked at and written; an error at the end of a long trace still stands in it.
LONGEST = 16 * 1024
_OF_CREDENTIALS = ascii_letters + digits + "_.~+=%:-"


def beginning(text: str, length: int) -> str:
    """At most ``length`` characters of ``text``, without the word that the cut falls into: half a credential would not
    look like one."""
    return text if len(text) <= length else text[:length].rstrip(_OF_CREDENTIALS)


def _cut(text: str) -> str:
    """``text`` at a length that may be written: its two ends, without the word that a cut falls into and, since
    ``Basic`` and ``Bearer`` stand before theirs, the word after it."""
    if len(text) <= LONGEST:
        return text
    head, tail = beginning(text, LONGEST // 2), text[-LONGEST // 2 :]
    tail = "".join(tail.split(maxsplit=2)[2:])
    return f"{head} … {len(text) - len(head) - len(tail)} characters left out … {tail}"


def scrub(text: str) -> str:
    """``text`` with everything that looks like a credential hidden, of a length that may be written, and with nothing
    in it that a database refuses."""
    text = _SECRET_SHAPES.sub(HIDDEN, _cut(text))
    if "=" in text or "'" in text or '"' in text or "%" in text:
        text = _NAMED.sub(HIDDEN, text)
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def redact(value: Any, name: str = "") -> Any:
    """``value`` as it may be logged: secret by name hidden whole, secret by shape hidden inside texts. What is not
    plain data becomes text first, so that nothing is printed that was not looked at."""
    if name and name not in _HARMLESS and _SECRET_NAMES.search(name) and value and not isinstance(value, bool):
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {scrub(str(key)): redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    return scrub(_text(value))


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return type(value).__name__


def redact_event(event: dict[str, Any]) -> dict[str, Any]:
    """A log event as it may be written: every member redacted by its name and its shape."""
    return {key: value if isinstance(value, (int, float)) else redact(value, key) for key, value in event.items()}
