"""What the lists of the admin site share: the trace instead of Django's own log, large tables, read-only rows."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

# A list is counted no further than this; an administrator who needs a later row narrows the list by a filter or a
# search.
COUNTED_ROWS = 10_000


def moment(value: datetime, time: str = "%H:%M") -> SafeString:
    """A moment (UTC), whose day no line breaks. ``time`` is the form of its second part."""
    return format_html('<span class="erp-day">{}</span> {}', f"{value:%Y-%m-%d}", value.strftime(time))


def minute_column(field: str, title: str, *, ordering: str | None = None) -> Callable[[Any, Any], str]:
    """A column, or a line of a page, with a moment of the row to the minute (UTC); a dash for none. ``ordering`` is
    what a click on its heading sorts by."""

    @admin.display(description=title, ordering=ordering)
    def column(model_admin: Any, row: Any) -> str:
        value = getattr(row, field)
        return moment(value) if value is not None else "—"

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


class OfferedChangeList(ChangeList):
    """A list that is sorted only by the columns whose headings offer it. Django looks at them when it draws the page,
    not when it reads the address, and an order by a column that nobody may see tells its values one by one."""

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)


class OfferedOnly(admin.ModelAdmin):
    """Addresses of a list may ask for what the page itself offers and for nothing else.

    Django lets an address filter by every column of the row, ``password__startswith`` included: a person who sees
    whether the row is still there reads a secret letter by letter. Django's pop-up windows and references to other
    columns (``_popup``, ``_to_field``) belong to fields that no form here has.
    """

    @property
    def media(self) -> forms.Media:
        """The script that selects rows, which only lists with actions want. Django's own list adds jQuery and what
        needs it: pop-up windows, suggestions and fields that fill themselves in, none of which is here."""
        return forms.Media(js=["admin/js/actions.js"] if self.actions else [])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Whether one of the filters beside the list has this parameter. Raises ``IncorrectLookupParameters``, which
        leads to the list without them, for one that no column of the row has: nothing can be read with it."""
        if request is not None and lookup in self.offered(request):
            return True
        if lookup.partition(LOOKUP_SEP)[0] not in {"pk", *_names_of(self.model)}:
            raise IncorrectLookupParameters
        return False

    def offered(self, request: HttpRequest) -> set[str]:
        """The parameters of the filters beside the list, which are made as the page makes them."""
        names: set[str] = set()
        for entry in self.get_list_filter(request):
            chosen: Any
            unasked = ""
            if callable(entry):
                chosen = entry(request, {}, self.model, self)
            else:
                path, make = entry if isinstance(entry, tuple | list) else (entry, admin.FieldListFilter.create)
                field = get_fields_from_path(self.model, str(path))[-1]
                chosen = make(field, request, {}, self.model, self, field_path=str(path))  # type: ignore[operator]
                unasked = "" if field.null else f"{path}__isnull"  # the filter understands it and never shows it
            names.update(name for name in chosen.expected_parameters() if name and name != unasked)
        return names

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Rows are named by their key alone."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OfferedChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        _refuse_popup(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        _refuse_popup(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        _refuse_popup(request)
        return super().delete_view(request, object_id, extra_context)


def _names_of(model: type[Model]) -> set[str]:
    """What a lookup on a row can begin with: columns, references in both directions, with and without ``_id``."""
    fields = model._meta.get_fields()
    return {field.name for field in fields} | {getattr(field, "attname", field.name) for field in fields}


def _refuse_popup(request: HttpRequest) -> None:
    """Raises ``SuspiciousOperation``, which answers 400."""
    if IS_POPUP_VAR in request.GET or IS_POPUP_VAR in request.POST:
        raise SuspiciousOperation("nothing here opens in a pop-up window")


class TracedAdmin(OfferedOnly):
    """Changes go through services, which leave the trace; Django's own log would be a second, poorer one (AU-03)."""

    # What the links to the form for a new row say, and the form itself.
    add_title = ""
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
        """A rule that another transaction broke between check and write, a login taken or a client id, is found by
        checking once more; then it stands at its field like any other."""
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
