"""The admin site itself: its name, its order, who gets in, and nothing of Django's that has a page of ours."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from erpnet_identity.edge.language import in_english

from . import guards, sessions
from .page import keep_private
from .sign_in_context import SignInContext

# What administrators come for stands first; everything else follows by name.
ORDER = ("trusted_apps", "users", "identity", "erp_sessions", "tokens", "audit", "keys")


class Administration(admin.AdminSite):
    """Django's admin behind the sign-in of the Identity Server (ID-62).

    There is one front door, one way out and one page for the own password: the site has none of its own, so that
    limits, lock-outs, the trace and further factors hold here too.
    """

    site_header = site_title = "ERP Identity"
    index_title = "Administration"
    site_url = "/"
    empty_value_display = "—"
    # A line of links at the top instead: lists need the width.
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators, until their identity session ends: a user who was signed out from outside is out here too."""
        return super().has_permission(request) and sessions.current(request, now=timezone.now()) is not None

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """A page of the site, for administrators only, and for changes only after a recent sign-in. The page itself is
        English; who is turned away or asked for the password reads that in their own language."""

        english = in_english(view)

        def confirmed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer: HttpResponseBase = guards.not_recently_signed_in(request, now=timezone.now()) or english(
                request, *args, **kwargs
            )
            return answer

        shown = super().admin_view(update_wrapper(confirmed, view), cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer: HttpResponseBase = guards.not_an_administrator(request, now=timezone.now()) or shown(
                request, *args, **kwargs
            )
            return answer

        return update_wrapper(guarded, shown)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Sign-in is at the Identity Server. Bookmarks of Django's page lead there."""
        wanted = request.GET.get("next") or reverse("admin:index")
        return keep_private(guards.SeeOther(SignInContext(next=wanted).link("identity:signin")))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """So is sign-out."""
        return keep_private(guards.SeeOther(reverse("oauth2_provider:rp-initiated-logout")))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The own password is changed on its own page, which asks for the one that holds now (IS-43)."""
        return keep_private(HttpResponseRedirect(reverse("identity:password-change")))

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The same."""
        return self.password_change(request)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Django's suggestions for any foreign key of any model: no form here has such a field. Raises ``Http404``."""
        raise Http404

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In our order, each model with what its administration calls the form for a new row."""
        apps = super().get_app_list(request, app_label)
        for model in (model for app in apps for model in app["models"]):
            model["add_title"] = getattr(self._registry[model["model"]], "add_title", "")
        return sorted(apps, key=lambda app: ORDER.index(app["app_label"]) if app["app_label"] in ORDER else len(ORDER))
