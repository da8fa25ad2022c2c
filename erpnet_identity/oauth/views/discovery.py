"""Discovery document and key set: public, cacheable, readable from every origin (ID-10 to ID-24, OP-01 to OP-27)."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified
from django.utils import timezone

from erpnet_identity.keys.jwks import key_set

from ..cors import preflight
from ..metadata import document

MAX_AGE = 3600


@lru_cache(maxsize=16)
def _written(text: str) -> tuple[bytes, str]:
    body = text.encode("utf-8")
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _answer(request: HttpRequest, content: dict[str, Any]) -> HttpResponse:
    if request.method == "OPTIONS":
        response = preflight("GET, HEAD")
    elif request.method not in ("GET", "HEAD"):
        response = HttpResponseNotAllowed(["GET", "HEAD", "OPTIONS"])
    else:
        body, etag = _written(json.dumps(content))
        if request.META.get("HTTP_IF_NONE_MATCH") == etag:
            response = HttpResponseNotModified()
        else:
            response = HttpResponse(body, content_type="application/json")
        response["ETag"] = etag
        response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def discovery(request: HttpRequest) -> HttpResponse:
    """The discovery document at both of its addresses (ID-10, ID-16, OP-270)."""
    return _answer(request, document())


def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys (ID-20)."""
    return _answer(request, key_set(timezone.now()))
