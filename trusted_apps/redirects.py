"""Redirect addresses: reading lists of them, what may be registered, and what matches. Pure (TA-40 to TA-65)."""

import re
from collections.abc import Collection, Iterable
from urllib.parse import SplitResult, parse_qsl, urlsplit

from erpnet_identity.edge import ip

from . import hosts as host_names

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# Only these two ignore the port: `localhost` may be resolved to another machine (TA-63, RFC 8252 §7.3).
_ANY_PORT_HOSTS = frozenset({"127.0.0.1", "::1"})
_FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "file", "vbscript", "about", "blob"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
# What an answer adds to the address. With one of them in it already there would be two, and an application might read
# the wrong one (RFC 6749 §3.1.2, RFC 9207 §2, OP-226). Signing out adds `state` alone.
ANSWERS = frozenset(
    {"access_token", "code", "error", "error_description", "error_uri", "expires_in", "id_token", "iss", "response"}
    | {"scope", "session_state", "state", "token_type"}
)
SIGN_OUT_ANSWERS = frozenset({"state"})
_SEPARATORS = re.compile(r"[,\r\n]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_LENGTH = 2000


def split(text: str) -> list[str]:
    """The addresses of a list with commas or line breaks between them: trimmed, empty ones dropped, each once."""
    return list(dict.fromkeys(entry.strip() for entry in _SEPARATORS.split(text) if entry.strip()))


def join(uris: Iterable[str]) -> str:
    """How a list is stored: one address a line. White space cannot be part of a URI, a comma can."""
    return "\n".join(uris)


def _parts(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises ValueError for a port that is no number
    except ValueError:
        return None
    return parts


def problem(
    uri: str, *, allow_custom_scheme: bool, allow_insecure: bool, answers: Collection[str] = ANSWERS
) -> str | None:
    """Why this address cannot be registered, as a sentence, or None (TA-40, TA-41, TA-42). ``answers`` are the
    parameters that an answer adds to it."""
    if len(uri) > MAX_LENGTH:
        return f"An address has at most {MAX_LENGTH} characters."
    if not uri.isascii() and (written := host_names.in_ascii(uri)):
        return f"{uri!r} has letters outside ASCII. Write it as it is sent: {written}"
    if not uri.isascii() or any(character.isspace() or not character.isprintable() for character in uri):
        return f"{uri!r} contains characters that must be percent-encoded in an address."
    if "," in uri:
        return f"{uri!r} contains a comma, which separates addresses; write it as %2C."
    parts = _parts(uri)
    if parts is None or not _SCHEME.fullmatch(parts.scheme or ""):
        return f"{uri!r} is not an absolute address such as https://app.example.com/callback."
    scheme = parts.scheme.lower()
    doubled = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} & set(answers))
    if doubled:
        return f"{uri!r} holds the parameter {doubled[0]}, which the answer adds: there would be two."
    if scheme in _FORBIDDEN_SCHEMES:
        return f"{uri!r}: the scheme {scheme} is never allowed."
    if "#" in uri:
        return f"{uri!r} contains a fragment (#), which a redirect address may not have."
    if "*" in uri:
        return f"{uri!r} contains a wildcard; addresses are compared character for character."
    if scheme in ("http", "https"):
        if not parts.hostname or not uri[len(scheme) :].startswith("://"):
            return f"{uri!r} is not an absolute address such as https://app.example.com/callback."
        if len(parts.hostname) > 253:
            return f"{uri[:60]!r}…: the host name is too long."
        if parts.username is not None or parts.password is not None or "\\" in uri:
            return f"{uri!r} contains a user name or a backslash, which hides the real host."
        if not host_names.is_good(parts.hostname):
            return f"{uri!r}: {parts.hostname} is neither a DNS name nor an IP address."
        if scheme == "http" and parts.hostname not in LOOPBACK_HOSTS and not allow_insecure:
            return f"{uri!r} must use https; plain http is allowed only for localhost, 127.0.0.1 and [::1]."
        return None
    if not allow_custom_scheme:
        return f"{uri!r}: an own scheme such as {scheme} is allowed for public applications only."
    if len(uri) <= len(scheme) + 1:
        return f"{uri!r} is not an absolute address such as {scheme}://auth/callback."
    return None


def without_port(uri: str) -> str | None:
    """``uri`` without its port if it is one whose port does not count, else None."""
    # Anybody may send any text as an address, and Python takes a time by the square of a host outside ASCII.
    parts = _parts(uri) if uri.isascii() else None
    if parts is None or parts.scheme != "http" or parts.hostname not in _ANY_PORT_HOSTS or "@" in parts.netloc:
        return None
    host = "[::1]" if parts.hostname == "::1" else parts.hostname
    # Cut from the text itself: nothing but the port may be normalised away.
    prefix = f"http://{host}"
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return prefix + re.sub(r"\A:[0-9]{1,5}", "", rest)


def matches(uri: str, registered: Iterable[str]) -> bool:
    """Whether a requested address equals a registered one, character for character (TA-60, OP-46).

    The one exception is the port of ``http://127.0.0.1`` and ``http://[::1]`` (TA-63).
    """
    entries = list(registered)
    if uri in entries:
        return True
    portless = without_port(uri)
    return portless is not None and any(portless == without_port(entry) for entry in entries)


def with_query(uri: str, parameters: str) -> str:
    """The address with encoded parameters added. A query that is part of it stays as it is (OP-49)."""
    separator = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{separator}{parameters}"


def origin(uri: str) -> str | None:
    """What a browser calls the origin of a page at this address, for cross-origin checks (ID-08, API-19); None where a
    page of it has none of its own.

    What may be a redirect may be an origin: an own scheme with a host is one, as a page in an application's window has
    it (``capacitor://localhost``), and the port of a loopback address does not count (TA-63).
    """
    parts = _parts(uri) if uri.isascii() else None
    if parts is None or not parts.hostname or "://" not in uri:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    counts = parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) and without_port(uri.lower()) is None
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if counts else "")


def front_page(uri: str) -> str:
    """The front page of the web site that has this address; empty for a program on the person's device, which has
    none."""
    return f"{site}/" if (site := origin(uri)) and not leads_to_device(uri) else ""


def leads_to_device(uri: str) -> bool:
    """Whether the address is a program on the person's device, which no certificate tells from another (RFC 8252
    §8.6): a loopback address or an own scheme. What cannot be read counts as one."""
    parts = _parts(uri)
    if parts is None or parts.scheme not in ("http", "https"):
        return True
    host = (parts.hostname or "").rstrip(".")
    address = ip.parse(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    # A connection to no address is one to this device.
    return address.is_loopback or address.is_unspecified


def hosts(uris: Iterable[str]) -> list[str]:
    """The host names of the addresses, each once, in order; an own scheme stands for itself."""
    found: dict[str, None] = {}
    for uri in uris:
        parts = _parts(uri)
        if parts is not None:
            found[parts.hostname if parts.scheme in ("http", "https") and parts.hostname else f"{parts.scheme}:"] = None
    return list(found)
