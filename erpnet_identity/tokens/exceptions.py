"""Why a credential is not accepted. ``cause`` is for the operator, the text for the caller."""

from erpnet_identity.audit.causes import Cause

# What a caller is told of its own token beside that it is refused, by cause: only what the token itself shows, never
# what is stored of it, of its application or of its account (TK-110, DR-02).
SHOWN_BY_THE_TOKEN = {
    Cause.TOKEN_EXPIRED: "The token has expired",
    Cause.TOKEN_TYPE: "This is not an access token of this instance; send the access token and not the ID token",
}


class CredentialError(Exception):
    """A request cannot be attributed to anyone. ``cause`` is a stable code."""

    def __init__(self, cause: Cause, *, client_id: str = "", token_id: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.client_id = client_id
        self.token_id = token_id


class InvalidCredential(CredentialError):
    """The credential is malformed, expired, revoked, foreign, or not addressed to this API: 401 (TK-110)."""


class UnsupportedScheme(InvalidCredential):
    """The request's ``Authorization`` header has another scheme than ``Bearer``."""

    def __init__(self) -> None:
        super().__init__(Cause.SCHEME_UNSUPPORTED)


class MissingCredential(CredentialError):
    """The request carries no credential: 401 without an error code (RFC 6750 §3)."""

    def __init__(self) -> None:
        super().__init__(Cause.CREDENTIAL_MISSING)


class SeveralCredentials(CredentialError):
    """The request carries more than one credential: 400 (TK-78, API-90)."""

    def __init__(self) -> None:
        super().__init__(Cause.CREDENTIAL_SENT_TWICE)
