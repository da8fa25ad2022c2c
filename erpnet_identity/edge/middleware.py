"""HTTPS and the headers that every response carries."""

from collections.abc import Callable

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from . import mount, plain_http
from .paths import is_machine, opener_policy
from .policy import CONTENT_SECURITY_POLICY
from .proxies import UntrustedProxy, claims_https, is_https, is_of_secure_page, read_forwarded, standard_header


class EdgeMiddleware:
    """Was it HTTPS, is it a program or a person, and which headers leave with the answer.

    After it ``request.is_machine`` tells programs from browsers (ID-03, ID-04, OP-230, OP-231), and the path of the
    instance is no part of ``request.path_info`` any more (OPS-13).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        meta = request.META
        peer: str = request.peer_address  # type: ignore[attr-defined]
        forwarded_proto = meta.get("HTTP_X_FORWARDED_PROTO", "")
        if not forwarded_proto and (forwarded := standard_header(meta)):
            forwarded_proto = read_forwarded(peer, forwarded, settings.TRUSTED_PROXIES).scheme
        secure = is_https(request.scheme or "", forwarded_proto, peer, settings.TRUSTED_PROXIES)
        if secure:
            # Django asks this variable whether cookies may be marked secure and which scheme a form came from.
            meta["wsgi.url_scheme"] = "https"
            request.environ["wsgi.url_scheme"] = "https"  # type: ignore[attr-defined]
        request.is_outside = mount.is_outside(request)  # type: ignore[attr-defined]
        machine = request.is_machine = is_machine(request.path_info)  # type: ignore[attr-defined]

        refused = None
        if settings.HTTPS_ONLY and not secure and not request.path_info.startswith("/health/"):
            refused = self._refuse_plain_http(request, machine)
        response: HttpResponseBase = refused if refused is not None else self.get_response(request)

        headers = response.headers
        if not response.streaming and response.status_code not in (204, 304) and "Content-Length" not in headers:
            # Without it the server has to send the body in chunks.
            headers["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if not machine:
            headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            headers.setdefault("X-Frame-Options", "DENY")
            headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
            headers.setdefault("Cross-Origin-Opener-Policy", opener_policy(request.path_info))
            headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if settings.HTTPS_ONLY and secure:
            headers.setdefault(
                "Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
            )
        return response

    def _refuse_plain_http(self, request: HttpRequest, machine: bool) -> HttpResponse | None:
        """The answer to a request without HTTPS; None for a style sheet of the page that says what is wrong."""
        header = claims_https(request.META)
        if header or (not machine and is_of_secure_page(request.META)):
            # It would come back as often as it is sent on.
            if request.path_info.startswith("/static/") and request.method in ("GET", "HEAD"):
                return None
            address: str = request.peer_address  # type: ignore[attr-defined]
            return response_for_exception(request, UntrustedProxy(header, address))
        # A program that sent its secret in the clear must notice; a person who typed the address is sent on.
        if machine or request.method not in ("GET", "HEAD"):
            return plain_http.refusal(request.path_info)
        return HttpResponseRedirect(mount.origin() + request.get_full_path())


class OutsideMiddleware:
    """Nothing but 404 beside the path of the instance (OPS-13). Static files come before: the page that says so needs
    them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.is_outside:  # type: ignore[attr-defined]
            raise mount.OutsidePath
        return self.get_response(request)
