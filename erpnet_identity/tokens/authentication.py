"""From the credential of a request to a Principal: exactly one credential, read once (API-90)."""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from erpnet_identity.audit.causes import Cause

from . import bearer
from .exceptions import InvalidCredential, SeveralCredentials
from .principal import Principal
from .reading import TokenReader


class CredentialAuthentication(BaseAuthentication):
    """Authenticates a request to a data API. The view names itself with ``audience`` (TK-42).

    ``request.user`` is the ``Principal``, ``request.auth`` what was looked up beside it. Cookies, form fields and query
    parameters never authenticate (TK-06). Raises ``CredentialError``.
    """

    reader = TokenReader()

    def authenticate(self, request: Request) -> tuple[Principal, Any]:
        meta = request.META
        authorization = meta.get("HTTP_AUTHORIZATION", "")
        api_keys = [meta[name] for name in ("HTTP_X_API_KEY", "HTTP_API_KEY") if meta.get(name)]
        if (authorization and api_keys) or len(api_keys) > 1:
            raise SeveralCredentials
        if api_keys:
            # These headers take reference tokens only, and none was ever issued to match (TK-77).
            raise InvalidCredential(Cause.REFERENCE_TOKEN_UNKNOWN)
        token = bearer.token_of(authorization)
        view = request.parser_context["view"]
        return self.reader.read(token, audience=view.audience, now=timezone.now())

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
