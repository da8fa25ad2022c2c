"""The refusal of a request that an application sends itself, in the words of RFC 6749 §5.2."""

from typing import Any

from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import Refusal
from trusted_apps.models import TrustedApplication


class OAuthRefusal(Refusal, OAuth2Error):  # type: ignore[misc]  # oauthlib says that ``error`` is None
    """Why a request is refused. ``error`` and ``description`` are what the application reads; ``cause`` and the rest
    are for the audit trail alone (DR-02).

    Being an error of oauthlib it passes through the toolkit, which answers it with ``json``, ``status_code`` and
    ``headers``. ``client_id`` and ``application`` say whom the request names before anybody has proved anything;
    ``user`` and ``sid`` say whose sign-in it is about.
    """

    def __init__(
        self,
        error: str,
        description: str,
        cause: Cause,
        *,
        status_code: int = 400,
        headers: dict[str, str] | None = None,
        client_id: str = "",
        application: TrustedApplication | None = None,
        user: Any = None,
        sid: str = "",
        **detail: Any,
    ) -> None:
        Refusal.__init__(self, error, description, cause)
        OAuth2Error.__init__(self, description, status_code=status_code)
        self._headers = headers or {}
        self.client_id = client_id
        self.application = application
        self.user = user
        self.sid = sid
        self.detail = detail

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer beside those of every answer. oauthlib would make a Bearer challenge of every
        401."""
        return self._headers


class TooManyFailures(OAuthRefusal):
    """Too many failed client authentications (ID-95).

    Not recorded one by one: a caller that is being slowed down must not be able to fill the audit trail.
    """

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            "temporarily_unavailable",
            "Too many failed attempts. Try again later.",
            Cause.TOO_MANY_ATTEMPTS,
            status_code=429,
            headers={"Retry-After": str(retry_after)},
        )


def unauthorized_client(cause: Cause) -> OAuthRefusal:
    """The refusal of a grant type that the application may not use (ID-227, ID-241)."""
    return OAuthRefusal("unauthorized_client", "The client is not authorized to use this grant type", cause)
