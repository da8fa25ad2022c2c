"""Pages of other origins: who may read what we answer, in one rule for every endpoint (ID-08, OP-140, API-19)."""

from django.http import HttpRequest, HttpResponse

from erpnet_identity.edge import mount

from .origins import is_registered_origin

_REGISTERED = "_origin_is_registered"
MAX_AGE = 600  # seconds for which a browser need not ask again
# What a page may read beyond the body: why it was refused, when to come back, and the id to tell an administrator.
EXPOSED = "Retry-After, WWW-Authenticate, X-Correlation-Id"


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks before it sends. It cannot carry a credential then."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.META
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    )


def preflight(methods: str, allowed: str = "Authorization, Content-Type") -> HttpResponse:
    """The answer to a browser that asks: these methods with these headers."""
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]  # there is no content
    response.headers["Access-Control-Allow-Methods"] = methods
    response.headers["Access-Control-Allow-Headers"] = allowed
    response.headers["Access-Control-Max-Age"] = str(MAX_AGE)
    return response


def allow_every_origin(response: HttpResponse) -> HttpResponse:
    """Let every page read the answer, which says nothing about anyone."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def is_foreign(request: HttpRequest) -> bool:
    """Whether the page of another origin sent this that belongs to no enabled application. Programs name no origin, and
    pages of ours name our own."""
    origin = request.META.get("HTTP_ORIGIN", "")
    return bool(origin) and origin.lower() != mount.origin() and not _is_registered(request, origin)


def _is_registered(request: HttpRequest, origin: str) -> bool:
    """Asked once per request."""
    if not hasattr(request, _REGISTERED):
        setattr(request, _REGISTERED, is_registered_origin(origin))
    registered: bool = getattr(request, _REGISTERED)
    return registered


def allow_registered_origin(request: HttpRequest, response: HttpResponse, exposed: str = EXPOSED) -> HttpResponse:
    """Let the page that asked read the answer, errors included, if its origin is that of a login or logout address of
    an enabled application. Never ``*``, never with cookies."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin:
        response.headers["Vary"] = "Origin"
        if _is_registered(request, origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = exposed
    return response
