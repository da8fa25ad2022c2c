"""The instance root: landing page, tools and health."""

from django.urls import URLPattern, URLResolver, path

from erpnet_identity.operations import views as health

from .views import landing, tools

# One tool, six addresses: three prefixes, each with and without a trailing slash (IS-02, IS-03).
PREFIXES = ("tools", "sys", "sys/tools")
TOOLS = {
    "auto-discovery": tools.auto_discovery,
    "server-info": tools.server_info,
    "resource-monitor": tools.resource_monitor,
    "ver": tools.ver,
    "sha256": tools.sha256,
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", landing.landing, name="landing"),
    path("whats-new", landing.whats_new, name="whats-new"),
    path("logo/<slug:mark>", landing.logo, name="logo"),
    path("sys/downloads/whatsnew.txt", tools.whats_new, name="whats-new-text"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    # The names belong to the form that links use.
    *(path(f"tools/{name}", view, name=f"tool-{name}") for name, view in TOOLS.items()),
    *(
        path(f"{prefix}/{name}{slash}", view)
        for prefix in PREFIXES
        for name, view in TOOLS.items()
        for slash in ("", "/")
        if (prefix, slash) != ("tools", "")
    ),
]
