"""The trace of the authorization endpoint (AU-01, DR-01)."""

from typing import Any

import structlog

from erpnet_identity.audit import context, events
from erpnet_identity.audit.complaints import Complaint
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.edge.throttle import Throttle
from erpnet_identity.users.services import actor_for

from .authorization_request import BadRequest, RefusedRequest
from .text import printable

_LONGEST = 500
# Anybody can be refused as often as they like, without signing in: what is over this many a minute from one address is
# answered and not recorded, so that nobody can fill the trail.
MOST_RECORDED = 100
_refusals = Throttle(
    "authorization-refusals",
    complain=Complaint(structlog.get_logger("erpnet.throttle"), "the cache is away; refusals are not counted"),
)


def _is_flood() -> bool:
    address = context.current().address
    if _refusals.is_blocked(address):
        return True
    counted = _refusals.count(address)
    if counted is not None and counted[0] > MOST_RECORDED:
        _refusals.block(address)
        return True
    return False


def record_bad_request(bad: BadRequest) -> None:
    """A request that got the error page."""
    if _is_flood():
        return
    client_id = bad.application.client_id if bad.application is not None else printable(bad.client_id, 254)
    detail: dict[str, Any] = {"cause": bad.cause, "error": bad.error}
    if bad.redirect_uri:
        detail["redirect_uri"] = bad.redirect_uri[:_LONGEST]
    record(
        events.AUTHORIZATION_REFUSED,
        outcome="refused",
        actor=Actor("application", str(bad.application.pk) if bad.application else "", client_id),
        application=bad.application,
        client_id=client_id,
        detail=detail,
    )


def record_refused_request(refused: RefusedRequest, *, user: Any = None, sid: str = "") -> None:
    """A request whose error went to the application. ``user`` is whoever is signed in, if anybody is."""
    if user is None and _is_flood():
        return
    application = refused.reply_to.application
    record(
        events.AUTHORIZATION_REFUSED,
        outcome="refused",
        actor=actor_for(user) if user is not None else Actor("application", str(application.pk), application.client_id),
        application=application,
        user=user,
        sid=sid,
        detail={"cause": refused.cause, "error": refused.error, "description": refused.description},
    )
