"""Which web pages of other origins may talk to the Identity Server (ID-08, OP-140)."""

from django.http import HttpRequest, HttpResponse

from trusted_apps.origins import is_registered_origin

# What a page may read beyond the body: why it was refused, when to come back, and the id to tell an administrator.
EXPOSED_HEADERS = "Retry-After, WWW-Authenticate, X-Correlation-Id"


def allow_registered_origin(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let the page that asked read the answer, errors included. Never with cookies."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin:
        response["Vary"] = "Origin"
        if is_registered_origin(origin):
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response


def preflight(methods: str) -> HttpResponse:
    """The answer to a browser that asks before it sends."""
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    response["Access-Control-Max-Age"] = "600"
    return response
