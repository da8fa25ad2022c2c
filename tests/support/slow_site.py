"""The product's addresses, one that takes its time, one that says what has arrived, and two that answer in pieces."""

import hashlib
import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(float(request.GET.get("seconds", 1.5)))
    return HttpResponse("finished", content_type="text/plain")


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    body = request.read()
    seen = {"length": len(body), "digest": hashlib.sha256(body).hexdigest()}
    return JsonResponse({**seen, "for": request.META.get("HTTP_X_FORWARDED_FOR"), "environ": sorted(request.META)})


def pieces(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse((b"%07d\n" % number for number in range(200_000)), content_type="text/plain")


def broken(request: HttpRequest) -> StreamingHttpResponse:
    def begin() -> Iterator[bytes]:
        yield b"begun"
        raise SystemExit

    return StreamingHttpResponse(begin(), content_type="text/plain")


urlpatterns = [
    path("slow", slow),
    path("echo", echo),
    path("pieces", pieces),
    path("broken", broken),
    path("", include("erpnet_identity.urls")),
]
