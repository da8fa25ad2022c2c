"""What all records of the ERP have in common."""
# An absent text is null in the API and null in the table, so that `eq null` means the same in both.
# ruff: noqa: DJ001

import uuid

from django.db import models
from django.utils import timezone


class Record(models.Model):
    """A record: a GUID that never changes and a version that every change raises (API-49, API-112)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    object_version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True


class Aggregate(Record):
    """A record that no other record owns: other systems may know it under a key of their own (API-112)."""

    external_id = models.CharField(max_length=128, null=True, blank=True)
    external_system = models.CharField(max_length=128, null=True, blank=True)
    aggregate_last_update_time = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class Stamped(models.Model):
    """Who made and who last changed a record, by login, so that the text outlives the account (API-50, API-92)."""

    creation_time = models.DateTimeField(null=True, blank=True)
    creation_user = models.CharField(max_length=64, null=True, blank=True)
    update_time = models.DateTimeField(null=True, blank=True)
    update_user = models.CharField(max_length=64, null=True, blank=True)

    class Meta:
        abstract = True
