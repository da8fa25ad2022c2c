"""Who is connected right now, and ending that (IS-90, SE-46, SE-48)."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from erpnet_identity.erp_sessions import services
from erpnet_identity.erp_sessions.models import ErpSession
from erpnet_identity.erp_sessions.pool_figures import pool_figures

from .. import live_sessions
from ..forms import FindForm
from .access import AdminRequest, SeeOther


def sessions(admin_request: AdminRequest) -> HttpResponse:
    """The live sessions, a page at a time."""
    form = _asked(admin_request)
    rows = live_sessions.find(text=form.text, show=form.choice, now=admin_request.now)
    page, shown = live_sessions.page_of(rows, admin_request.request.GET.get("page"), now=admin_request.now)
    query = {"q": form.text, "show": form.choice}
    is_filtered = any(query.values())
    context = {
        "form": form,
        "page": page,
        "rows": shown,
        "pool": pool_figures(now=admin_request.now),
        "is_filtered": is_filtered,
        "query": _query(query).removeprefix("?") + "&" if is_filtered else "",
        "here": _query({**query, "page": page.number if page.number > 1 else ""}),
    }
    return admin_request.page("manage/sessions.html", context)


def end(admin_request: AdminRequest, session_id: UUID) -> HttpResponse:
    """Ask whether to end one session, and do it."""
    request, back = admin_request.request, _list_address(admin_request)
    if admin_request.changes:
        session = ErpSession.objects.filter(pk=session_id).select_related("user").first()
        if services.close_chosen([session_id], now=admin_request.now, actor=admin_request.actor):
            messages.success(request, f"The session of {session.user.name if session else '?'} has been ended.")
        else:
            messages.info(request, "This session had ended already.")
        return SeeOther(back)
    found = list(live_sessions.find(text="", show="", now=admin_request.now).filter(pk=session_id))
    if not found:
        messages.info(request, "This session has ended already.")
        return SeeOther(back)
    (row,) = live_sessions.described(found, now=admin_request.now)
    return admin_request.page("manage/end_session.html", {"row": row, "back": back})


def close_all(admin_request: AdminRequest) -> HttpResponse:
    """Ask whether to close every session, and do it (SE-48)."""
    back = reverse("manage:sessions")
    if admin_request.changes:
        number = services.close_all(now=admin_request.now, actor=admin_request.actor)
        if number:
            closed = "One session has been closed." if number == 1 else f"{number} sessions have been closed."
            messages.success(admin_request.request, closed)
        else:
            messages.info(admin_request.request, "There was no session to close.")
        return SeeOther(back)
    return admin_request.page("manage/close_all.html", {"pool": pool_figures(now=admin_request.now), "back": back})


def _asked(admin_request: AdminRequest) -> FindForm:
    form = FindForm(admin_request.request.GET)
    form.full_clean()
    return form


def _query(parameters: Mapping[str, object]) -> str:
    text = urlencode({name: value for name, value in parameters.items() if value})
    return f"?{text}" if text else ""


def _list_address(admin_request: AdminRequest) -> str:
    """The list as it was when a session was chosen from it."""
    form = _asked(admin_request)
    page = admin_request.request.GET.get("page", "")
    query = {"q": form.text, "show": form.choice, "page": page if page.isdecimal() else ""}
    return reverse("manage:sessions") + _query(query)
