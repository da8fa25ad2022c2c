"""What the lists of the admin site share: the trace instead of Django's own log, large tables, read-only rows."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst

# A list is counted no further than this; whoever needs a later row narrows the list by a filter or a search.
COUNTED_ROWS = 10_000


def minute_column(field: str, title: str) -> Callable[[Any, Any], str]:
    """A column, or a line of a page, with a moment of the row to the minute (UTC); a dash for none."""

    @admin.display(description=title)
    def column(model_admin: Any, row: Any) -> str:
        moment = getattr(row, field)
        return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "—"

    return column


class CappedPaginator(Paginator):
    """Pages of a table that grows without end: counts at most ``COUNTED_ROWS`` rows, so that no page has to read
    the whole table (OPS)."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or ``COUNTED_ROWS`` when there are more."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED_ROWS].count())

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= COUNTED_ROWS


class TracedAdmin(admin.ModelAdmin):
    """Changes go through services, which leave the trace; Django's own log would be a second, poorer one (AU-03)."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A rule that somebody else broke between check and write, a login taken or a client id, is found by checking
        once more; then it stands at its field like any other."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (ValidationError, IntegrityError):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        return None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """There is no log of its own; what happened stands in the trace."""
        return HttpResponseRedirect(reverse("admin:audit_auditevent_changelist"))


class ReadOnlyAdmin(TracedAdmin):
    """A list that can be looked at and not changed."""

    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
