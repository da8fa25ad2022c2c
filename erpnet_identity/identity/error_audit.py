"""The trace of an error page, so that the id that it shows leads to the request (AU-12)."""

from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor, current
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.platform.redaction import beginning
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for

log = structlog.get_logger("erpnet.audit")

_STRANGER = Actor("", "", "")
_LONGEST_PATH = 500


def record_refused(request: HttpRequest, status: int, cause: Cause, **detail: str) -> None:
    """One event for a refusal, unless the code that refused has left one. Never raises."""
    if not current().noted and _is_shown(request):
        _record(request, events.REQUEST_REFUSED, "refused", cause, {"status": status, **detail})


def record_failed(request: HttpRequest, error: str) -> None:
    """One event for a fault of ours: what was noted before may have been rolled back with it. Never raises."""
    _record(request, events.REQUEST_FAILED, "failure", Cause.SERVER_ERROR, {"status": 500, "error": error})


def _is_shown(request: HttpRequest) -> bool:
    """Whether a person or a program gets to see the id: browsers ask for icons and style sheets by themselves."""
    accepted = request.headers.get("Accept", "")
    if request.path_info.startswith("/static/"):
        return "text/html" in accepted
    return not accepted.startswith("image/")


def _record(request: HttpRequest, name: str, outcome: str, cause: Cause, detail: dict[str, Any]) -> None:
    # The path without its query: an address may carry what must not be written down (IS-32).
    detail |= {"method": (request.method or "")[:20], "path": beginning(request.path_info, _LONGEST_PATH)}
    try:
        user = _person(request)
        with transaction.atomic():
            actor = actor_for(user) if user is not None else _STRANGER
            record_refusal(
                name, cause, is_known=user is not None, outcome=outcome, actor=actor, user=user, detail=detail
            )
    except Exception as error:
        # The page must come whatever has failed; the database may be just that.
        log.warning("an error page could not be recorded", error=type(error).__name__)


def _person(request: HttpRequest) -> User | None:
    """Who is signed in at this browser, if that is known already or its cookie makes it likely."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None
