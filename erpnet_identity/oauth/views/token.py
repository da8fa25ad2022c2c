"""``POST {issuer}/connect/token`` (RFC 6749 §3.2, ID-90 to ID-95)."""

import json
from contextlib import nullcontext
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.base import TokenView as ToolkitTokenView

from trusted_apps.cors import allow_registered_origin, is_foreign, preflight

from .. import form, throttle
from ..server import GRANT_TYPES_SUPPORTED
from ..text import printable
from ..validator import TooManyFailures, record_refusal


@method_decorator(csrf_exempt, name="dispatch")
class TokenView(ToolkitTokenView):
    """Issues tokens. The order of checks is that of ID-246: form, grant type, client, permission, scopes.

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
        if is_foreign(request):
            # Before anything is counted: a page that people open must not use up what their address may do (ID-95).
            return self._refused("invalid_request", "No application has this origin", cause="origin_not_registered")
        try:
            request.oauth_form = form.read(request.META.get("CONTENT_TYPE", ""), request.body)  # type: ignore[attr-defined]
        except form.BadForm as bad:
            return self._refused("invalid_request", str(bad), cause="form_unreadable")
        except (RequestDataTooBig, UnreadablePostError):
            return self._refused("invalid_request", "The request body is too large", cause="form_unreadable")
        fields: dict[str, str] = request.oauth_form  # type: ignore[attr-defined]
        grant_type, client_id = fields.get("grant_type", ""), fields.get("client_id", "")
        if not grant_type:
            return self._refused("invalid_request", "Missing grant_type", cause="grant_missing", client_id=client_id)
        if grant_type not in GRANT_TYPES_SUPPORTED:
            return self._refused(
                "unsupported_grant_type",
                f"Unsupported grant type: {printable(grant_type, 100)}",
                cause="grant_unsupported",
                client_id=client_id,
                grant_type=grant_type,
            )
        if not throttle.may_go_on(request, fields):
            return self._too_many()
        with nullcontext() if grant_type == "client_credentials" else transaction.atomic():
            # The use of a code or a refresh token and what came of it are one change, refusals included: a replay
            # that is refused revokes (ID-114). A service's token is stored in one statement, which needs no more.
            _, _, body, status = self.create_token_response(request)
        response = HttpResponse(body, status=status, content_type="application/json")
        if status == 429:
            return self._too_many()
        if status == 401:
            # oauthlib answers every failed authentication with 401 and a Bearer challenge; ID-105 wants Basic, and
            # only for clients that used the header.
            if request.META.get("HTTP_AUTHORIZATION"):
                response["WWW-Authenticate"] = 'Basic realm="erpnet", charset="UTF-8"'
            else:
                response.status_code = 400
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The preflight of a browser client (ID-08)."""
        return preflight("POST")

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = self._error("invalid_request", "Only POST is allowed", status=405)
        response["Allow"] = "POST, OPTIONS"
        return response

    def _refused(
        self, error: str, description: str, *, cause: str, client_id: str = "", grant_type: str = ""
    ) -> HttpResponse:
        record_refusal(cause, client_id=client_id, grant_type=grant_type, error=error)
        return self._error(error, description)

    def _too_many(self) -> HttpResponse:
        response = self._error(str(TooManyFailures.error), TooManyFailures.description, status=429)
        response["Retry-After"] = str(throttle.retry_after())
        return response

    @staticmethod
    def _error(error: str, description: str, *, status: int = 400) -> HttpResponse:
        body = json.dumps({"error": error, "error_description": description})
        return HttpResponse(body, status=status, content_type="application/json")
