"""``/health/live`` and ``/health/ready`` for probes that watch the process (OPS-08)."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from . import health


def _json(content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = HttpResponse(json.dumps(content), status=status, content_type="application/json; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def _reading_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    # Django's own decorator answers with an empty page for people.
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        response = _json({"error": "invalid_request", "error_description": "Only GET is allowed"}, status=405)
        response["Allow"] = "GET, HEAD"
        return response

    return guarded


@_reading_only
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; looks at nothing else, so that a slow database restarts nobody."""
    return _json({"status": "live"})


@_reading_only
def ready(request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work, with the parts that it does without for now; else 503 with the parts that
    make it useless."""
    parts = health.check()
    bad = [name for name, result in parts.items() if result != health.OK]
    failing = [name for name in bad if name not in health.DISPENSABLE]
    degraded = [name for name in bad if name in health.DISPENSABLE]
    content = {
        "status": "not ready" if failing else "ready",
        "failing": failing,
        "degraded": degraded,
        "checks": parts,
    }
    response = _json(content, status=503 if failing else 200)
    # Each bad part has its line already; Django's own would only repeat the status (OPS-08).
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
