"""The admin of applications: list, form, switch, history. Every change goes through ``services`` (TA-48, TA-73)."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from erpnet_identity.audit.model_admin import CappedPaginator, TracedAdmin
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for
from trusted_apps import presets, services
from trusted_apps.attributes import ATTRIBUTES
from trusted_apps.forms import TITLES, TrustedApplicationForm
from trusted_apps.models import TrustedApplication
from trusted_apps.rules import INTERNAL_PREFIX
from trusted_apps.summary import summarise

from . import columns, history
from .filters import FILTERS, contains, runs_services
from .secret_views import TEMPLATES, SecretViews

RECENT_EVENTS = 10
EVENTS_PER_PAGE = 50
SUGGESTIONS = 20

_TITLES = {attribute.erp_name: TITLES[attribute.field] for attribute in ATTRIBUTES}


class TrustedApplicationAdmin(SecretViews, columns.ApplicationColumns, TracedAdmin):
    """Trusted Applications. The product's own records are not shown here (TA-78)."""

    add_title = "Register a Trusted Application"
    form = TrustedApplicationForm
    list_display = [
        "application", "state", "modes", "scopes_shown", "secrets_shown", "last_used_shown",
    ]  # fmt: skip
    list_display_links = ["application"]
    list_filter = FILTERS
    list_per_page = 50
    list_max_show_all = 50
    paginator = CappedPaginator
    ordering = ["name", "client_id"]
    search_fields = ["name", "owner", "client_id", "redirect_uris"]
    search_help_text = "Name, owner, client id or host of a redirect URI."
    actions = ["enable_selected", "disable_selected"]
    view_on_site = False

    # ── rows ──────────────────────────────────────────────────────────────────────────────────────────

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrustedApplication]:
        return (
            TrustedApplication.objects.exclude(client_id__startswith=INTERNAL_PREFIX)
            .select_related("system_user")
            .prefetch_related("secrets")
            .order_by(*self.ordering)
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Every word must occur in the name, the owner, the client id or an address."""
        for word in search_term.split():
            queryset = queryset.filter(contains(word))
        return queryset, False

    # ── form ──────────────────────────────────────────────────────────────────────────────────────────

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The groups of the form. A new record can be saved switched off; later the switch is a button of its own,
        because it must work at once and for a record that breaks a newer rule."""
        switch = ["is_enabled"] if obj is None else []
        return [
            (
                "The application",
                {"fields": ["name", "owner", "is_verified", "client_id", "client_type", "notes", *switch]},
            ),
            (
                "Sign-in",
                {
                    "fields": [
                        "allows_internal_users", "allows_community_users", "is_first_party", "redirect_uris",
                        "post_logout_redirect_uris",
                    ]
                },
            ),
            ("Working without a person", {"fields": ["allows_service", "system_user"]}),
            ("Access to data", {"fields": ["scope", "identity_scopes_imply_access", "slot_limit"]}),
            (
                "Reference tokens and older clients",
                {"fields": ["reference_tokens", "allows_basic_authentication", "system_user_login_url"]},
            ),
        ]  # fmt: skip

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The values of a preset (TA-90 to TA-94); nothing else in the address fills in a form."""
        preset = presets.named(request.GET.get("preset", ""))
        return dict(preset.initial) if preset else {}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        chosen = presets.named(request.GET.get("preset", ""))
        context = {"title": self.add_title, "presets": presets.PRESETS, "preset": chosen}
        return super().add_view(request, form_url, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        # Read apart from the form's own row, which takes on what was typed.
        stored = self.get_object(request, unquote(object_id))
        context = self._page_context(stored) if stored is not None else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def _page_context(self, stored: TrustedApplication) -> dict[str, Any]:
        now = timezone.now()
        secrets = [(secret, *columns.secret_state(secret, now)) for secret in stored.secrets.all()]
        return {
            "title": stored.name,
            "subtitle": None,
            "stored": stored,
            "state": columns.state(stored),
            "summary": summarise(stored),
            "warnings": stored.warnings(now),
            "secrets": secrets,
            "needs_secret": stored.is_confidential and not any(row.is_usable(now) for row, *_ in secrets),
            "recent": [history.line(event) for event in history.events_of(stored)[:RECENT_EVENTS]],
        }

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        # One way to save: the page stays, and what comes next stands on it.
        context.update(show_save_and_add_another=False, show_save_and_continue=False, show_delete=False)
        return super().render_change_form(request, context, *args, **kwargs)

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────

    def save_model(self, request: HttpRequest, obj: TrustedApplication, form: Any, change: bool) -> None:
        """Store through the service, so that the trace is the same as from anywhere else (TA-73)."""
        changed = services.save_application(obj, actor=actor_for(request.user))
        if not change:
            text = f"“{obj.name}” was registered."
        elif changed:
            text = f"Saved. Changed: {', '.join(_TITLES[name] for name in changed)}."
        else:
            text = "Nothing was changed."
        self.message_user(request, text, messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """A confidential application is of no use before it has a secret: that page comes next."""
        if obj.is_confidential:
            return HttpResponseRedirect(reverse("admin:trusted_apps_trustedapplication_secret_add", args=[obj.pk]))
        return HttpResponseRedirect(obj.get_absolute_url())

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(obj.get_absolute_url())

    def delete_model(self, request: HttpRequest, obj: TrustedApplication) -> None:
        services.delete_application(obj, actor=actor_for(request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrustedApplication]) -> None:
        """One by one, so that each leaves its trace."""
        for application in queryset:
            services.delete_application(application, actor=actor_for(request.user))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with the records, as numbers: a list of a hundred thousand tokens helps nobody."""
        rows = list(objs)
        keys = [row.pk for row in rows]
        counts = {_counted(TrustedApplication, len(rows)): len(rows)}
        for relation in TrustedApplication._meta.related_objects:
            related: Any = relation.related_model
            number = related._base_manager.filter(**{f"{relation.field.name}__in": keys}).count()
            if number:
                counts[_counted(related, number)] = number
        return [f"{row.name} ({row.client_id})" for row in rows], counts, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        application = self.get_object(request, unquote(object_id))
        title = {"title": f"Delete {application.name}"} if application is not None else {}
        return super().delete_view(request, object_id, {**title, **(extra_context or {})})

    # ── switch ────────────────────────────────────────────────────────────────────────────────────────

    def _switch(self, request: HttpRequest, rows: Iterable[TrustedApplication], *, enabled: bool) -> None:
        actor = actor_for(request.user)
        number = sum(services.set_enabled(row, enabled, actor=actor) for row in rows)
        word = "enabled" if enabled else "disabled"
        text = f"1 application was {word}." if number == 1 else f"{number} applications were {word}."
        self.message_user(request, text, messages.SUCCESS if number else messages.INFO)

    @admin.action(description="Enable the selected applications")
    def enable_selected(self, request: HttpRequest, queryset: QuerySet[TrustedApplication]) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Disable the selected applications")
    def disable_selected(self, request: HttpRequest, queryset: QuerySet[TrustedApplication]) -> None:
        self._switch(request, queryset, enabled=False)

    @method_decorator([csrf_protect, require_POST])
    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Throw the kill switch or take it back (TA-70, TA-71)."""
        application = self.application_or_404(request, object_id)
        enabled = request.POST.get("enabled")
        if enabled not in ("0", "1"):
            return HttpResponse("enabled must be 0 or 1", status=400, content_type="text/plain; charset=utf-8")
        self._switch(request, [application], enabled=enabled == "1")
        return HttpResponseRedirect(application.get_absolute_url())

    # ── further pages ─────────────────────────────────────────────────────────────────────────────────

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "trusted_apps_trustedapplication"
        return [
            path("system-users/", wrap(self.system_users_view), name=f"{name}_system_users"),
            path("<path:object_id>/enabled/", wrap(self.switch_view), name=f"{name}_enabled"),
            *self.secret_urls(),
            *super().get_urls(),
        ]

    def system_users_view(self, request: HttpRequest) -> HttpResponse:
        """Suggestions while a system user is typed: accounts that may run services, never all of them."""
        term = request.GET.get("term", "").strip()[:64].replace("\x00", "")
        found = User.objects.filter(runs_services(term)).order_by("login")[:SUGGESTIONS]
        return JsonResponse({"results": [{"login": user.login, "name": user.name} for user in found]})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The trace of this record in words, in place of Django's log."""
        application = self.get_object(request, unquote(object_id))
        if application is None:
            raise Http404
        pages = CappedPaginator(history.events_of(application), EVENTS_PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Changes to {application.name}",
            "application": application,
            "opts": self.opts,
            "page": page,
            "lines": [history.line(event) for event in page],
            **(extra_context or {}),
        }
        return TemplateResponse(request, f"{TEMPLATES}/object_history.html", context)


def _counted(model: type[Model], number: int) -> str:
    """What that many rows are called."""
    return str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)
