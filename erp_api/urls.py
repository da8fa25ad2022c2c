"""The addresses of the API site. Which sets there are is the published model's to say: ``edm/registry.py``."""

from django.urls import URLPattern, URLResolver, re_path

from .views import EntitySetView, NotFoundView

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"\Adomain/odata(?:/(?P<path>.*))?\Z", EntitySetView.as_view(), name="domain-api"),
    # Last: what exists nowhere is guarded as well.
    re_path(r"", NotFoundView.as_view(), name="api-not-found"),
]
