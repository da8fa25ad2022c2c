"""Signing and verifying the instance's tokens with its keys (RFC 7515, RS256 only)."""

import json
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from erpnet_identity.audit.causes import Cause

from . import services

# The header of a token is the sender's word: nothing but this algorithm is ever used (RFC 8725 §3.1).
_ALGORITHMS = ["RS256"]
# Longer than any token of ours (TK-07); what is longer is not looked at.
MAX_LENGTH = 8192
_CAUSES = {"bad_signature": Cause.TOKEN_SIGNATURE, "unsupported_algorithm": Cause.TOKEN_ALGORITHM}


class BadToken(Exception):
    """The text is not a token signed by this instance. ``cause`` is a stable code for the operator."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


def sign(claims: dict[str, Any], *, typ: str, now: datetime) -> str:
    """A signed token with these claims. ``typ`` is its declared kind: ``at+jwt``, ``JWT`` (TK-02, TK-45).

    Raises ``keys.services.NoSigningKey``.
    """
    kid, key = services.signing_key(now)
    header = {"alg": "RS256", "kid": kid, "typ": typ}
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    return jws.serialize_compact(header, payload, key, algorithms=_ALGORITHMS)


def verify(token: str, *, typ: str, now: datetime, with_retired_keys: bool = False) -> dict[str, Any]:
    """The claims of a token of ours. Signature, algorithm, kind and critical headers are checked here, times and
    audience by the caller (OP-243, RFC 8725 §3).

    ``with_retired_keys`` also takes keys that are not published any more: for hints, which may be old (OP-195), never
    for what opens anything. Raises ``BadToken``.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise BadToken(Cause.TOKEN_MALFORMED)

    def find_key(signature: Any) -> RSAKey:
        header = signature.headers()
        if "crit" in header or not isinstance(header.get("kid"), str):
            raise BadToken(Cause.TOKEN_MALFORMED)
        # An ID token is signed with the same keys; its kind keeps it out (TK-49, RFC 8725 §3.11).
        if header.get("typ") != typ:
            raise BadToken(Cause.TOKEN_TYPE)
        key = services.verification_key(header["kid"], now, with_retired=with_retired_keys)
        if key is None:
            raise BadToken(Cause.TOKEN_KEY_UNKNOWN)
        return key

    try:
        claims = json.loads(jws.deserialize_compact(token, find_key, algorithms=_ALGORITHMS).payload)
    except JoseError as error:
        raise BadToken(_CAUSES.get(error.error, Cause.TOKEN_MALFORMED)) from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        # The header is the caller's; the library trusts the types of some of its members, `crit` for example.
        raise BadToken(Cause.TOKEN_MALFORMED) from None
    if not isinstance(claims, dict):
        raise BadToken(Cause.TOKEN_MALFORMED)
    return claims
