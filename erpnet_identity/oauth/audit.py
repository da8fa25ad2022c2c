"""The trace of refused requests (AU-01, DR-01)."""

from collections.abc import Callable
from typing import Any

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.users.services import actor_for
from trusted_apps.models import TrustedApplication

from .authorization_request import BadRequest, RefusedRequest
from .refusal import OAuthRefusal, TooManyFailures
from .text import printable

_LONGEST = 500


def record_bad_request(bad: BadRequest, *, unless: Callable[[], bool]) -> None:
    """A request that got the error page. ``unless`` says whether the caller is known: anybody can be refused as often
    as they like without signing in (AU-11)."""
    client_id = bad.application.client_id if bad.application is not None else printable(bad.client_id, 254)
    detail: dict[str, Any] = {"error": bad.error}
    if bad.redirect_uri:
        detail["redirect_uri"] = bad.redirect_uri[:_LONGEST]
    record_refusal(
        events.AUTHORIZATION_REFUSED,
        bad.cause,
        unless=unless,
        actor=Actor("application", str(bad.application.pk) if bad.application else "", client_id),
        application=bad.application,
        client_id=client_id,
        detail=detail,
    )


def record_refused_request(
    refused: RefusedRequest, *, unless: Callable[[], bool] = lambda: False, user: Any = None, sid: str = ""
) -> None:
    """A request whose error went to the application. ``user`` is the one who is signed in, if one is known to be;
    ``unless`` tells where nobody has looked yet."""
    application = refused.reply_to.application
    record_refusal(
        events.AUTHORIZATION_REFUSED,
        refused.cause,
        is_known=user is not None,
        unless=unless,
        actor=actor_for(user) if user is not None else Actor("application", str(application.pk), application.client_id),
        application=application,
        user=user,
        sid=sid,
        detail={"error": refused.error, "description": refused.description},
    )


def record_refused_token_request(
    refusal: OAuthRefusal, *, grant_type: str = "", application: TrustedApplication | None = None
) -> None:
    """A refused token request. ``application`` is the one that was authenticated, if one was: a caller that has proved
    nothing, by a secret or by what belongs to a user, is an unauthenticated caller (AU-11)."""
    if isinstance(refusal, TooManyFailures):
        return
    is_known = refusal.user is not None or (application is not None and application.is_confidential)
    named = application or refusal.application
    client_id = application.client_id if application is not None else refusal.client_id
    record_refusal(
        events.TOKEN_REFUSED,
        refusal.cause,
        is_known=is_known,
        actor=Actor("application", str(named.pk) if named is not None else "", client_id),
        application=named,
        client_id=client_id,
        user=refusal.user,
        sid=refusal.sid,
        detail={
            "error": refusal.error,
            "grant_type": printable(grant_type, 100),
            **refusal.detail,
        },
    )
