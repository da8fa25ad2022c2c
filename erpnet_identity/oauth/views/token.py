"""``POST {issuer}/connect/token`` (RFC 6749 §3.2, ID-90 to ID-95)."""

import json
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.base import TokenView as ToolkitTokenView

from erpnet_identity.audit.causes import Cause
from trusted_apps.cors import allow_registered_origin, is_foreign, preflight

from .. import form
from ..audit import record_refused_token_request
from ..form import FormPost
from ..refusal import OAuthRefusal
from ..server import GRANT_TYPES_SUPPORTED
from ..text import printable


@method_decorator(csrf_exempt, name="dispatch")
class TokenView(ToolkitTokenView):
    """Answers token requests. The order of checks is that of ID-246: form and grant type here; client, permission and
    scopes in the toolkit's server (``oauth.server``).

    Every answer is JSON with ``no-store`` (OP-131). The toolkit's own ``post`` reads the stored token back for a
    signal nobody listens to, and knows none of our error texts.
    """

    http_method_names = ["post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = cast(HttpResponse, super().dispatch(request, *args, **kwargs))
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        return allow_registered_origin(request, response)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            posted = _read(request)
        except OAuthRefusal as refusal:
            record_refused_token_request(refusal)
            return _json(refusal.json, refusal.status_code)
        # The toolkit's way from here: `oauth.backend`, `oauth.server`.
        _, headers, body, status = self.create_token_response(posted)
        return _json(body, status, headers)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The preflight of a browser client (ID-08)."""
        return preflight("POST")

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        body = json.dumps({"error": "invalid_request", "error_description": "Only POST is allowed"})
        return _json(body, 405, {"Allow": "POST, OPTIONS"})


def _read(request: HttpRequest) -> FormPost:
    """The form of a token request whose grant type is on offer. Raises ``OAuthRefusal``."""
    if is_foreign(request):
        # Before anything is counted: a page that people open must not use up what their address may do (ID-95).
        raise OAuthRefusal("invalid_request", "No application has this origin", Cause.ORIGIN_NOT_REGISTERED)
    try:
        posted = form.read_post(request)
    except form.BadForm as bad:
        raise OAuthRefusal("invalid_request", str(bad), Cause.FORM_UNREADABLE) from None
    grant_type, client_id = posted.get("grant_type"), posted.get("client_id")
    if not grant_type:
        raise OAuthRefusal("invalid_request", "Missing grant_type", Cause.GRANT_MISSING, client_id=client_id)
    if grant_type not in GRANT_TYPES_SUPPORTED:
        name = printable(grant_type, 100)
        raise OAuthRefusal(
            "unsupported_grant_type",
            f"Unsupported grant type: {name}",
            Cause.GRANT_UNSUPPORTED,
            client_id=client_id,
            grant_type=name,
        )
    return posted


def _json(body: str, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(body, status=status, headers={**(headers or {}), "Content-Type": "application/json"})
