"""The trace of the authorization endpoint (AU-01, DR-01)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.audit.strangers import record_of_stranger
from erpnet_identity.users.services import actor_for

from .authorization_request import BadRequest, RefusedRequest
from .text import printable

_LONGEST = 500


def record_bad_request(bad: BadRequest, *, unless: Callable[[], bool]) -> None:
    """A request that got the error page. ``unless`` says whether the caller is known: anybody can be refused as often
    as they like without signing in (AU-11)."""
    client_id = bad.application.client_id if bad.application is not None else printable(bad.client_id, 254)
    detail: dict[str, Any] = {"cause": bad.cause, "error": bad.error}
    if bad.redirect_uri:
        detail["redirect_uri"] = bad.redirect_uri[:_LONGEST]
    record_of_stranger(
        events.AUTHORIZATION_REFUSED,
        unless=unless,
        outcome="refused",
        actor=Actor("application", str(bad.application.pk) if bad.application else "", client_id),
        application=bad.application,
        client_id=client_id,
        detail=detail,
    )


def record_refused_request(
    refused: RefusedRequest, *, unless: Callable[[], bool] = lambda: False, user: Any = None, sid: str = ""
) -> None:
    """A request whose error went to the application. ``user`` is whoever is signed in, if anybody is known to be;
    ``unless`` tells where nobody has looked yet."""
    application = refused.reply_to.application
    write = record if user is not None else partial(record_of_stranger, unless=unless)
    write(
        events.AUTHORIZATION_REFUSED,
        outcome="refused",
        actor=actor_for(user) if user is not None else Actor("application", str(application.pk), application.client_id),
        application=application,
        user=user,
        sid=sid,
        detail={"cause": refused.cause, "error": refused.error, "description": refused.description},
    )
