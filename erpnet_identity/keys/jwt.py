"""Signing and verifying compact JSON Web Signatures with the instance's keys (RFC 7515, RS256 only)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from . import services

_PADDING = PKCS1v15()
_HASH = SHA256()
# Longer than any token of ours (TK-07); what is longer is not looked at.
MAX_LENGTH = 8192


class BadToken(Exception):
    """The text is not a token signed by this instance. ``cause`` is a stable code for the operator."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    if "=" in text or "+" in text or "/" in text:
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def sign(claims: dict[str, Any], *, typ: str, now: datetime) -> str:
    """A signed token with these claims. ``typ`` is its declared kind: ``at+jwt``, ``JWT`` (TK-02, TK-45).

    Raises ``keys.services.NoSigningKey``.
    """
    kid, key = services.signing_key(now)
    header = _json({"alg": "RS256", "kid": kid, "typ": typ})
    signed = f"{_encode(header)}.{_encode(_json(claims))}"
    signature = key.private_key.sign(signed.encode("ascii"), _PADDING, _HASH)  # type: ignore[union-attr]
    return f"{signed}.{_encode(signature)}"


def verify(token: str, *, typ: str, now: datetime) -> dict[str, Any]:
    """The claims of a token of ours. Signature, algorithm, kind and critical headers are checked here, times and
    audience by the caller (OP-243, RFC 8725 §3).

    Raises ``BadToken``.
    """
    if len(token) > MAX_LENGTH:
        raise BadToken("token_malformed")
    try:
        encoded_header, encoded_claims, encoded_signature = token.split(".")
        header = json.loads(_decode(encoded_header))
        signature = _decode(encoded_signature)
    except ValueError:
        raise BadToken("token_malformed") from None
    if not isinstance(header, dict):
        raise BadToken("token_malformed")
    # The header is the sender's word: it may only name what we would have written (RFC 8725 §3.1).
    if header.get("alg") != "RS256":
        raise BadToken("token_algorithm")
    if "crit" in header or not isinstance(header.get("kid"), str):
        raise BadToken("token_malformed")
    if header.get("typ") != typ:
        raise BadToken("token_type")
    key = services.verification_key(header["kid"], now)
    if key is None:
        raise BadToken("token_key_unknown")
    try:
        key.public_key.verify(signature, f"{encoded_header}.{encoded_claims}".encode("ascii"), _PADDING, _HASH)
        claims = json.loads(_decode(encoded_claims))
    except InvalidSignature:
        raise BadToken("token_signature") from None
    except (ValueError, UnicodeEncodeError):
        raise BadToken("token_malformed") from None
    if not isinstance(claims, dict):
        raise BadToken("token_malformed")
    return claims
