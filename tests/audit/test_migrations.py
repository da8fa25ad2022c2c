"""Events that were written by an earlier version."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.models import AuditEvent

DETAILS = [
    {"cause": "secret_wrong", "error": "invalid_client", "note": "Мария “x”", "n": [1, None]},
    {"cause": "SuspiciousOperation"},
    {"cause": None},
    {"changes": {"cause": {"old": "a", "new": "b"}}},
    {},
]


def stored():
    return list(AuditEvent.objects.order_by("id").values_list("cause", "detail"))


@pytest.mark.django_db
def test_a_cause_becomes_a_column_and_goes_back():
    now = timezone.now()
    AuditEvent.objects.bulk_create(AuditEvent(time=now, name=events.TOKEN_REFUSED, detail=detail) for detail in DETAILS)
    migration = import_module("erpnet_identity.audit.migrations.0002_cause")
    editor = SimpleNamespace(connection=connection)
    migration.to_column(None, editor)
    moved = [
        ("secret_wrong", {"error": "invalid_client", "note": "Мария “x”", "n": [1, None]}),
        ("SuspiciousOperation", {}),
        *(("", detail) for detail in DETAILS[2:]),
    ]
    assert stored() == moved
    migration.to_detail(None, editor)
    assert [detail for _, detail in stored()] == DETAILS
    migration.to_column(None, editor)
    assert stored() == moved
