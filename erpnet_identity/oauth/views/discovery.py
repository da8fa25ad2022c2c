"""Discovery document and key set: public, cacheable, readable from every origin (ID-10 to ID-24, OP-01 to OP-27)."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified
from django.utils import timezone

from erpnet_identity.keys.jwks import key_set, published_kids
from erpnet_identity.platform.etags import is_current
from trusted_apps.cors import allow_every_origin, preflight

from ..metadata import document

MAX_AGE = 3600


def _written(content: dict[str, Any]) -> tuple[bytes, str]:
    """The body of an answer and its entity tag."""
    body = json.dumps(content).encode("utf-8")
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@lru_cache(maxsize=4)
def _document(issuer: str) -> tuple[bytes, str]:
    return _written(document())


@lru_cache(maxsize=16)
def _key_set(kids: tuple[str, ...]) -> tuple[bytes, str]:
    # A key's public part never changes, so the ids of the published keys say everything.
    return _written(key_set(timezone.now()))


def _answer(request: HttpRequest, body: bytes, etag: str) -> HttpResponse:
    if request.method == "OPTIONS":
        response = preflight("GET, HEAD")
    elif request.method not in ("GET", "HEAD"):
        error = {"error": "invalid_request", "error_description": "Only GET is allowed"}
        response = HttpResponseNotAllowed(
            ["GET", "HEAD", "OPTIONS"], json.dumps(error), content_type="application/json"
        )
        response.headers["Cache-Control"] = "no-store"
    else:
        if is_current(etag, request.META):
            response = HttpResponseNotModified()
        else:
            response = HttpResponse(body, content_type="application/json")
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return allow_every_origin(response)


def discovery(request: HttpRequest) -> HttpResponse:
    """The discovery document at both of its addresses (ID-10, ID-16, OP-270)."""
    return _answer(request, *_document(settings.ISSUER))


def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys (ID-20)."""
    return _answer(request, *_key_set(published_kids()))
