"""The audit event: plain values, no foreign keys, so that it outlives what it describes."""

from typing import Any

from django.db import models


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Reading only: what a row refuses, a set of rows refuses too."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError("An audit event is never changed (AU-06).")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit event is never deleted (AU-06).")


class AuditEvent(models.Model):
    """One decision or one change (AU-02). Append-only: saving twice and deleting are refused here, and only the
    retention command may remove whole days (AU-06)."""

    time = models.DateTimeField(db_index=True)
    name = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16, default="success")
    # A code of ``causes.Cause``, or of an earlier version; empty for what needs none.
    cause = models.CharField(max_length=64, blank=True, default="")
    actor_kind = models.CharField(max_length=16, blank=True)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_name = models.CharField(max_length=254, blank=True)
    application_id = models.CharField("application key", max_length=64, blank=True)
    client_id = models.CharField("client id", max_length=254, blank=True)
    user_id = models.CharField("user key", max_length=64, blank=True)
    user_login = models.CharField("user", max_length=254, blank=True)
    address = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=254, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    sid = models.CharField("identity session", max_length=64, blank=True)
    token_id = models.CharField("token", max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-time", "-id"]
        indexes = [
            models.Index(fields=["client_id", "-time"], name="audit_by_application"),
            # Not `db_index`: it would bring a second index for LIKE, which every insert pays for.
            models.Index(fields=["correlation_id"], name="audit_by_correlation_id"),
            # Only of the events that have one: what succeeds pays nothing for it.
            models.Index(fields=["cause", "-time"], condition=~models.Q(cause=""), name="audit_by_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.client_id or self.user_login}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit event is never changed (AU-06).")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit event is never deleted (AU-06).")
