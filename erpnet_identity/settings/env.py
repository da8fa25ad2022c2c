"""Every environment variable of the product: declared once, typed, with its default and meaning.

Nothing else reads ``os.environ``. ``manage.py settings`` prints this table and ``.env.example`` is written
from it, so neither can go stale (OPS-05).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from erpnet_identity.bootstrap import BASE_DIR, QUICKSTART_ENV, VAR_DIR

# Variables that only this product reads carry this prefix, so that a misspelt one can be told from a
# variable that belongs to something else on the machine.
PREFIX = "ERPNET_"

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, how its text is read, its default as text, and what it means."""

    name: str
    kind: str
    default: str | None
    meaning: str
    read: Callable[[str], Any]
    secret: bool = False


def _text(value: str) -> str:
    return value


def _boolean(value: str) -> bool:
    lowered = value.strip().lower()
    if lowered in environ.Env.BOOLEAN_TRUE_STRINGS:
        return True
    if lowered in ("false", "off", "no", "n", "0", ""):
        return False
    raise ValueError("expected on or off")


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _networks(value: str) -> list[Network]:
    return [ip_network(word, strict=False) for word in _words(value)]


def _seconds(minimum: int, maximum: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not minimum <= number <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return number

    return read


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError("expected one of " + ", ".join(allowed))
        return value

    return read


def _instance_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an absolute http or https address")
    if value.endswith("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address without trailing slash, query, fragment and user name (CO-01)")
    return value


def _database_url(value: str) -> dict[str, Any]:
    config = environ.Env.db_url_config(value)
    if not config.get("ENGINE"):
        raise ValueError("expected sqlite:///path or postgres://user:password@host/name")
    return config


def _cache_url(value: str) -> dict[str, Any]:
    config = environ.Env.cache_url_config(value)
    if not config.get("BACKEND"):
        raise ValueError("expected locmemcache:// or redis://host:port/number")
    return config


def _email_url(value: str) -> dict[str, Any]:
    config = environ.Env.email_url_config(value)
    if not config.get("EMAIL_BACKEND"):
        raise ValueError("expected consolemail:// or smtp://user:password@host:port")
    return config


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "INSTANCE_URL",
        "address",
        "http://127.0.0.1:8000",
        "The instance root (CO-01). Issuer, discovery, links and cookie security follow from it, "
        "never from the Host header of a request.",
        _instance_url,
    ),
    Variable(
        "SECRET_KEY",
        "text",
        None,
        "Signs cookies and form tokens. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        _text,
        secret=True,
    ),
    Variable(
        "KEY_ENCRYPTION_KEYS",
        "list",
        None,
        "Encrypt the private signing keys in the database. The first encrypts, all decrypt. Make one with: "
        "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
        _words,
        secret=True,
    ),
    Variable(
        "DATABASE_URL",
        "address",
        f"sqlite:///{VAR_DIR / 'instance.sqlite3'}",
        "SQLite for one machine, postgres://user:password@host/name for production (OPS-02).",
        _database_url,
        secret=True,
    ),
    Variable(
        "CACHE_URL",
        "address",
        "locmemcache://",
        "Process memory, or redis://host:port/number when several workers or nodes count together (OPS-03).",
        _cache_url,
        secret=True,
    ),
    Variable(
        "EMAIL_URL",
        "address",
        "consolemail://",
        "Where mail goes: consolemail:// or smtp://user:password@host:port.",
        _email_url,
        secret=True,
    ),
    Variable("DEBUG", "boolean", "off", "Error pages with source code. Never in production.", _boolean),
    Variable(
        "ALLOWED_HOSTS",
        "list",
        "",
        "Host names that requests may name. Empty means the host of INSTANCE_URL.",
        _words,
    ),
    Variable(
        "TRUSTED_PROXIES",
        "networks",
        "",
        "Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto headers count. None by default.",
        _networks,
    ),
    Variable(
        "ALLOW_INSECURE_REDIRECTS",
        "boolean",
        "off",
        "Accept plain http redirect addresses on hosts other than this machine (TA-41).",
        _boolean,
    ),
    Variable(
        "METRICS_ALLOWED_NETWORKS",
        "networks",
        "127.0.0.0/8,::1/128",
        "Networks that may see how the machine is doing in detail.",
        _networks,
    ),
    Variable(
        "LOG_FORMAT",
        "choice",
        "console",
        "console for people, json for machines.",
        _choice("console", "json"),
    ),
    Variable(
        "LOG_LEVEL",
        "choice",
        "INFO",
        "The least important line that is still written.",
        _choice("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Variable(
        "ERPNET_ACCESS_TOKEN_SECONDS",
        "seconds",
        "3600",
        "Lifetime of an access token. It can be shortened, not lengthened (TK-04).",
        _seconds(60, 3600),
    ),
    Variable(
        "ERPNET_TOKEN_FAILURES_PER_MINUTE",
        "number",
        "20",
        "Failed client authentications before the token endpoint answers 429 (ID-95).",
        _seconds(1, 100_000),
    ),
    Variable(
        "ERPNET_SESSION_RPM",
        "number",
        "600",
        "API requests per minute of one session (SE-81); 0 switches the limit off.",
        _seconds(0, 10_000_000),
    ),
    Variable(
        "ERPNET_SIGN_IN_FAILURES",
        "number",
        "5",
        "Wrong passwords in a row before an account is locked (ID-191).",
        _seconds(1, 1_000),
    ),
    Variable(
        "ERPNET_LOCKOUT_SECONDS",
        "seconds",
        "300",
        "How long an account stays locked (ID-191).",
        _seconds(1, 86_400),
    ),
)

_BY_NAME = {variable.name: variable for variable in VARIABLES}


def _from_file(path: Path) -> dict[str, str]:
    """The assignments of one ``.env`` file, read without touching the environment of the process."""
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, separator, value = line.removeprefix("export ").partition("=")
        if not separator:
            raise ImproperlyConfigured(f"{path}, line {number}: expected NAME=value.")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.strip()] = value
    return values


class Settings:
    """The values in force. Read as attributes: ``env.INSTANCE_URL``.

    Raises ``ImproperlyConfigured``, naming the variable, for a missing secret, a value of the wrong type and an
    unknown variable with the product's prefix.
    """

    def __init__(self) -> None:
        files = {**_from_file(QUICKSTART_ENV), **_from_file(BASE_DIR / ".env")}
        self._source = {**files, **os.environ}
        for name in sorted(self._source):
            if name.startswith(PREFIX) and name not in _BY_NAME:
                raise ImproperlyConfigured(
                    f"{name} is not a variable of this product. `manage.py settings` lists them all."
                )
        self._values = {variable.name: self._value(variable) for variable in VARIABLES}

    def _value(self, variable: Variable) -> Any:
        text = self._source.get(variable.name)
        if text is None or (not text and variable.default is None):
            if variable.default is None:
                raise ImproperlyConfigured(f"{variable.name} is not set. {variable.meaning}")
            text = variable.default
        try:
            return variable.read(text)
        except (ValueError, TypeError) as error:
            shown = "the value" if variable.secret else repr(text)
            raise ImproperlyConfigured(f"{variable.name}: {shown} is not valid: {error}.") from None

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def is_set(self, name: str) -> bool:
        """Whether the value comes from the environment or a file and not from the default."""
        return bool(self._source.get(name))


def example_file() -> str:
    """The text of ``.env.example``."""
    lines = ["# Settings of an ERP Identity instance. Copy to .env and change what you need.", "#"]
    lines += ["# Written by `manage.py settings --example`; a test keeps it true.", ""]
    for variable in VARIABLES:
        lines.append(f"# {variable.meaning}")
        default = variable.default
        if default is not None:
            default = default.replace(str(VAR_DIR), "var")
        lines.append(f"# ({variable.kind}{', required' if default is None else ''})")
        lines.append(f"{'' if default is None else '#'}{variable.name}={default or ''}")
        lines.append("")
    return "\n".join(lines)
