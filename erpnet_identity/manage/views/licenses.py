"""The license pool: how large it is, how much of it is used, and how much of it was (IS-88, SE-62)."""

from dataclasses import replace
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse

from erpnet_identity.erp_sessions import usage
from erpnet_identity.erp_sessions.pool import set_slots
from erpnet_identity.erp_sessions.pool_figures import PoolFigures, pool_figures, use_by_application

from .. import chart
from ..forms import SlotsForm, start_in_error
from .access import AdminRequest, SeeOther

_DAY = timedelta(days=1)
SHOWN_DAYS = 30
SHOWN_HOURS = 24
SHOWN_APPLICATIONS = 20


def licenses(admin_request: AdminRequest) -> HttpResponse:
    """The pool and its use; a form that changes its size."""
    pool = pool_figures(now=admin_request.now)
    stored = {"slots": pool.slots, "kept_from_services": pool.kept_from_services}
    form = SlotsForm(admin_request.request.POST if admin_request.changes else None, initial=stored)
    if admin_request.changes and form.is_valid():
        try:
            return _resize(admin_request, pool, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("slots", error.messages)
    start_in_error(form)
    midnight = admin_request.now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = usage.hours(since=midnight - (SHOWN_DAYS - 1) * _DAY, now=admin_request.now, kept=pool.absent)
    today = [hour for hour in hours if hour.hour >= midnight]
    context = {
        "pool": pool,
        "form": form,
        "uses": use_by_application(now=admin_request.now, most=SHOWN_APPLICATIONS),
        "peak_today": max(hour.peak for hour in today),
        "refused_today": sum(hour.refused for hour in today),
        "day": chart.draw(chart.hourly(hours[-SHOWN_HOURS:]), every=6),
        "month": chart.draw(chart.daily(hours), every=6),
    }
    return admin_request.page("manage/licenses.html", context)


def _resize(
    admin_request: AdminRequest, before: PoolFigures, *, slots: int | None, kept_from_services: int | None
) -> HttpResponse:
    if not set_slots(slots, actor=admin_request.actor, kept_from_services=kept_from_services):
        messages.info(admin_request.request, "Nothing has changed: the pool had this size already.")
    elif slots is None:
        messages.success(admin_request.request, "The pool is unlimited now.")
    else:
        many = "license" if slots == 1 else "licenses"
        text = f"The pool holds {slots} concurrent {many} now."
        if kept_from_services not in (None, before.kept_from_services):
            after = replace(before, slots=slots, kept_from_services=kept_from_services)
            text += f" Never for services: {after.for_people}."
        messages.success(admin_request.request, text)
    return SeeOther(reverse("manage:licenses"))
