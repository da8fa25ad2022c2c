"""Accounts with a reserved seat: who they are, one more, one less (IS-89, SE-65)."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, Q
from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from erpnet_identity.erp_sessions.models import ReservedSeat
from erpnet_identity.erp_sessions.pool import give_up_seat, reserve_seat
from erpnet_identity.erp_sessions.pool_figures import pool_figures, sessions_of
from erpnet_identity.users.models import MAY_CALL_APIS, User

from ..forms import SeatForm, start_in_error
from .access import AdminRequest, SeeOther

ON_A_PAGE = 100
SUGGESTED = 12


def reservations(admin_request: AdminRequest) -> HttpResponse:
    """The list; a form that adds to it, and a button at each row that takes it out."""
    request = admin_request.request
    if admin_request.changes and "remove" in request.POST:
        return _remove(admin_request, request.POST["remove"])
    form = SeatForm(request.POST if admin_request.changes else None)
    if admin_request.changes and form.is_valid():
        try:
            return _add(admin_request, form.cleaned_data["login"])
        except ValidationError as error:
            form.add_error("login", error.messages)
    start_in_error(form)
    seats = ReservedSeat.objects.select_related("user").order_by("user__login")
    seats = seats.annotate(is_connected=Exists(sessions_of("user", admin_request.now)))
    page = Paginator(seats, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "seats": list(page.object_list), "pool": pool_figures(now=admin_request.now)}
    return admin_request.page("manage/reservations.html", context)


def suggestions(admin_request: AdminRequest) -> HttpResponse:
    """Accounts that could get a seat, for an administrator who types a login."""
    text = admin_request.request.GET.get("term", "").replace("\x00", "")[:64]
    users = User.objects.filter(is_active=True, user_type__in=MAY_CALL_APIS, reserved_seat__isnull=True)
    if text:
        users = users.filter(Q(folded_login__contains=text) | Q(folded_name__contains=text))
    found = users.order_by("login").values("login", "name")[:SUGGESTED]
    return JsonResponse({"results": list(found)})


def _add(admin_request: AdminRequest, user: User) -> HttpResponse:
    reserve_seat(user, actor=admin_request.actor)
    text = f"A seat is kept for {user.name} now."
    if not user.is_active:
        text = f"{user.name} is on the list now. While the account is inactive, no slot is held back for it."
    messages.success(admin_request.request, text)
    return SeeOther(reverse("manage:reservations"))


def _remove(admin_request: AdminRequest, key: str) -> HttpResponse:
    try:
        user = User.objects.filter(pk=UUID(key)).first()
    except ValueError:
        user = None
    if user is not None and give_up_seat(user, actor=admin_request.actor):
        messages.success(admin_request.request, f"No seat is kept for {user.name} any more.")
    else:
        messages.info(admin_request.request, "This account had no reserved seat any more.")
    return SeeOther(reverse("manage:reservations"))
