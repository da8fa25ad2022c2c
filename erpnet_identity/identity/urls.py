"""The pages of a person's account at the Identity Server."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

app_name = "identity"


def _page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


urlpatterns = [
    path("signin", _page, name="signin"),
    path("account", _page, name="select-account"),
    path("", _page, name="home"),
]
