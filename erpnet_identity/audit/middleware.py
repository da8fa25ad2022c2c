"""Gives every request its correlation id and writes its one log line (AU-05)."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from erpnet_identity.edge.proxies import as_ipv4, client_address, read_forwarded, standard_header
from erpnet_identity.platform import request_log

from . import context
from .unauthenticated import record_throttled

log = structlog.get_logger("erpnet.audit")

# Addresses that machines ask over and over and whose answers say nothing about anyone.
_QUIET = ("/health/", "/static/", "/tools/", "/sys/", "/id/.well-known/", "/.well-known/")


class AuditContextMiddleware:
    """The outermost layer: fills the audit context for the request, so that no answer leaves without
    ``X-Correlation-Id``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        meta = request.META
        # From here on REMOTE_ADDR is the caller; the peer that is connected to us decides what may be believed.
        meta["REMOTE_ADDR"] = peer = as_ipv4(meta.get("REMOTE_ADDR", ""))
        request.peer_address = peer  # type: ignore[attr-defined]
        if forwarded_for := meta.get("HTTP_X_FORWARDED_FOR", ""):
            meta["REMOTE_ADDR"] = client_address(peer, forwarded_for, settings.TRUSTED_PROXIES)
        elif forwarded := standard_header(meta):
            meta["REMOTE_ADDR"] = read_forwarded(peer, forwarded, settings.TRUSTED_PROXIES).address
        correlation_id = context.correlation_id_from(meta.get("HTTP_X_CORRELATION_ID", ""))
        token = context.enter(
            context.Origin(
                correlation_id=correlation_id,
                address=meta.get("REMOTE_ADDR", ""),
                user_agent=meta.get("HTTP_USER_AGENT", "")[:254],
            )
        )
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        try:
            response = self.get_response(request)
            response.headers["X-Correlation-Id"] = correlation_id
            if response.status_code == 429:
                self._note_throttled(request)
            if not request.path_info.startswith(_QUIET):
                # The path without its query: an address may carry what must not be written down (IS-32).
                request_log.write(
                    method=request.method or "",
                    path=request.path_info,
                    status=response.status_code,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    address=meta.get("REMOTE_ADDR", ""),
                    correlation_id=correlation_id,
                )
            return response
        finally:
            structlog.contextvars.unbind_contextvars("correlation_id")
            context.leave(token)

    def _note_throttled(self, request: HttpRequest) -> None:
        """Leave the event of an answer 429, unless the code that refused has left one."""
        if any(context.current().noted):
            return
        try:
            record_throttled(status=429, method=request.method or "", path=request.path_info)
        except Exception as error:
            # The answer stands even while it cannot be written down.
            log.warning("a caller that is slowed down could not be recorded", error=type(error).__name__)
