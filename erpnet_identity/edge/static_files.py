"""Style sheets, scripts and images, served by the process itself."""

import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from erpnet_identity.platform.etags import is_current

_TEXT = ("text/", "image/svg+xml", "application/json")
# A coding by its name, unless its weight is nothing (RFC 9110 §12.5.3); 12.4.2 gives a weight three digits.
_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q\s*=\s*(?!0(?:\.0{0,3})?\s*(?:,|$))[0-9.]{1,5}\s*)?(?:,|$)", re.I)
_MOST_FILES = 64  # more than the pages of the product name


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which compares an entity tag as text and so knows neither weak ones nor lists, and which compresses
    only what was collected into a folder before the start."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> Any:  # type: ignore[override]
        """The file, compressed where the caller can read that: its tag is weak then, because the bytes are others."""
        etag = getattr(static_file, "etag", None)  # a redirect to another file has none
        if etag is not None and is_current(etag, request.META):
            request.META["HTTP_IF_NONE_MATCH"] = etag
        response: Any = WhiteNoiseMiddleware.serve(static_file, request)
        if etag is None:
            return response
        path, headers = static_file.alternatives[0][1:]
        if not dict(headers).get("Content-Type", "").startswith(_TEXT):
            return response
        response.headers["Vary"] = "Accept-Encoding"
        accepted = _GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        if not accepted or response.status_code not in (200, 206, 304) or (packed := _packed(path, etag)) is None:
            return response
        response.headers["ETag"] = f"W/{etag}"
        if response.status_code == 304:
            return response
        response.close()
        # All of the file: a range of compressed bytes helps nobody, and a server need not know ranges (RFC 9110 §14.2).
        answer = HttpResponse(packed if request.method == "GET" else b"", headers=dict(headers))
        for name in ("Vary", "ETag"):
            answer.headers[name] = response.headers[name]
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Content-Length"] = str(len(packed))
        return answer


@lru_cache(maxsize=_MOST_FILES)
def _packed(path: str, etag: str) -> bytes | None:
    """The compressed file as it is now, kept from the first time it is asked for; None where little is gained.
    ``etag`` tells one state of the file from the next."""
    content = Path(path).read_bytes()
    packed = gzip.compress(content, mtime=0)
    return packed if len(packed) < 0.95 * len(content) else None
