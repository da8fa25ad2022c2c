"""The first page of the Instance Manager (IS-83)."""

from django.http import HttpResponse

from erpnet_identity.edge import mount
from erpnet_identity.tenancy.models import database_name

from ...pool_figures import pool_figures
from .access import Visit


def home(visit: Visit) -> HttpResponse:
    """The instance's name and version, how its licences are used, and where everything else is."""
    context = {
        "name": database_name(),
        "host": mount.shown(),
        "pool": pool_figures(now=visit.now),
    }
    return visit.page("manage/home.html", context)
