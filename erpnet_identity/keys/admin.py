"""Signing keys in Django admin: which one signs, which ones are published. Read-only; the private part never shows."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import ReadOnlyAdmin, minute_column

from .models import SigningKey

_MEANING = {
    "announced": ("warn", "published, signs later"),
    "active": ("good", "signs new tokens"),
    "retired": ("quiet", "signs nothing new"),
    "revoked": ("bad", "not accepted"),
}


def state(key: SigningKey, *, superseded: bool, now: Any) -> str:
    """Where a key is in its life (ID-23). Pure; ``superseded`` says that a newer one has activated."""
    if key.revoked_at is not None:
        return "revoked"
    if key.activates_at > now:
        return "announced"
    return "retired" if superseded else "active"


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """Signing keys, the newest first."""

    list_display = ["kid_shown", "state_shown", "created_shown", "activates_shown", "revoked_shown"]
    list_display_links = ["kid_shown"]
    search_fields = ["kid"]
    fields = ["kid_shown", "state_shown", "created_shown", "activates_shown", "revoked_shown", "public_shown"]
    ordering = ["-activates_at", "-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the state needs, in one statement and without the private part."""
        newer = SigningKey.objects.filter(
            revoked_at=None, activates_at__gt=OuterRef("activates_at"), activates_at__lte=timezone.now()
        )
        return super().get_queryset(request).defer("private_key").annotate(superseded=Exists(newer))

    @admin.display(description="key id", ordering="kid")
    def kid_shown(self, key: SigningKey) -> SafeString:
        return format_html('<code class="erp-id">{}</code>', key.kid)

    @admin.display(description="state")
    def state_shown(self, key: Any) -> SafeString:
        name = state(key, superseded=key.superseded, now=timezone.now())
        kind, meaning = _MEANING[name]
        return format_html('<span class="erp-badge erp-badge-{}">{}</span> {}', kind, name, meaning)

    created_shown = minute_column("created", "created (UTC)", ordering="created")
    activates_shown = minute_column("activates_at", "activates (UTC)", ordering="activates_at")
    revoked_shown = minute_column("revoked_at", "revoked (UTC)", ordering="revoked_at")

    @admin.display(description="public key")
    def public_shown(self, key: SigningKey) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(key.public_jwk, indent=2))
