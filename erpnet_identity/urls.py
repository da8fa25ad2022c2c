"""The map of the instance: which site is mounted where, nothing else."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from erpnet_identity.identity.views import account

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("id/", include("erpnet_identity.oauth.urls")),
    path("id/", include("erpnet_identity.identity.urls")),
    path("id/", include("erpnet_identity.identity.account_urls")),
    # Every other address of the Identity Server is written without a slash; so is its root, by those who type it.
    path("id", account.home),
    path("", include("erpnet_identity.oauth.well_known_urls")),
    # Without its slash as well: nothing of the API is answered with a redirect or with a page (API-01).
    re_path(r"^api(?:/|$)", include("erp_api.urls")),
    path("manage", include("erpnet_identity.manage.urls")),
    path("", include("erpnet_identity.instance.urls")),
]

handler400 = "erpnet_identity.instance.views.errors.bad_request"
handler403 = "erpnet_identity.instance.views.errors.permission_denied"
handler404 = "erpnet_identity.instance.views.errors.not_found"
handler500 = "erpnet_identity.instance.views.errors.server_error"
