"""Which web pages of other origins may talk to the Identity Server (ID-08, OP-140)."""

from django.http import HttpRequest, HttpResponse

from trusted_apps.models import TrustedApplication


def is_registered_origin(origin: str) -> bool:
    """Whether an enabled application has a login or logout address of exactly this origin."""
    if not origin.startswith(("http://", "https://")) or len(origin) > 300:
        return False
    # The text search narrows, the exact comparison decides.
    candidates = TrustedApplication.objects.enabled().filter(redirect_uris__contains=origin) | (
        TrustedApplication.objects.enabled().filter(post_logout_redirect_uris__contains=origin)
    )
    return any(
        application.origin_allowed(origin)
        for application in candidates.only("redirect_uris", "post_logout_redirect_uris")
    )


def allow_registered_origin(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let the page that asked read the answer, errors included. Never with cookies."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin:
        response["Vary"] = "Origin"
        if is_registered_origin(origin):
            response["Access-Control-Allow-Origin"] = origin
    return response


def preflight(methods: str) -> HttpResponse:
    """The answer to a browser that asks before it sends."""
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    response["Access-Control-Max-Age"] = "600"
    return response
