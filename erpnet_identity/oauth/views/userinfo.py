"""``{issuer}/connect/userinfo`` (OIDC Core §5.3, ID-140 to ID-144, OP-170 to OP-177)."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import Refusal, record_refusal
from erpnet_identity.tokens import access_tokens, bearer, reading
from erpnet_identity.tokens.claims import claims_of_scopes, resources_audience
from erpnet_identity.tokens.exceptions import (
    SHOWN_BY_THE_TOKEN,
    CredentialError,
    MissingCredential,
    SeveralCredentials,
    UnsupportedScheme,
)
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.tokens.principal import Kind, Principal
from trusted_apps import scopes
from trusted_apps.cors import allow_registered_origin, preflight

from .. import claims_request, form

_FORM = "application/x-www-form-urlencoded"
_REALM = 'Bearer realm="erpnet"'


class _Refused(Refusal):
    """``error`` and ``description`` are for the application, ``cause`` is for the operator. ``error`` is empty for a
    request without a token: it gets a challenge and no code (RFC 6750 §3)."""

    def __init__(
        self,
        status: int,
        cause: Cause,
        error: str = "",
        description: str = "",
        *,
        client_id: str = "",
        token_id: str = "",
        principal: Principal | None = None,
    ) -> None:
        super().__init__(error, description, cause)
        self.status = status
        self.client_id = principal.client_id if principal is not None else client_id
        self.token_id = principal.token_id if principal is not None else token_id
        self.principal = principal

    @classmethod
    def for_credential(cls, refused: CredentialError) -> "_Refused":
        """What UserInfo answers to a credential that is not there, is not one, or is not good."""
        if isinstance(refused, SeveralCredentials):
            return cls(400, refused.cause, "invalid_request", "Only one token may be sent")
        if isinstance(refused, MissingCredential | UnsupportedScheme):
            return cls(401, refused.cause)
        # One sentence for all causes that the token does not show itself: they are no business of its finder (DR-02).
        return cls(
            401,
            refused.cause,
            "invalid_token",
            SHOWN_BY_THE_TOKEN.get(refused.cause, "The access token is not valid"),
            client_id=refused.client_id,
            token_id=refused.token_id,
        )


def userinfo(request: HttpRequest) -> HttpResponse:
    """What the application may know of the person that its token stands for. Two statements, and one more for a page
    of another origin. Opens no API session (ID-144)."""
    return allow_registered_origin(request, _answer(request))


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        return preflight("GET, POST")
    if request.method not in ("GET", "POST"):
        response = _json({"error": "invalid_request", "error_description": "Only GET and POST are allowed"}, 405)
        response["Allow"] = "GET, POST, OPTIONS"
        return response
    try:
        principal = _caller(request)
        return _json(_claims(principal))
    except _Refused as refused:
        _record(refused)
        return _refusal(refused)


# ── who asks ──────────────────────────────────────────────────────────────────────────────────────────


def _token(request: HttpRequest) -> str:
    """The one credential of the request: a header or, in a POST, a form field. One in the address does not count
    (TK-06, OP-171). Raises ``CredentialError``."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    in_form = _form_token(request) if request.method == "POST" else ""
    if header and in_form:
        raise SeveralCredentials
    return bearer.well_formed(in_form) if in_form else bearer.token_of(header)


def _form_token(request: HttpRequest) -> str:
    content_type = request.META.get("CONTENT_TYPE", "")
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return ""
    try:
        return form.read_post(request).get("access_token")
    except form.BadForm as bad:
        raise _Refused(400, Cause.FORM_UNREADABLE, "invalid_request", str(bad)) from None


def _caller(request: HttpRequest) -> Principal:
    """The person and the application that the request's token stands for, with ``openid`` among its scopes (ID-141).
    Raises ``_Refused``."""
    audience = resources_audience(settings.ISSUER)
    try:
        principal = reading.read(_token(request), audience=audience, now=timezone.now()).principal
    except CredentialError as refused:
        raise _Refused.for_credential(refused) from None
    if principal.kind is not Kind.USER or scopes.OPENID not in principal.scopes:
        cause = Cause.SCOPE_OPENID if principal.kind is Kind.USER else Cause.SERVICE_TOKEN
        raise _Refused(403, cause, "insufficient_scope", "The scope openid is needed", principal=principal)
    return principal


# ── what it learns ────────────────────────────────────────────────────────────────────────────────────


def _claims(principal: Principal) -> dict[str, Any]:
    """``sub``, the claims of the granted scopes, and those that were asked for by their names; none without a value
    (ID-142, OP-173, OP-61)."""
    row = (
        AccessToken.objects.select_related("user", "grant")
        .only("grant__claims", *(f"user__{name}" for name in access_tokens.PERSON_COLUMNS))
        .get(jti=principal.token_id)
    )
    assert row.user is not None  # a token without a person is refused before this
    person = access_tokens.person_claims(row.user)
    by_name = claims_request.wanted(row.grant.claims, "userinfo") if row.grant is not None else []
    names = dict.fromkeys([*claims_of_scopes(principal.scopes, scopes.CLAIMS), *by_name])
    known = person.claims()
    return {"sub": person.login, **{name: known[name] for name in names if name in known}}


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────


def _record(refused: _Refused) -> None:
    """The trace of a refused call, as the data APIs leave it (AU-04, DR-01)."""
    principal = refused.principal
    person = Actor("user", principal.user_id, principal.login) if principal is not None else None
    record_refusal(
        events.API_CALL_REFUSED,
        refused.cause,
        is_known=principal is not None,
        actor=person or Actor("application", "", refused.client_id),
        client_id=refused.client_id,
        token_id=refused.token_id,
        sid=principal.sid if principal is not None else "",
        detail={"status": refused.status, "resource": "userinfo"},
    )


def _json(content: dict[str, Any], status: int = 200) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    return _private(HttpResponse(body, status=status, content_type="application/json"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response


def _refusal(refused: _Refused) -> HttpResponse:
    if not refused.error:
        response = _private(HttpResponse(status=refused.status))
        del response["Content-Type"]  # there is no content
        response["WWW-Authenticate"] = _REALM
        return response
    response = _json({"error": refused.error, "error_description": refused.description}, refused.status)
    challenge = f'{_REALM}, error="{refused.error}", error_description="{refused.description}"'
    if refused.status == 403:
        challenge += f', scope="{scopes.OPENID}"'
    response["WWW-Authenticate"] = challenge
    return response
