"""The answer to a program that came without HTTPS (ID-03): in the form in which it reads every other error."""

import json

from django.http import HttpResponse

_TEXT = "HTTPS is required."


def refusal(path: str) -> HttpResponse:
    """403. A program that sent its secret in the clear must notice, so it is not sent on."""
    if path.startswith(("/api", "/tableapi")):
        members = {"message": _TEXT, "code": 403, "type": "Forbidden", "info": "", "messageFormat": None}
        return _json({"error": {**members, "parameters": None}})
    if path.startswith(("/id/", "/.well-known/")):
        return _json({"error": "invalid_request", "error_description": _TEXT})
    return HttpResponse(_TEXT, status=403, content_type="text/plain; charset=utf-8")


def _json(content: object) -> HttpResponse:
    return HttpResponse(json.dumps(content), status=403, content_type="application/json")
