"""Style sheets and images, served by the process itself."""

from typing import Any

from django.http import HttpRequest
from whitenoise.middleware import WhiteNoiseMiddleware

from .conditional import is_current


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which compares an entity tag as text and so knows neither weak ones nor lists."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> Any:  # type: ignore[override]
        etag = getattr(static_file, "etag", None)  # a redirect to another file has none
        if etag is not None and is_current(etag, request.META):
            request.META["HTTP_IF_NONE_MATCH"] = etag
        return WhiteNoiseMiddleware.serve(static_file, request)
