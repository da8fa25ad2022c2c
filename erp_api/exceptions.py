"""Why the API refuses, the body that says so, and the one place where exceptions become responses (API-16, API-17)."""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import Refusal, record_refusal
from erpnet_identity.edge import outages
from erpnet_identity.erp_sessions.exceptions import LicenseSlotsExhausted
from erpnet_identity.platform.redaction import beginning
from erpnet_identity.tokens.exceptions import (
    SHOWN_BY_THE_TOKEN,
    CredentialError,
    MissingCredential,
    SeveralCredentials,
)

from .json_encoding import plain_escapes
from .responses import answer

log = structlog.get_logger("erpnet.api")


class ApiError(Refusal):
    """A refusal with everything the caller is told. ``cause`` names the reason for the operator's trace."""

    status = 500
    type = "ServerError"

    def __init__(
        self, message: str, *, cause: Cause = Cause.INVALID_REQUEST, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(self.type, message, cause)
        self.headers = headers or {}


class InvalidQuery(ApiError):
    """A key or a query option that cannot be understood."""

    status, type = 400, "InvalidQuery"


class UserTypeNotAllowed(ApiError):
    """An account of this type may not call the data APIs, whatever its token holds (API-95)."""

    status, type = 403, "UserTypeNotAllowed"


class InsufficientScope(ApiError):
    """The token lacks a scope. The challenge names all that the request needs (TK-111)."""

    status, type = 403, "InsufficientScope"

    def __init__(self, needed: Iterable[str]) -> None:
        scope = " ".join(needed)
        challenge = f'Bearer realm="{settings.INSTANCE_URL}", error="insufficient_scope", scope="{scope}"'
        super().__init__(
            f"The token does not have the scope this request needs: {scope}.",
            cause=Cause.SCOPE_MISSING,
            headers={"WWW-Authenticate": challenge},
        )


class NotFound(ApiError):
    """No such entity set, operation or record."""

    status, type = 404, "NotFound"


class Renamed(ApiError):
    """A former name of an entity set (API-12)."""

    status, type = 404, "Renamed"


class MethodNotAllowed(ApiError):
    """The address exists and does not support the method (API-20)."""

    status, type = 405, "MethodNotAllowed"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        super().__init__(f"{method[:20]} is not supported at this address.", headers={"Allow": ", ".join(allowed)})


class NotAcceptable(ApiError):
    """The caller accepts no media type that this address can produce (API-13)."""

    status, type = 406, "NotAcceptable"


class TooLarge(ApiError):
    """The request target (414) or the body (413) is too long (API-18)."""

    type = "TooLarge"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class TooManyRequests(ApiError):
    """The session used up its requests for now (SE-80). ``limit`` names the limit, ``wait`` is in seconds."""

    status, type = 429, "TooManyRequests"

    def __init__(self, limit: Cause, wait: int) -> None:
        seconds = "1 second" if wait == 1 else f"{wait} seconds"
        super().__init__(
            f"Too many requests in this session. Try again in {seconds}.",
            cause=limit,
            headers={"Retry-After": str(wait)},
        )


class NoFreeLicense(ApiError):
    """No license slot is free for another session (SE-58, SE-59). The token is as good as before (SE-60)."""

    status, type = 503, LicenseSlotsExhausted.code

    def __init__(self, *, is_of_pool: bool = True) -> None:
        whose = "of this instance" if is_of_pool else "that this application may use"
        super().__init__(
            f"{self.type}: all concurrent licenses {whose} are in use. Try again later.",
            headers={"Retry-After": "60"},
        )


class Unavailable(ApiError):
    """The database or the cache is away for a while (OPS-14)."""

    status, type = 503, "ServiceUnavailable"

    def __init__(self) -> None:
        super().__init__(
            "The service is not available right now. Try again in a moment.",
            headers={"Retry-After": str(outages.RETRY_AFTER)},
        )


class NotSupported(ApiError):
    """A feature of OData or of the ERP that this product leaves out."""

    status, type = 501, "NotSupported"


# The same of what only a token for the data APIs can show.
_DESCRIPTIONS = {
    **SHOWN_BY_THE_TOKEN,
    Cause.TOKEN_WITHOUT_SCOPE: "The token has no scope for this API; ask for read",
}


def _from_credential(error: CredentialError) -> ApiError:
    """The refusal for a credential. It does not tell which part of the credential was wrong (DR-02)."""
    if isinstance(error, SeveralCredentials):
        refusal = ApiError("Send exactly one credential with a request.", cause=error.cause)
        refusal.status, refusal.error = 400, "InvalidRequest"
        return refusal
    challenge = f'Bearer realm="{settings.INSTANCE_URL}"'
    if isinstance(error, MissingCredential):
        refusal = ApiError("A credential is required.", cause=error.cause, headers={"WWW-Authenticate": challenge})
        refusal.status, refusal.error = 401, "Unauthorized"
        return refusal
    description = _DESCRIPTIONS.get(error.cause, "The token is not valid for this API")
    challenge += f', error="invalid_token", error_description="{description}"'
    refusal = ApiError(f"{description}.", cause=error.cause, headers={"WWW-Authenticate": challenge})
    refusal.status, refusal.error = 401, "InvalidToken"
    return refusal


# Status and type of what Django and the framework raise by themselves.
_TYPES = {
    400: "InvalidBody",
    403: "AccessDenied",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    413: "TooLarge",
    415: "UnsupportedMediaType",
}


def _refusal(error: Exception) -> ApiError | None:
    """The refusal that an exception stands for; None for an unforeseen one."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, CredentialError):
        return _from_credential(error)
    if isinstance(error, LicenseSlotsExhausted):
        return NoFreeLicense(is_of_pool=error.limit is None)  # its event is written where sessions are opened
    if outages.report(error):
        return Unavailable()
    if isinstance(error, Http404):
        return NotFound("There is nothing at this address.")
    if isinstance(error, RequestDataTooBig):
        return TooLarge("The body is too long.", status=413)
    refusal = None
    if isinstance(error, PermissionDenied):
        refusal = ApiError("Access is denied.")
        refusal.status = 403
    elif isinstance(error, APIException) and error.status_code < 500:
        refusal = ApiError(str(error.detail))
        refusal.status = error.status_code
    if refusal is not None:
        refusal.error = _TYPES.get(refusal.status, "InvalidRequest")
        refusal.cause = Cause.ACCESS_DENIED if refusal.status == 403 else Cause.INVALID_REQUEST
    return refusal


def body(error: ApiError, *, info: str = "") -> str:
    """The error body. ``code`` is a number, because the vendor's client casts it to one (TK-113, API-16)."""
    members = {
        "message": error.description,
        "code": error.status,
        "type": error.error,
        "info": info,
        "messageFormat": None,
        "parameters": None,
    }
    return plain_escapes(json.dumps({"error": members}, ensure_ascii=False, separators=(",", ":")))


def _leave_trace(error: ApiError, original: Exception, request: HttpRequest, principal: Any) -> None:
    """One event for a refused call, in a transaction of its own: nothing else was changed (AU-03, AU-04)."""
    client_id = principal.client_id if principal is not None else getattr(original, "client_id", "")
    token_id = principal.token_id if principal is not None else getattr(original, "token_id", "")
    actor = (
        Actor("user", principal.user_id, principal.login)
        if principal is not None
        else Actor("application", "", client_id)
    )
    try:
        record_refusal(
            events.API_CALL_REFUSED,
            error.cause,
            is_known=principal is not None,
            actor=actor,
            client_id=client_id,
            token_id=token_id,
            detail={
                "status": error.status,
                # The path without its query: an address may carry what must not be written down (IS-32).
                "method": (request.method or "")[:20],
                "path": beginning(request.path_info, 500),
            },
        )
    except DatabaseError as failure:
        # The refusal stands even while it cannot be written down.
        if not outages.report(failure):
            log.exception("a refused call could not be recorded", cause=error.cause)


def _logged(response: HttpResponse) -> HttpResponse:
    """Tell Django that what there is to say about this answer has been written: it would log every 501 as an error."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The response for an exception; the framework calls it for every one. Never None, so nothing is re-raised."""
    request: HttpRequest = context["view"].request._request
    refusal = _refusal(error)
    if refusal is None:
        log.exception("unforeseen error", exc_info=error, method=request.method, path=request.path_info)
        info = type(error).__name__ if settings.DEBUG else ""
        return _logged(answer(body(ApiError("The request could not be served."), info=info), status=500))
    if refusal.status in (401, 403, 429) or isinstance(error, CredentialError):
        _leave_trace(refusal, error, request, context["view"].principal)
    response = answer(body(refusal), status=refusal.status)
    for name, value in refusal.headers.items():
        response.headers[name] = value
    return _logged(response)
