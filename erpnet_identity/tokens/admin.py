"""Issued tokens, read-only. The toolkit registers these classes (see ``settings/oauth.py``)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list that can be looked at and not changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AccessTokenAdmin(ReadOnlyAdmin):
    """Access tokens by their id; the token itself is not stored."""

    list_display = ["jti", "application", "user", "scope", "created", "expires", "revoked_at"]
    list_filter = ["application"]
    search_fields = ["=jti", "application__client_id"]
    fields = ["jti", "application", "user", "scope", "sid", "created", "expires", "revoked_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("application", "user")


class Hidden(ReadOnlyAdmin):
    """Nothing to see yet: kept out of the admin index."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefreshTokenAdmin(Hidden):
    """Refresh tokens."""


class GrantAdmin(Hidden):
    """Authorization codes."""


class IDTokenAdmin(Hidden):
    """ID tokens."""
