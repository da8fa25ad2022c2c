"""The trace in Django admin: to be read, filtered and searched, never changed (AU-06)."""

import json
import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from . import descriptions, events, spellings
from .explanations import explain
from .model_admin import ReadOnlyAdmin, moment
from .models import AuditEvent
from .unknown_names import stand_in

_CORRELATION_ID = re.compile(r"[0-9a-f]{32}")
_SHORT = 8  # characters of a correlation id in the list
_BEGINNING = re.compile(r"[0-9a-f]{8,31}")
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")  # as a caller may choose it (AU-05)


class OutcomeFilter(admin.SimpleListFilter):
    """Success or refusal. A list of its own: asking the table for its values would read all of it."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("success", "success"), ("refused", "refused"), ("failure", "failure")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(outcome=self.value()) if self.value() in dict(self.lookup_choices) else queryset


class NameFilter(admin.SimpleListFilter):
    """One event name, from the one list of them, or a whole subject such as ``application``."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = sorted(events.ALL)
        subjects = dict.fromkeys(name.partition(".")[0] for name in names)
        choices = []
        for subject in subjects:
            members = [name for name in names if name.partition(".")[0] == subject]
            if len(members) > 1:
                choices.append((subject, f"{subject}: all"))
            choices += [(name, name) for name in members]
        return choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        if value in events.ALL:
            return queryset.filter(name=value)
        members = [name for name in events.ALL if name.startswith(f"{value}.")]
        return queryset.filter(name__in=members) if members else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Audit events, newest first."""

    list_display = ["time_shown", "what", "outcome_shown", "client_id", "user_login", "address", "correlation_short"]
    list_display_links = ["time_shown"]
    list_filter = [OutcomeFilter, ("time", admin.DateFieldListFilter), NameFilter]
    search_fields = ["correlation_id__exact", "client_id__exact", "user_login__iexact", "actor_name__iexact"]
    search_help_text = (
        "A correlation id or its first eight characters; a whole client id, login, name of an actor or code of a cause."
    )
    # Any other order would sort the whole table.
    sortable_by = ()
    ordering = ["-time", "-id"]
    fields = [
        "what", "outcome_shown", "cause_shown", "time_exact", "name", "changed", "actor", "client_id", "application_id",
        "user_login", "user_id", "address", "user_agent", "correlation_shown", "sid", "token_id", "detail_shown",
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A correlation id and a known client id are looked up in their indexes alone; only a name of a person reads
        the table."""
        term = search_term.strip()
        if _CORRELATION_ID.fullmatch(term):
            return queryset.filter(correlation_id=term), False
        if _BEGINNING.fullmatch(term):
            # Between two values the index serves; a pattern it serves on no database alike.
            begun = queryset.filter(correlation_id__gte=term, correlation_id__lt=f"{term}g")
            if begun.exists():
                return begun, False
        if term and AuditEvent.objects.filter(client_id=term).exists():
            return queryset.filter(client_id=term), False
        if explain(term) is not None:
            return queryset.filter(cause=term), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if term:
            logins = spellings.spellings(term)
            # What was typed at a sign-in and is nobody's name is found by typing it again.
            wanted = Q(user_login__in=logins) | Q(actor_name__in=[*logins, stand_in(term)])
            if _OWN_ID.fullmatch(term):
                wanted |= Q(correlation_id__startswith=term)
            found |= queryset.filter(wanted)
        return found, may_repeat

    @admin.display(description="time (UTC)")
    def time_shown(self, event: AuditEvent) -> str:
        return moment(event.time, "%H:%M:%S")

    @admin.display(description="time (UTC)")
    def time_exact(self, event: AuditEvent) -> str:
        return f"{event.time:%Y-%m-%d %H:%M:%S.%f}"

    @admin.display(description="what happened")
    def what(self, event: AuditEvent) -> SafeString:
        said = descriptions.sentence(event.name, detail=event.detail, user_login=event.user_login, cause=event.cause)
        return format_html("<strong>{}</strong> {}", event.actor_name or event.client_id or "Unknown caller", said)

    @admin.display(description="outcome")
    def outcome_shown(self, event: AuditEvent) -> SafeString:
        kind = "good" if event.outcome == "success" else "bad"
        return format_html('<span class="erp-badge erp-badge-{}">{}</span>', kind, event.outcome)

    @admin.display(description="cause")
    def cause_shown(self, event: AuditEvent) -> SafeString | str:
        if not event.cause:
            return "—"
        explanation = explain(event.cause)
        if explanation is None:
            return format_html("<code>{}</code>", event.cause)
        return format_html(
            '<a href="{}?q={}"><code>{}</code></a> {} {} <span class="quiet">May be told: {}.</span>',
            reverse("admin:audit_auditevent_changelist"),
            *(event.cause, event.cause, explanation.happened, explanation.helps, explanation.told.value),
        )

    @admin.display(description="correlation id")
    def correlation_short(self, event: AuditEvent) -> SafeString:
        return format_html(
            '<code class="erp-id" title="{}">{}</code>', event.correlation_id, event.correlation_id[:_SHORT]
        )

    @admin.display(description="correlation id")
    def correlation_shown(self, event: AuditEvent) -> SafeString:
        return format_html('<code class="erp-id">{}</code>', event.correlation_id or "—")

    @admin.display(description="actor")
    def actor(self, event: AuditEvent) -> SafeString:
        return format_html("{} ({}) <code>{}</code>", event.actor_name or "—", event.actor_kind, event.actor_id)

    @admin.display(description="changed")
    def changed(self, event: AuditEvent) -> SafeString | str:
        rows = descriptions.changes(event.detail)
        if not rows:
            return "—"
        return format_html(
            '<ul class="erp-changes">{}</ul>',
            format_html_join(
                "", "<li><code>{}</code>: {} → {}</li>", ((row.name, row.old or "—", row.new) for row in rows)
            ),
        )

    @admin.display(description="detail")
    def detail_shown(self, event: AuditEvent) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(event.detail, indent=2, ensure_ascii=False, sort_keys=True))
