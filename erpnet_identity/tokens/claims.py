"""Which claims go into which token. Pure: values in, claims out (TK-20 to TK-43)."""

import secrets
from datetime import datetime
from typing import Any

from trusted_apps.scopes import RESOURCE

API_AUDIENCES = ("DomainAPI", "TableAPI", "OLAP", "AppServer")


def new_token_id() -> str:
    """A ``jti``: 32 upper-case hexadecimal characters, 128 random bits (TK-23)."""
    return secrets.token_hex(16).upper()


def resources_audience(issuer: str) -> str:
    """The audience that every access token has: UserInfo and the Profile API (TK-42)."""
    return f"{issuer}/resources"


def audience(scopes: list[str], *, issuer: str) -> list[str] | str:
    """Whom the token is for: the data APIs only when a resource scope was granted (TK-40, TK-41)."""
    if RESOURCE.isdisjoint(scopes):
        return resources_audience(issuer)
    return [*API_AUDIENCES, resources_audience(issuer)]


def service_claims(
    *,
    issuer: str,
    database: str,
    client_id: str,
    scopes: list[str],
    system_user_id: str,
    system_user_login: str,
    system_user_type: str,
    token_id: str,
    issued_at: datetime,
    lifetime: int,
) -> dict[str, Any]:
    """The claims of a client-credentials access token. It has no ``sub``: nobody signed in (TK-26, TK-38, TK-39).

    ``lifetime`` is in seconds.
    """
    iat = int(issued_at.timestamp())
    return {
        "iss": issuer,
        "aud": audience(scopes, issuer=issuer),
        "iat": iat,
        "nbf": iat,
        "exp": iat + lifetime,
        "jti": token_id,
        "client_id": client_id,
        "scope": scopes,
        "client_system_user": system_user_login,
        "client_system_user_type": system_user_type,
        "client_system_user_id": system_user_id,
        "client_db": database,
    }
