"""A token as a request carries it (RFC 6750 §2)."""

from erpnet_identity.audit.causes import Cause

from .exceptions import InvalidCredential, MissingCredential, UnsupportedScheme


def token_of(authorization: str) -> str:
    """The token in the value of an ``Authorization`` header, whose scheme may have any letter case (OP-170).

    Raises ``MissingCredential`` for a request without the header, ``UnsupportedScheme``, and ``InvalidCredential`` for
    what cannot be a token.
    """
    if not authorization:
        raise MissingCredential
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise UnsupportedScheme
    return well_formed(token.strip())


def well_formed(token: str) -> str:
    """The token itself, if it is one text without a separator in it. Raises ``InvalidCredential``."""
    if not token or not token.isascii() or " " in token or "," in token:
        raise InvalidCredential(Cause.TOKEN_MALFORMED)
    return token
