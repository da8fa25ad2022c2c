"""The product's addresses and one that takes its time: for stopping a server meanwhile."""

import time

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1.5)
    return HttpResponse("finished", content_type="text/plain")


urlpatterns = [path("slow", slow), path("", include("erpnet_identity.urls"))]
