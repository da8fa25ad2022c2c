"""How the text of an environment variable becomes a value, one small reader per kind. Each raises ``ValueError``."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

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


def instance_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an absolute http or https address")
    if value.endswith("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address without trailing slash, query, fragment and user name (CO-01)")
    if re.search(r":[0-9]*$", parts.netloc) and not re.search(r":[1-9][0-9]{0,4}$", parts.netloc):
        raise ValueError("expected a port from 1 to 65535")
    _ = parts.port  # complains of one that is too high
    return value


def service(schemes: tuple[str, ...], expected: str, parse: Callable[[str], Any]) -> Callable[[str], dict[str, Any]]:
    """Read the address of a service. Its parser must not see what it does not know: it would complain with the whole
    address, and the password in it, on standard error."""

    def read(value: str) -> dict[str, Any]:
        if value.split(":", 1)[0] not in schemes:
            raise ValueError(f"expected {expected}")
        try:
            return dict(parse(value))
        except (ValueError, KeyError):
            raise ValueError(f"expected {expected}; special characters in a password are percent-encoded") from None

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
