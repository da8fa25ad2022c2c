"""Issued tokens, read-only. The toolkit registers these classes (see ``settings/oauth.py``)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import ReadOnlyAdmin


class TokenStateFilter(admin.SimpleListFilter):
    """Whether a token still opens anything."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("valid", "valid"), ("expired", "expired"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        match self.value():
            case "valid":
                return queryset.filter(revoked_at=None, expires__gt=now)
            case "expired":
                return queryset.filter(revoked_at=None, expires__lte=now)
            case "revoked":
                return queryset.exclude(revoked_at=None)
        return queryset


class AccessTokenAdmin(ReadOnlyAdmin):
    """Access tokens by their id; the token itself is not stored."""

    list_display = ["jti_shown", "state", "application_shown", "runs_as", "scope", "created", "expires"]
    list_display_links = ["jti_shown"]
    list_filter = [TokenStateFilter, ("created", admin.DateFieldListFilter)]
    search_fields = ["jti__exact", "application__client_id__exact", "user__login__iexact"]
    search_help_text = "A whole token id (jti), client id or login."
    fields = ["jti", "state", "application_shown", "runs_as", "scope", "sid", "created", "expires", "revoked_at"]
    sortable_by = ()
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("application", "application__system_user", "user")

    @admin.display(description="token id")
    def jti_shown(self, token: Any) -> SafeString:
        return format_html('<code class="erp-id">{}</code>', token.jti)

    @admin.display(description="state")
    def state(self, token: Any) -> SafeString:
        if token.revoked_at is not None:
            kind, name = "bad", "revoked"
        elif token.expires <= timezone.now():
            kind, name = "quiet", "expired"
        elif not token.application.is_enabled:
            kind, name = "bad", "application disabled"
        else:
            kind, name = "good", "valid"
        return format_html('<span class="erp-badge erp-badge-{}">{}</span>', kind, name)

    @admin.display(description="application")
    def application_shown(self, token: Any) -> SafeString:
        if token.application.is_internal:  # has no page of its own (TA-78)
            return format_html("{}", token.application.client_id)
        address = reverse("admin:trusted_apps_trustedapplication_change", args=[token.application_id])
        return format_html('<a href="{}">{}</a>', address, token.application.client_id)

    @admin.display(description="runs as")
    def runs_as(self, token: Any) -> str:
        """The person or, for a service token, whoever is the application's system user now (ID-135)."""
        if token.user is not None:
            return token.user.login
        system_user = token.application.system_user
        return f"{system_user.login} (service)" if system_user is not None else "—"


class Hidden(ReadOnlyAdmin):
    """Nothing that a person could use: kept out of the admin index."""

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
