"""The admin site itself: its name, its order, who gets in, and nothing that is not ours."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from .forms import AdministratorSignInForm

# What administrators come for stands first; everything else follows by name.
ORDER = ("trusted_apps", "users", "identity", "erp_sessions", "tokens", "audit", "keys")


def change_own_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Django's own page would change a password without a trace: lead to ours."""
    return HttpResponseRedirect(reverse("admin:users_user_password", args=[request.user.pk]))


def not_offered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Django's list of suggestions for any foreign key of any model: no form here has such a field. Raises
    ``Http404``."""
    raise Http404


def set_up(site: Any) -> None:
    """Give Django's site our name, order and rules."""
    site.site_header = site.site_title = "ERP Identity"
    site.index_title = "Administration"
    site.site_url = "/"
    # A line of links at the top instead: lists need the width.
    site.enable_nav_sidebar = False
    site.login_form = AdministratorSignInForm
    site.password_change = change_own_password
    site.autocomplete_view = not_offered
    list_of = site.get_app_list

    def get_app_list(request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = list_of(request, app_label)
        return sorted(apps, key=lambda app: ORDER.index(app["app_label"]) if app["app_label"] in ORDER else len(ORDER))

    site.get_app_list = get_app_list
    # Rights follow from the account alone; there are no groups.
    assert auth_admin is not None  # imported so that the class is registered before it is taken out
    site.unregister(Group)


set_up(admin.site)
