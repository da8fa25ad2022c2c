"""The public information tools of the instance root (IS-02 to IS-05, IS-10 to IS-33).

They open no session, and all but auto-discovery answer without the database.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from erpnet_identity.operations import machine
from erpnet_identity.operations.version import VERSION
from trusted_apps.cors import allow_every_origin

from .. import changelog, sites

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
# More fields than any caller has reason to send; the rest is not worth parsing.
_MAX_FIELDS = 20

View = Callable[[HttpRequest], HttpResponse]


def _tool(view: View) -> View:
    """GET and HEAD only, readable by pages of every origin, refusals included (IS-04)."""
    guarded = require_safe(view)

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        response = guarded(request)
        if response.status_code == 405:
            response["Content-Type"] = TEXT_TYPE
        return allow_every_origin(response)

    return answer


def _json(content: dict[str, Any], *, status: int = 200, cache: str) -> HttpResponse:
    response = HttpResponse(json.dumps(content), status=status, content_type=JSON_TYPE)
    response["Cache-Control"] = cache
    return response


def _text(content: str, *, cache: str) -> HttpResponse:
    response = HttpResponse(content, content_type=TEXT_TYPE)
    response["Cache-Control"] = cache
    return response


@_tool
def auto_discovery(request: HttpRequest) -> HttpResponse:
    """Which sites there are, where, and whether they work. The casing of the keys is part of the contract."""
    instance = sites.describe()
    content = {
        "Host": instance.host,
        "DbName": instance.database,
        "WebSites": [
            {
                "Type": site.type,
                "Status": site.status,
                "StatusDescription": site.status_description,
                "Url": site.url,
                "System": site.is_system,
                "AdditionalProperties": site.properties,
            }
            for site in instance.sites
        ],
    }
    return _json(content, cache="public, max-age=10")


@_tool
def server_info(request: HttpRequest) -> HttpResponse:
    """Version, downloads, and how clients should talk to the server. There are no desktop programs here (IS-26)."""
    content = {
        "version": VERSION,
        "downloads": {
            "whatsNew": f"{settings.INSTANCE_URL}/sys/downloads/whatsnew.txt",
            "winClient": None,
            "posClient": None,
            "winClient64": None,
            "posClient64": None,
        },
        "internalApi": {"useHttpCompression": False},
    }
    return _json(content, cache="public, max-age=60")


@_tool
def whats_new(request: HttpRequest) -> HttpResponse:
    """The list of changes as text (IS-26)."""
    return _text(changelog.text(), cache="public, max-age=60")


@_tool
def ver(request: HttpRequest) -> HttpResponse:
    """The version alone, without a line break (IS-29)."""
    return _text(VERSION, cache="public, max-age=60")


@_tool
def resource_monitor(request: HttpRequest) -> HttpResponse:
    """How busy the machine is right now (IS-27, IS-28)."""
    now = machine.read()
    content = {
        "cpuUsage": now.cpu_usage,
        "processorCount": now.processors,
        "availableMemoryMiB": now.available_mib,
        "usedMemoryMiB": now.used_mib,
        "committedMemoryMiB": now.committed_mib,
        "totalMemoryMiB": now.total_mib,
    }
    return _json(content, cache="no-store")


def _secrets(query: str) -> list[str]:
    """The values of ``secret`` in a query string. Raises ``ValueError`` for what is not UTF-8: hashing a repaired
    text would give a value that fits nothing."""
    # The server hands the bytes of the request line over as latin-1 (PEP 3333).
    fields = parse_qsl(
        query.encode("latin-1").decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
    )
    return [value for name, value in fields if name == "secret"]


@_tool
def sha256(request: HttpRequest) -> HttpResponse:
    """The hash under which a client secret is stored (IS-30 to IS-32, TA-51). The value itself is written nowhere."""
    try:
        values = _secrets(request.META.get("QUERY_STRING", ""))
    except ValueError:
        values = []
    if len(values) != 1:
        problem = "Give the text to hash exactly once, as UTF-8, in the parameter 'secret'."
        return _json({"error": "invalid_request", "error_description": problem}, status=400, cache="no-store")
    digest = hashlib.sha256(values[0].encode("utf-8")).digest()
    return _json({"sha256": base64.b64encode(digest).decode("ascii")}, cache="no-store")
