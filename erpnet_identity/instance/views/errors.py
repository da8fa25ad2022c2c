"""What is answered when no view answers: a page for people, a body that their client can read for programs.

Every form names the correlation id, with which an administrator finds the request among the audit events (AU-05,
AU-12). None of it needs the database or a session: those may be what failed.
"""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    DisallowedRedirect,
    RequestDataTooBig,
    SuspiciousMultipartForm,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils import translation

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import current
from erpnet_identity.edge import outages
from erpnet_identity.edge.language import language_of
from erpnet_identity.edge.mount import OutsidePath
from erpnet_identity.edge.paths import is_asked_by_machine, is_machine
from erpnet_identity.edge.proxies import UntrustedProxy
from erpnet_identity.identity import error_audit
from erpnet_identity.operations.version import VERSION
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from erpnet_identity.platform.redaction import beginning, scrub

from . import stale_form

_LONGEST_HOST = 100
log = structlog.get_logger("erpnet.edge")
_warn = RateLimitedWarning(
    log,
    "requests come through a proxy that is not trusted; INSTANCE_URL is https, so every one of them is refused",
)
_warn_of_silence = RateLimitedWarning(
    log,
    "browsers that speak HTTPS come through a proxy that does not say so; INSTANCE_URL is https, so they are refused",
)

_TYPES = {400: "InvalidRequest", 403: "Forbidden", 404: "NotFound", 500: "ServerError", 503: "ServiceUnavailable"}
_CODES = {
    400: "invalid_request",
    403: "access_denied",
    404: "not_found",
    500: "server_error",
    503: "temporarily_unavailable",
}
_MESSAGES = {
    400: "The request cannot be understood.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    500: "Something went wrong on the server.",
    503: "The service is not available right now. Try again in a moment.",
}

# What Django answers with 400.
_BAD_REQUESTS: dict[type, Cause] = {
    BadRequest: Cause.BAD_REQUEST,
    SuspiciousOperation: Cause.SUSPICIOUS_OPERATION,
    MultiPartParserError: Cause.MULTIPART_MALFORMED,
    SuspiciousMultipartForm: Cause.MULTIPART_SUSPICIOUS,
    TooManyFieldsSent: Cause.TOO_MANY_FIELDS,
    TooManyFilesSent: Cause.TOO_MANY_FILES,
    RequestDataTooBig: Cause.BODY_TOO_LARGE,
    SessionInterrupted: Cause.SESSION_INTERRUPTED,
    DisallowedRedirect: Cause.REDIRECT_REFUSED,
    DisallowedModelAdminLookup: Cause.LIST_FILTER_REFUSED,
    DisallowedModelAdminToField: Cause.LIST_REFERENCE_REFUSED,
}


def _for_program(path: str, status: int, correlation_id: str, message: str) -> HttpResponse:
    message = f"{message or _MESSAGES[status]} Correlation id: {correlation_id}"
    content: dict[str, Any]
    if path.startswith(("/api", "/tableapi")):
        # The only shape that the vendor's client survives: `code` is a number (API-16, CL-78).
        content = {"message": message, "code": status, "type": _TYPES[status], "info": ""}
        content = {"error": {**content, "messageFormat": None, "parameters": None}}
    elif path.startswith(("/id/", "/.well-known/")):
        content = {"error": _CODES[status], "error_description": message}
    else:
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    return HttpResponse(json.dumps(content), status=status, content_type="application/json; charset=utf-8")


def _answer(
    request: HttpRequest, status: int, template: str = "", *, message: str = "", **context: Any
) -> HttpResponse:
    """The page ``template`` with ``context``, or for a program ``message``; without them those of the status."""
    correlation_id = current().correlation_id
    for_program = is_asked_by_machine if status == 404 else is_machine
    if for_program(request.path_info):
        response = _for_program(request.path_info, status, correlation_id, message)
    else:
        # As a plain value, which the language menu reads the address from; no context processor looks at a session.
        context |= {"version": VERSION, "correlation_id": correlation_id, "request": request, "asks_nothing": True}
        # Said here: some requests are refused before their language was activated, or fail after it was given up.
        language = language_of(request)
        with translation.override(language):
            page = render_to_string(template or f"{status}.html", context)
        response = HttpResponse(page, status=status, headers={"Content-Language": language})
    response["Cache-Control"] = "no-store"
    return response


def _cause_of(exception: Exception | None) -> Cause:
    """The cause of the nearest class that is listed."""
    return next((_BAD_REQUESTS[kind] for kind in type(exception).__mro__ if kind in _BAD_REQUESTS), Cause.MALFORMED)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400"""
    if isinstance(exception, DisallowedHost):
        return _unknown_host(request)
    error_audit.record_refused(request, 400, _cause_of(exception))
    return _answer(request, 400)


def _unknown_host(request: HttpRequest) -> HttpResponse:
    """400 for a host that is not ours, which is what a proxy that does not pass on the host looks like."""
    sent = scrub(beginning(request.META.get("HTTP_HOST", ""), _LONGEST_HOST))
    known = urlsplit(settings.INSTANCE_URL).netloc
    # Instead of Django's own, which has a traceback and names no setting for a host such as nginx's erp_backend.
    log.warning("the host of a request is not one of this instance", host=sent, setting="ALLOWED_HOSTS")
    error_audit.record_refused(request, 400, Cause.HOST_UNKNOWN, host=sent, setting="ALLOWED_HOSTS")
    return _answer(request, 400, "400_host.html", sent_host=sent, known_host=known, has_advice=True)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403"""
    if isinstance(exception, UntrustedProxy):
        return _untrusted_proxy(request, exception)
    error_audit.record_refused(request, 403, Cause.FORBIDDEN)
    return _answer(request, 403)


def _untrusted_proxy(request: HttpRequest, proxy: UntrustedProxy) -> HttpResponse:
    """403 for what would otherwise be sent on to the same address for ever (ID-03)."""
    if not proxy.header:
        _warn_of_silence.about(header="X-Forwarded-Proto", address=proxy.address)
        error_audit.record_refused(request, 403, Cause.PROXY_SILENT, header="X-Forwarded-Proto")
        return _answer(request, 403, "403_proxy_silent.html", proxy=proxy, has_advice=True)
    _warn.about(header=proxy.header, address=proxy.address, setting="TRUSTED_PROXIES")
    error_audit.record_refused(request, 403, Cause.PROXY_NOT_TRUSTED, header=proxy.header, setting="TRUSTED_PROXIES")
    message = f"{proxy.header} was sent by {proxy.address}, which is not among TRUSTED_PROXIES. HTTPS is required."
    return _answer(request, 403, "403_proxy.html", message=message, proxy=proxy, has_advice=True)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token. ``reason`` is for developers and stays in Django's log."""
    if getattr(request, "is_stale_form", False):
        return stale_form.answer(request)
    error_audit.record_refused(request, 403, Cause.FORM_TOKEN, reason=reason)
    return _answer(request, 403, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404"""
    if isinstance(exception, OutsidePath):
        return _outside(request)
    error_audit.record_refused(request, 404, Cause.NOT_FOUND)
    return _answer(request, 404)


def _outside(request: HttpRequest) -> HttpResponse:
    """404 beside the path of the instance, which is also what a proxy looks like that takes it away or leaves it on
    without anybody having said so (OPS-13)."""
    path, is_stripped = settings.FORCE_SCRIPT_NAME, settings.PROXY_STRIPS_PATH
    error_audit.record_refused(request, 404, Cause.PATH_UNKNOWN, setting="ERPNET_PROXY_STRIPS_PATH")
    message = f"{_MESSAGES[404]} The instance is at {settings.INSTANCE_URL}; this request came " + (
        f"with {path} although ERPNET_PROXY_STRIPS_PATH is on." if is_stripped else f"without {path}."
    )
    context = {"root": settings.INSTANCE_URL, "path": path, "is_stripped": is_stripped, "has_advice": True}
    return _answer(request, 404, "404_path.html", message=message, **context)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when the failure is an outage: every exception that no view caught ends here, wherever it was
    raised (RFC 6749 §4.1.2.1, OPS-14)."""
    error = sys.exception()
    if error is None or not outages.report(error):
        error_audit.record_failed(request, type(error).__name__ if error is not None else "")
        return _answer(request, 500)
    response = _answer(request, 503)
    response["Retry-After"] = str(outages.RETRY_AFTER)
    # The log has been told. Django's own would be a traceback for every request.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
