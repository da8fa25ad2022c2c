"""The addresses of the API site. Which sets there are is the published model's to say: ``edm/registry.py``."""

from django.urls import URLPattern, URLResolver, re_path

from .viewsets import EntitySetViewSet, NothingView

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"\Adomain/odata(?:/(?P<path>.*))?\Z", EntitySetViewSet.as_view(), name="domain-api"),
    # Last: what exists nowhere is guarded as well.
    re_path(r"", NothingView.as_view(), name="api-nothing"),
]
