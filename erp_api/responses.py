"""What leaves: bodies as text, and the headers that every answer of the API carries (API-14)."""

from django.conf import settings
from django.http import HttpResponse

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
TEXT_TYPE = "text/plain;charset=utf-8"


def service_root() -> str:
    """The published address of the service root, with its trailing slash (API-01, API-02)."""
    return f"{settings.INSTANCE_URL}/api/domain/odata/"


def with_api_headers(response: HttpResponse) -> HttpResponse:
    """The response with what every one of the API carries: the version, and that no cache keeps it."""
    headers = response.headers
    headers["OData-Version"] = "4.0"
    headers["Cache-Control"] = "no-store"
    return response


def answer(text: str, *, status: int = 200, content_type: str = JSON_TYPE) -> HttpResponse:
    """A response with this body."""
    return with_api_headers(HttpResponse(text.encode("utf-8"), status=status, content_type=content_type))
