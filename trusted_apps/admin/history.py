"""The history of an application, read from the trace (TA-73)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from erpnet_identity.audit import descriptions, events
from erpnet_identity.audit.models import AuditEvent
from trusted_apps.attributes import ATTRIBUTES
from trusted_apps.forms import TITLES
from trusted_apps.models import TrustedApplication

_CHANGES = sorted(name for name in events.ALL if name.startswith("application."))
_TITLES = {attribute.erp_name: TITLES[attribute.field] for attribute in ATTRIBUTES}
# An application is rarely renamed at all; the bound only ends a loop in a trace that was tampered with.
_MAX_RENAMES = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the page shows it. ``changes`` are (title, documented name, old, new)."""

    time: datetime
    actor: str
    sentence: str
    changes: list[tuple[str, str, str, str]]
    correlation_id: str


def _client_ids(application: TrustedApplication) -> set[str]:
    """The present client id and the earlier ones: events are indexed by the client id of their time."""
    known, current = {application.client_id}, application.client_id
    for _ in range(_MAX_RENAMES):
        renamed = (
            AuditEvent.objects.filter(
                client_id=current,
                application_id=str(application.pk),
                name=events.APPLICATION_UPDATED,
                detail__changes__ApplicationUri__new=current,
            )
            .values_list("detail__changes__ApplicationUri__old", flat=True)
            .first()
        )
        if not renamed or renamed in known:
            break
        known.add(renamed)
        current = renamed
    return known


def events_of(application: TrustedApplication) -> QuerySet[AuditEvent]:
    """What was changed of this record, newest first; its tokens have a list of their own."""
    return AuditEvent.objects.filter(
        client_id__in=_client_ids(application), application_id=str(application.pk), name__in=_CHANGES
    )


def line(event: AuditEvent) -> Line:
    """An event in words."""
    return Line(
        time=event.time,
        actor=event.actor_name or "Unknown",
        sentence=descriptions.sentence(event.name, detail=event.detail, cause=event.cause),
        changes=[
            (_TITLES.get(change.name, change.name), change.name, change.old, change.new)
            for change in descriptions.changes(event.detail)
        ],
        correlation_id=event.correlation_id,
    )
