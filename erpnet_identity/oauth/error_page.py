"""The error page: what went wrong, for a person, and a correlation id for the administrator (ID-46 to ID-50)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import current
from erpnet_identity.identity import error_audit
from erpnet_identity.identity.page import page
from erpnet_identity.identity.texts import SIGN_IN_CANNOT_GO_ON, error_explanation

from .text import printable


def error_page(
    request: HttpRequest, error: str, description: str, *, cause: Cause, status: int = 400, **context: Any
) -> HttpResponse:
    """The page for ``error``, an OAuth error code. Leads nowhere by itself (OP-45). ``cause`` is recorded, unless
    something has been recorded already. ``context`` may hold another ``heading``, the ``application``, its
    ``return_url``, and the ``address`` that was refused, which is shown as text and never as a link (ID-50)."""
    error_audit.record_refused(request, status, cause)
    shown = {
        "heading": SIGN_IN_CANNOT_GO_ON,
        "error": error,
        "description": description,
        "explanation": error_explanation(error),
        "correlation_id": current().correlation_id,
        **context,
        "address": printable(str(context.get("address", "")), 500),
    }
    return page(request, "oauth/error.html", shown, status=status)
