"""The first page of the Instance Manager (IS-83)."""

from django.http import HttpResponse

from erpnet_identity.edge import mount
from erpnet_identity.erp_sessions.pool_figures import pool_figures
from erpnet_identity.tenancy.models import database_name

from .access import AdminRequest


def home(admin_request: AdminRequest) -> HttpResponse:
    """The instance's name and version, how its licenses are used, and where everything else is."""
    context = {
        "name": database_name(),
        "host": mount.shown(),
        "pool": pool_figures(now=admin_request.now),
    }
    return admin_request.page("manage/home.html", context)
