"""Pages of other origins that call the API with a token (API-19)."""

from django.http import HttpRequest, HttpResponse

from trusted_apps.origins import is_registered_origin

ALLOWED_METHODS = "GET, POST, PATCH, DELETE"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Accept, Accept-Language, Prefer, TransactionId, X-Api-Key, Api-Key, "
    "OData-Version, OData-MaxVersion"
)
EXPOSED_HEADERS = "Location, OData-Version, Retry-After, WWW-Authenticate, X-Correlation-Id"
MAX_AGE = 600


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks before it sends. It cannot carry a credential then."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.META
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    )


def preflight() -> HttpResponse:
    """The answer to ``is_preflight``; it says the same about every address."""
    response = HttpResponse(status=204)
    headers = response.headers
    headers["OData-Version"] = "4.0"
    headers["Cache-Control"] = "no-store"
    headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    headers["Access-Control-Max-Age"] = str(MAX_AGE)
    return response


def allow_registered_origin(request: HttpRequest, response: HttpResponse) -> None:
    """Let a page read the answer, errors included, if its origin is that of a login or logout address of an enabled
    application. Never ``*``, never with cookies."""
    origin = request.META.get("HTTP_ORIGIN")
    if not origin:
        return
    response.headers["Vary"] = "Origin"
    if is_registered_origin(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
