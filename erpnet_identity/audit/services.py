"""``record(...)``: the one way to leave a trace."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from erpnet_identity.platform.redaction import redact, scrub

from . import context, events
from .causes import Cause
from .context import Actor
from .models import AuditEvent


def storable(text: str, length: int) -> str:
    """At most ``length`` characters of what a caller sent, without what PostgreSQL cannot store: NUL and lone
    surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:length]


def prepare(
    name: str,
    *,
    actor: Actor,
    outcome: str = "success",
    cause: Cause | None = None,
    application: Any = None,
    client_id: str = "",
    user: Any = None,
    token_id: str = "",
    sid: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """An event that is not written yet, for callers that write it in one statement with the change it describes.

    ``application`` and ``user`` are rows, of which only key and name are kept. ``detail`` is redacted. Raises
    ``ValueError`` for a name that ``events`` does not list.
    """
    if name not in events.ALL:
        raise ValueError(f"unknown audit event {name!r}")
    origin = context.current()
    origin.noted.append(name)
    actor_name = actor.name
    if application is None:
        # What an unauthenticated caller calls itself may be a code or a token that was put into the wrong field
        # (AU-02).
        client_id = scrub(client_id)
        actor_name = scrub(actor_name) if actor.kind == "application" else actor_name
    return AuditEvent(
        time=timezone.now(),
        name=name,
        outcome=outcome,
        cause=cause.value if cause is not None else "",
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=storable(actor_name, 254),
        application_id=str(application.pk) if application is not None else "",
        client_id=storable(application.client_id if application is not None else client_id, 254),
        user_id=str(user.pk) if user is not None else "",
        user_login=user.login if user is not None else "",
        address=origin.address[:64],
        user_agent=storable(origin.user_agent, 254),
        correlation_id=origin.correlation_id,
        sid=sid,
        token_id=token_id,
        detail=redact(dict(detail)) if detail else {},
    )


def record(name: str, **values: Any) -> AuditEvent:
    """Write one event, in the transaction of the caller, so that a change without its trace cannot commit (AU-03).

    Takes what ``prepare`` takes.
    """
    event = prepare(name, **values)
    event.save(force_insert=True)
    return event
