"""``{issuer}/connect/userinfo`` (OIDC Core §5.3, ID-140 to ID-144, OP-170 to OP-177)."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.tokens import access_tokens
from erpnet_identity.tokens.claims import claims_of_scopes, resources_audience
from erpnet_identity.tokens.exceptions import InvalidCredential
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.tokens.principal import Kind, Principal
from trusted_apps import scopes

from .. import claims_request, form
from ..cors import allow_registered_origin, preflight

METHODS = ("GET", "POST", "OPTIONS")


class _Refused(Exception):
    """``error`` is empty for a request without a token: it gets a challenge and no code (RFC 6750 §3)."""

    def __init__(self, status: int, error: str = "", description: str = "", extra: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description
        self.extra = extra


def userinfo(request: HttpRequest) -> HttpResponse:
    """What the application may know of the person that its token stands for. At most two statements. Opens no API
    session (ID-144)."""
    if request.method == "OPTIONS":
        return allow_registered_origin(request, preflight("GET, POST"))
    try:
        if request.method not in METHODS:
            raise _Refused(405, "invalid_request", "Only GET and POST are allowed")
        response = _json(_claims(_token(request)))
    except _Refused as refused:
        response = _refusal(refused)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return allow_registered_origin(request, response)


def _token(request: HttpRequest) -> str:
    """The one credential of the request: a header or, in a POST, a form field. One in the address does not count."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    in_form = _form_token(request) if request.method == "POST" else ""
    if header and in_form:
        raise _Refused(400, "invalid_request", "Only one token may be sent")
    if in_form:
        return in_form
    scheme, _, token = header.partition(" ")
    if not header or scheme.lower() != "bearer":
        raise _Refused(401)
    return token.strip()


def _form_token(request: HttpRequest) -> str:
    content_type = request.META.get("CONTENT_TYPE", "")
    if not content_type.lower().startswith("application/x-www-form-urlencoded"):
        return ""
    try:
        return form.read(content_type, request.body).get("access_token", "")
    except form.BadForm as bad:
        raise _Refused(400, "invalid_request", str(bad)) from None
    except (RequestDataTooBig, UnreadablePostError):
        raise _Refused(400, "invalid_request", "The request body is too large") from None


def _claims(token: str) -> dict[str, Any]:
    try:
        if not token or not token.isascii():
            raise InvalidCredential("token_malformed")
        audience = resources_audience(settings.ISSUER)
        principal = access_tokens.read(token, audience=audience, now=timezone.now())
    except InvalidCredential as invalid:
        _record(invalid.cause, invalid.client_id, invalid.token_id)
        raise _Refused(401, "invalid_token", "The access token is not valid") from None
    if principal.kind is not Kind.USER or scopes.OPENID not in principal.scopes:
        _record("scope_openid", principal.client_id, principal.token_id)
        raise _Refused(403, "insufficient_scope", "The scope openid is needed", extra=f', scope="{scopes.OPENID}"')
    return _about(principal)


def _about(principal: Principal) -> dict[str, Any]:
    row = (
        AccessToken.objects.select_related("user", "grant")
        .only("grant__claims", *(f"user__{name}" for name in access_tokens.PERSON_COLUMNS))
        .get(jti=principal.token_id)
    )
    assert row.user is not None
    person = access_tokens.person_claims(row.user)
    asked = claims_request.wanted(row.grant.claims, "userinfo") if row.grant is not None else []
    names = dict.fromkeys([*claims_of_scopes(principal.scopes, scopes.CLAIMS), *asked])
    known = person.claims()
    return {"sub": person.login, **{name: known[name] for name in names if name in known}}


def _record(cause: str, client_id: str, token_id: str) -> None:
    record(
        events.API_CALL_REFUSED,
        outcome="refused",
        actor=Actor("application", "", client_id),
        client_id=client_id,
        token_id=token_id,
        detail={"cause": cause, "resource": "userinfo"},
    )


def _json(content: dict[str, Any], status: int = 200) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def _refusal(refused: _Refused) -> HttpResponse:
    if not refused.error:
        response = HttpResponse(status=refused.status)
        response["WWW-Authenticate"] = 'Bearer realm="erpnet"'
        return response
    response = _json({"error": refused.error, "error_description": refused.description}, refused.status)
    if refused.status == 405:
        response["Allow"] = ", ".join(METHODS)
        return response
    response["WWW-Authenticate"] = (
        f'Bearer realm="erpnet", error="{refused.error}", error_description="{refused.description}"{refused.extra}'
    )
    return response
