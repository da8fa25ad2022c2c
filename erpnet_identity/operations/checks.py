"""What ``manage.py check --deploy`` refuses: settings that are fine on one's own machine only (OPS-10)."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connection
from django.utils import timezone

from erpnet_identity.keys import services as keys

from .workers import worker_count

_SHORTEST_SECRET = 32
# Random text of that length has more different characters; "changeme" written often enough has not.
_FEWEST_CHARACTERS = 10


def _problem(number: int, text: str, hint: str) -> CheckMessage:
    return Error(text, hint=hint, id=f"erpnet.E{number:03}")


def check_transport(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Debug pages, plain HTTP, hosts and proxies that anybody may claim to be."""
    found = []
    if settings.DEBUG:
        found.append(_problem(1, "DEBUG is on: error pages show source code and settings.", "Unset DEBUG."))
    if not settings.HTTPS_ONLY:
        found.append(
            _problem(
                2,
                f"INSTANCE_URL is {settings.INSTANCE_URL}: passwords, secrets and tokens would travel in the clear.",
                "Set INSTANCE_URL to the https address that callers use.",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            _problem(
                3, "ALLOWED_HOSTS accepts every host name.", "Unset ALLOWED_HOSTS; the host of INSTANCE_URL is enough."
            )
        )
    if any(network.prefixlen == 0 for network in settings.TRUSTED_PROXIES):
        found.append(
            _problem(
                4,
                "TRUSTED_PROXIES trusts every address: any caller could claim HTTPS and another caller's address.",
                "Name the networks of your own proxies.",
            )
        )
    if settings.HTTPS_ONLY and not settings.TRUSTED_PROXIES:
        found.append(
            _problem(
                13,
                "TRUSTED_PROXIES is empty: this server speaks plain HTTP, and the proxy that speaks HTTPS for it is "
                "not believed. Every request is refused.",
                "Set TRUSTED_PROXIES to the address or the network of your proxy, as this server sees it.",
            )
        )
    return found


def check_secrets(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Secrets that can be guessed, and secrets of the demo. That they exist is checked when the settings are read."""
    found = []
    weak = [
        name
        for name, value in (
            ("SECRET_KEY", settings.SECRET_KEY),
            *(("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS),
            *(("KEY_ENCRYPTION_KEYS", key) for key in settings.KEY_ENCRYPTION_KEYS),
        )
        if len(value) < _SHORTEST_SECRET or len(set(value)) < _FEWEST_CHARACTERS
    ]
    for name in dict.fromkeys(weak):
        hint = next(v.meaning for v in settings.ENVIRONMENT.variables if v.name == name)
        found.append(_problem(5, f"{name} is too weak.", hint))
    for name in ("SECRET_KEY", "KEY_ENCRYPTION_KEYS"):
        if settings.ENVIRONMENT.origin(name).startswith("var/"):
            found.append(
                _problem(
                    6,
                    f"{name} was made by quickstart for a demo and comes from var/quickstart.env.",
                    "Make a secret for this instance and set it in the environment; `manage.py settings` says how.",
                )
            )
    return found


def check_workers(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """What several processes would have to share and cannot."""
    found = []
    workers = worker_count()
    if workers > 1 and connection.vendor == "sqlite":
        found.append(
            _problem(
                7,
                f"{workers} processes would write to one SQLite file and wait for each other.",
                "Set DATABASE_URL to PostgreSQL, or ERPNET_WORKERS to 1.",
            )
        )
    if workers > 1 and settings.CACHES["default"]["BACKEND"].endswith(("LocMemCache", "MemoryCache")):
        found.append(
            _problem(
                8,
                f"{workers} processes would each count attempts and requests for themselves: limits are too generous.",
                "Set CACHE_URL to Redis, or ERPNET_WORKERS to 1.",
            )
        )
    return found


def check_signing_keys(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Signing keys that were encrypted with a key that is gone: nobody would get a token."""
    try:
        lost = keys.lost_keys(timezone.now())
    except DatabaseError:
        return []  # not reachable or not migrated yet: `/health/ready` tells that
    return [
        _problem(
            12,
            f"The signing key {key.kid} cannot be opened: its encryption key is not in KEY_ENCRYPTION_KEYS.",
            f"Put that encryption key back, behind the first one; or give the key up: manage.py keys revoke {key.kid}",
        )
        for key in lost
    ]


CHECKS: tuple[Callable[..., list[CheckMessage]], ...] = (check_transport, check_secrets, check_workers)


def register_all() -> None:
    """Let Django run these with ``--deploy``."""
    for check in (*CHECKS, check_signing_keys):
        register(check, Tags.security, deploy=True)
