"""Which claims go into which token. Pure: values in, claims out (TK-20 to TK-48)."""

import base64
import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trusted_apps.scopes import CLAIMS, EMAIL, PROFILE, RESOURCE

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


def scope_claim(scopes: list[str], *, as_text: bool) -> list[str] | str:
    """The scopes as the token says them: an array, or RFC 9068's one string with spaces (TK-25)."""
    return " ".join(scopes) if as_text else scopes


def service_claims(
    *,
    issuer: str,
    database: str,
    client_id: str,
    scopes: list[str],
    scope_as_text: bool,
    system_user_id: str,
    system_user_login: str,
    system_user_type: str,
    token_id: str,
    issued_at: datetime,
    lifetime: int,
) -> dict[str, Any]:
    """The claims of a client-credentials access token. Its ``sub`` is the application itself: nobody signed in (TK-26,
    TK-38, TK-39, RFC 9068 §2.2).

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
        "sub": client_id,
        "scope": scope_claim(scopes, as_text=scope_as_text),
        "client_system_user": system_user_login,
        "client_system_user_type": system_user_type,
        "client_system_user_id": system_user_id,
        "client_db": database,
    }


def is_of_service(payload: Mapping[str, Any]) -> bool:
    """Whether the claims are those of a service. Told by what only services have (TK-39), never by what they lack:
    tokens of before 0.4 have no ``sub``."""
    return "client_system_user_id" in payload


@dataclass(frozen=True, slots=True)
class Person:
    """What tokens and UserInfo may say of a user who signed in. An account without an address has ``email`` empty."""

    id: str
    login: str
    name: str
    email: str
    email_verified: bool
    locale: str
    user_type: str
    is_admin: bool
    database: str

    def claims(self) -> dict[str, Any]:
        """Every claim about the person that has a value, by its name on the wire (ID-142, OP-173)."""
        everything = {
            "name": self.name,
            "preferred_username": self.login,
            "email": self.email,
            "email_verified": self.email_verified if self.email else None,
            "locale": self.locale,
            "id": self.id,
            "user_type": self.user_type,
            "is_admin": self.is_admin,
            "db": self.database,
        }
        return {name: value for name, value in everything.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the person signed in. Every token of the sign-in repeats it (ID-72, ID-125)."""

    sid: str
    auth_time: datetime
    amr: list[str]
    idp: str

    def claims(self) -> dict[str, Any]:
        return {"sid": self.sid, "auth_time": int(self.auth_time.timestamp()), "idp": self.idp, "amr": self.amr}


def user_claims(
    *,
    issuer: str,
    client_id: str,
    scopes: list[str],
    scope_as_text: bool,
    person: Person,
    sign_in: SignIn,
    token_id: str,
    issued_at: datetime,
    lifetime: int,
) -> dict[str, Any]:
    """The claims of a person's access token, whatever identity scopes were asked for (TK-20 to TK-37).

    ``lifetime`` is in seconds.
    """
    iat = int(issued_at.timestamp())
    about = person.claims()
    del about["preferred_username"]
    return {
        "iss": issuer,
        "aud": audience(scopes, issuer=issuer),
        "iat": iat,
        "nbf": iat,
        "exp": iat + lifetime,
        "jti": token_id,
        "client_id": client_id,
        "scope": scope_claim(scopes, as_text=scope_as_text),
        "sub": person.login,
        "email_verified": False,
        **sign_in.claims(),
        **about,
    }


def id_token_claims(
    *,
    issuer: str,
    client_id: str,
    person: Person,
    sign_in: SignIn,
    issued_at: datetime,
    lifetime: int,
    about: Iterable[str] = (),
    **hashes: str,
) -> dict[str, Any]:
    """The claims of an ID token (TK-45 to TK-48). ``about`` names what it says of the person beyond ``sub``;
    ``hashes`` are ``nonce``, ``at_hash``, ``c_hash``, ``s_hash`` and ``acr``, left out when empty. ``lifetime`` is in
    seconds."""
    iat = int(issued_at.timestamp())
    known = person.claims()
    return {
        "iss": issuer,
        "aud": client_id,
        "iat": iat,
        "nbf": iat,
        "exp": iat + lifetime,
        "sub": person.login,
        **sign_in.claims(),
        **{name: value for name, value in hashes.items() if value},
        **{name: known[name] for name in about if name in known},
    }


# What the ID token of the token endpoint says with a scope; the one that travels through the browser says nothing of
# it (TK-48). UserInfo says more (ID-142).
ID_TOKEN_CLAIMS = {
    PROFILE: ("name", "preferred_username", "email", "email_verified", "locale"),
    EMAIL: CLAIMS[EMAIL],
}


def claims_of_scopes(granted: Collection[str], table: dict[str, tuple[str, ...]]) -> list[str]:
    """The names of the claims that the granted scopes stand for in ``table``, each once."""
    return list(dict.fromkeys(name for scope, names in table.items() if scope in granted for name in names))


def left_half_hash(value: str) -> str:
    """``at_hash``, ``c_hash`` and ``s_hash``: half of the SHA-256, as base64url (OIDC Core §3.3.2.11)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode("utf-8")).digest()[:16]).decode("ascii").rstrip("=")
