"""Issued tokens, and the sign-ins that applications can renew. The toolkit registers these classes (see
``settings/oauth.py``)."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import ReadOnlyAdmin, minute_column
from erpnet_identity.users.services import actor_for
from trusted_apps.models import TrustedApplication

from . import grants, services
from .models import Grant, RefreshToken


def application_link(application: TrustedApplication) -> SafeString:
    """The client id, leading to the application's page."""
    if application.is_internal:  # has no page of its own (TA-78)
        return format_html("{}", application.client_id)
    address = reverse("admin:trusted_apps_trustedapplication_change", args=[application.pk])
    return format_html('<a href="{}">{}</a>', address, application.client_id)


def badge(kind: str, name: str) -> SafeString:
    """A state in colour: ``kind`` is good, warn, bad or quiet."""
    return format_html('<span class="erp-badge erp-badge-{}">{}</span>', kind, name)


class OfPersonAdmin(ReadOnlyAdmin):
    """A list of what belongs to a user: the rows are called by the person, their pages by what they are."""

    row_title = ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = {"title": self.row_title, "subtitle": None}
        return super().change_view(request, object_id, form_url, {**title, **(extra_context or {})})

    @admin.display(description="person")
    def person(self, row: Any) -> SafeString:
        """Name and login, as in the list of accounts."""
        text = '<span class="erp-app-name">{}</span><code class="erp-id">{}</code>'
        return format_html(text, row.user.name, row.user.login)

    @admin.display(description="person")
    def account(self, row: Any) -> SafeString:
        address = reverse("admin:users_user_change", args=[row.user_id])
        return format_html('<a href="{}">{}</a> <code class="erp-id">{}</code>', address, row.user.name, row.user.login)


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

    list_display = ["jti_shown", "state", "application_shown", "runs_as", "scope", "created_shown", "ends"]
    list_display_links = ["jti_shown"]
    list_filter = [TokenStateFilter, ("created", admin.DateFieldListFilter)]
    search_fields = ["jti__exact", "application__client_id__exact", "user__folded_login__exact"]
    search_help_text = "A whole token id (jti), client id or login."
    fields = [
        "jti", "state", "application_shown", "runs_as", "scope", "sid", "created_shown", "ends", "revoked_shown",
    ]  # fmt: skip
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
        return badge(kind, name)

    @admin.display(description="application")
    def application_shown(self, token: Any) -> SafeString:
        return application_link(token.application)

    @admin.display(description="runs as")
    def runs_as(self, token: Any) -> str:
        """The person or, for a service token, the one who is the application's system user now (ID-135)."""
        if token.user is not None:
            return token.user.login
        system_user = token.application.system_user
        return f"{system_user.login} (service)" if system_user is not None else "—"

    created_shown = minute_column("created", "created (UTC)")
    ends = minute_column("expires", "expires (UTC)")
    revoked_shown = minute_column("revoked_at", "revoked (UTC)")


class Hidden(ReadOnlyAdmin):
    """Nothing that a person could use: kept out of the admin index."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefreshTokenAdmin(Hidden):
    """Refresh tokens."""


class IDTokenAdmin(Hidden):
    """ID tokens."""


class GrantAdmin(OfPersonAdmin):
    """Sign-ins that applications can still renew, each with a way to end it (TK-57, TK-84)."""

    row_title = "An application that stays connected"
    list_display = ["person", "application_shown", "state", "scope", "since", "renewed_shown", "ends"]
    list_display_links = ["person"]
    search_fields = ["application__client_id__exact", "user__folded_login__exact", "sid__exact"]
    search_help_text = "A whole login, client id or identity session (sid)."
    fields = ["account", "application_shown", "state", "scope", "since", "renewed_shown", "ends", "sid"]
    sortable_by = ()
    ordering = ["-id"]
    actions = ["end_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        """Only what can still renew; codes and what is over are nobody's business here."""
        renewed = RefreshToken.objects.filter(grant=OuterRef("pk")).order_by("-pk").values("created")[:1]
        return (
            Grant.objects.filter(revoked_at=None, refresh_ended_at=None, refresh_expires__gt=timezone.now())
            .select_related("application", "user")
            .annotate(renewed=Subquery(renewed))
            .order_by(*self.ordering)
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"title": "Applications that stay connected", **(extra_context or {})})

    @admin.action(description="End the selected sign-ins of applications")
    def end_selected(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        actor, now = actor_for(request.user), timezone.now()
        number = sum(services.revoke_grant(grant, actor=actor, now=now) for grant in queryset)
        text = f"Ended: {number}. The tokens of these sign-ins are refused from now on."
        self.message_user(request, text, messages.SUCCESS if number else messages.INFO)

    @admin.display(description="application")
    def application_shown(self, grant: Grant) -> SafeString:
        return application_link(grant.application)

    @admin.display(description="state")
    def state(self, grant: Grant) -> SafeString:
        """Whether a renewal would succeed, as far as the account and the application decide it."""
        if not grant.application.is_enabled:
            return badge("bad", "application disabled")
        if not grant.user.is_active:
            return badge("bad", "account inactive")
        if grants.is_void(grant, grant.application):
            return badge("quiet", "void")
        return badge("good", "can renew")

    since = minute_column("created", "since (UTC)")
    renewed_shown = minute_column("renewed", "last token (UTC)")
    ends = minute_column("refresh_expires", "ends (UTC)")
