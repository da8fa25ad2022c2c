"""API sessions in Django admin, those that have ended included: to be read and ended, never changed.

What is live right now, the pool and the reservations are on the pages of the Instance Manager.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import minute_column
from erpnet_identity.tokens.admin import OfPersonAdmin, application_link, badge
from erpnet_identity.users.services import actor_for
from trusted_apps.models import TrustedApplication

from . import services
from .models import ErpSession, Reason


class StateFilter(admin.SimpleListFilter):
    """Whether a session holds a slot."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "live"), ("ended", "ended"), ("shared", "used from two addresses")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        live = ErpSession.objects.live(timezone.now()).values("pk")
        match self.value():
            case "live":
                return queryset.filter(pk__in=live)
            case "ended":
                return queryset.exclude(pk__in=live)
            case "shared":
                return queryset.exclude(shared_at=None)
        return queryset


@admin.register(ErpSession)
class ErpSessionAdmin(OfPersonAdmin):
    """Connections to the APIs (SE-09). Those that ended are kept for two days."""

    row_title = "A connection to the APIs"
    list_display = ["person", "state", "kind", "opened", "last_request", "address"]
    list_display_links = ["person"]
    list_filter = [StateFilter, "kind", "close_reason"]
    search_fields = ["user__folded_login__exact", "key__exact", "address__exact"]
    search_help_text = "A whole login, identity session (sid), token id (jti) or address."
    fields = [
        "account", "state", "kind", "applications_used", "opened", "last_request", "absolute_end", "ended", "address",
        "user_agent", "second_address", "requests", "bytes_up", "bytes_down", "key",
    ]  # fmt: skip
    sortable_by = ()
    ordering = ["-opened_at"]
    actions = ["end_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns and one more that knows the names of all applications: one query, and not one for each row."""
        names = {str(key): client_id for key, client_id in TrustedApplication.objects.values_list("pk", "client_id")}

        @admin.display(description="applications")
        def client_ids(session: ErpSession) -> SafeString:
            found = ((names.get(key, "deleted"),) for key in session.application_ids)
            return format_html_join(" ", '<code class="erp-id">{}</code>', found)

        columns: list[Any] = list(self.list_display)
        return [*columns[:3], client_ids, *columns[3:]]

    @admin.action(description="End the selected sessions")
    def end_selected(self, request: HttpRequest, queryset: QuerySet[ErpSession]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        number = services.close_chosen(chosen, now=timezone.now(), actor=actor_for(request.user))
        text = f"Ended: {number}. Tokens stay valid: the next call opens a new session if a license is free."
        self.message_user(request, text, messages.SUCCESS if number else messages.INFO)

    @admin.display(description="state")
    def state(self, session: ErpSession) -> SafeString:
        if session.closed_at is not None:
            return badge("quiet", Reason(session.close_reason).label)
        if session.ends_at <= timezone.now():
            return badge("quiet", "ended by the timers")
        return badge("warn", "two addresses") if session.shared_at is not None else badge("good", "live")

    @admin.display(description="applications")
    def applications_used(self, session: ErpSession) -> SafeString:
        found = TrustedApplication.objects.in_bulk(session.application_ids)
        rows = {str(key): application for key, application in found.items()}
        return format_html_join(
            ", ",
            "{}",
            ((application_link(rows[key]) if key in rows else "deleted",) for key in session.application_ids),
        )

    opened = minute_column("opened_at", "opened (UTC)")
    last_request = minute_column("last_seen_at", "last request (UTC)")
    absolute_end = minute_column("expires_at", "absolute expiry (UTC)")
    ended = minute_column("closed_at", "ended (UTC)")

    @admin.display(description="also used from")
    def second_address(self, session: ErpSession) -> SafeString | str:
        if session.shared_at is None:
            return "—"
        return format_html("{} at {} UTC", session.other_address, f"{session.shared_at:%Y-%m-%d %H:%M}")
