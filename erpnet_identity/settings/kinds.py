"""How the text of an environment variable becomes a value, one small reader per kind. Each raises ``ValueError``."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import environ
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

Network = IPv4Network | IPv6Network


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in environ.Env.BOOLEAN_TRUE_STRINGS:
        return True
    if lowered in ("false", "off", "no", "n", "0", ""):
        return False
    raise ValueError("expected on or off")


def words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def networks(value: str) -> list[Network]:
    return [ip_network(word, strict=False) for word in words(value)]


def encryption_keys(value: str) -> list[str]:
    keys = words(value)
    for key in keys:
        try:
            length = len(urlsafe_b64decode(key))
        except ValueError:
            length = 0
        if length != 32:
            raise ValueError("each key is 32 random bytes in URL-safe base64")
    if not keys:
        raise ValueError("expected at least one key")
    return keys


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        # Not `int` alone: it takes "1_000" and " 7 " too, and its complaint is written for programmers.
        if not re.fullmatch(r"[0-9]{1,18}", value) or not minimum <= int(value) <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return int(value)

    return read


_RATE_LIMITS = {"SessionRpm": 600, "SessionConcurrentRequests": 10}
_MOST_REQUESTS = 10_000_000


def domain_api(value: str) -> dict[str, int]:
    """The limits in a site's JSON setting (SE-85), those that it leaves out with their default."""
    try:
        site = json.loads(value)
    except ValueError:
        raise ValueError("expected JSON") from None
    limits = site.get("RateLimits", {}) if isinstance(site, dict) else None
    if not isinstance(limits, dict) or site.keys() - {"RateLimits"}:
        raise ValueError('expected {"RateLimits": {…}}')
    for name, limit in limits.items():
        if name not in _RATE_LIMITS:
            raise ValueError(f"the Domain API has no limit {name}, only " + " and ".join(_RATE_LIMITS))
        if type(limit) is not int or not 0 <= limit <= _MOST_REQUESTS:
            raise ValueError(f"{name} is a whole number from 0 to {_MOST_REQUESTS}")
    return {**_RATE_LIMITS, **limits}


_SENDER = re.compile(r"""(?:(?:"[^"\\]+"|[^<>"@,;:\\]+?)\s*<([^<>\s]+)>|([^<>\s]+))""")


def sender(value: str) -> str:
    """An e-mail address, with or without a name before it; nothing stands for the default."""
    value = value.strip()
    if not value:
        return ""
    match = _SENDER.fullmatch(value)
    try:
        if match is None or not value.isprintable():
            raise ValidationError("")
        validate_email(match[1] or match[2])
    except ValidationError:
        raise ValueError("expected noreply@example.com or Name <noreply@example.com>") from None
    return value


def choice(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError("expected one of " + ", ".join(allowed))
        return value

    return read


# The first parts of our own addresses: below a path that begins with one, nobody could tell which is meant.
OWN_ADDRESSES = frozenset(
    {
        *("admin", "api", "health", "id", "logo", "manage", "profile"),
        *("static", "sys", "tableapi", "tools", "whats-new"),
    }
)
_SCHEME = re.compile(r"https?://")
_AUTHORITY = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]*))?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# What a browser reads as the number of an address: 127.1, 0x7f000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*")
_DEFAULT_PORTS = {"http://": "80", "https://": "443"}


def instance_url(value: str) -> str:
    """The instance root in the one spelling that browsers and libraries leave as it is: they compare the issuer, which
    begins with it, character for character (CO-01, OP-02)."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        raise ValueError("expected an absolute http or https address")
    if value.endswith("/") or any(character in value for character in "?#@"):
        raise ValueError("expected an address without trailing slash, query, fragment and user name (CO-01)")
    authority, slash, rest = value.removeprefix(scheme[0]).partition("/")
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not _is_host(found[1]):
        raise ValueError("expected a DNS name in lower case, letters outside ASCII as xn--…, or an IP address")
    port = found[2]
    if port is not None and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 65_536):
        raise ValueError("expected a port from 1 to 65535")
    if port == _DEFAULT_PORTS[scheme[0]]:
        raise ValueError(f"expected no port, because :{port} is what {scheme[0]} means, and browsers leave it out")
    if not _PATH.fullmatch(slash + rest):
        raise ValueError(
            "expected a path of letters, digits and - _ . ~ between single slashes, no part of it beginning with a dot"
        )
    if (first := rest.partition("/")[0]) in OWN_ADDRESSES:
        raise ValueError(f"expected another path, because /{first} is an address of the instance itself")
    return value


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ip_address(host.strip("[]"))) == host.strip("[]")
        except ValueError:
            return False
    return len(host) < 254 and all(map(_LABEL.fullmatch, labels))


def service(schemes: tuple[str, ...], expected: str, parse: Callable[[str], Any]) -> Callable[[str], dict[str, Any]]:
    """Read the address of a service. Its parser must not see what it does not know: it would complain with the whole
    address, and the password in it, on standard error."""

    def read(value: str) -> dict[str, Any]:
        if value.split(":", 1)[0] not in schemes:
            raise ValueError(f"expected {expected}")
        try:
            if "#" in value and not value.startswith("postgres"):
                # What follows would be left out without a word; only of PostgreSQL's passwords it is read.
                raise ValueError
            return dict(parse(value))
        except (ValueError, KeyError):
            raise ValueError(
                f"expected {expected}; special characters in a password or a path are percent-encoded (# is %23)"
            ) from None

    return read


database_url = service(
    ("sqlite", "postgres", "postgresql"),
    "sqlite:///path or postgres://user:password@host/name",
    environ.Env.db_url_config,
)
cache_url = service(
    ("locmemcache", "redis", "rediss"), "locmemcache:// or redis://host:port/number", environ.Env.cache_url_config
)
email_url = service(
    ("consolemail", "memorymail", "filemail", "dummymail", "smtp", "smtps", "smtp+tls", "smtp+ssl"),
    "consolemail:// or smtp+tls://user:password@host:port",
    environ.Env.email_url_config,
)
