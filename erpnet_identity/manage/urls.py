"""The Instance Manager (IS-80 to IS-95). Every view of it is mounted by ``page`` and so lets in administrators only."""

from django.urls import URLPattern, path

from .views import appearance, home, licenses, reservations, sessions
from .views.access import READ, READ_AND_CHANGE, ManageView, administrators_only

app_name = "manage"


def page(route: str, view: ManageView, name: str, methods: tuple[str, ...] = READ) -> list[URLPattern]:
    """An address, written with or without a slash at its end; links use the one without."""
    guarded = administrators_only(view, methods)
    return [path(route, guarded, name=name), path(f"{route}/", guarded)]


urlpatterns: list[URLPattern] = [
    *page("", home.home, "home"),
    *page("/sessions", sessions.sessions, "sessions"),
    *page("/sessions/close-all", sessions.close_all, "close-all", READ_AND_CHANGE),
    *page("/sessions/<uuid:session_id>/end", sessions.end, "end-session", READ_AND_CHANGE),
    *page("/licenses", licenses.licenses, "licenses", READ_AND_CHANGE),
    *page("/appearance", appearance.appearance, "appearance", READ_AND_CHANGE),
    *page("/reservations", reservations.reservations, "reservations", READ_AND_CHANGE),
    *page("/reservations/suggestions", reservations.suggestions, "reservation-suggestions"),
]
