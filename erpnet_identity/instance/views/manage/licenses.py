"""The licence pool: how large it is, how much of it is used, and how much of it was (IS-88, SE-62)."""

from dataclasses import replace
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse

from erpnet_identity.erp_sessions import usage
from erpnet_identity.erp_sessions.pool import set_slots

from ... import chart
from ...forms import SlotsForm, start_in_error
from ...pool_figures import PoolFigures, pool_figures, use_by_application
from .access import SeeOther, Visit

_DAY = timedelta(days=1)
SHOWN_DAYS = 30
SHOWN_HOURS = 24
SHOWN_APPLICATIONS = 20


def licenses(visit: Visit) -> HttpResponse:
    """The pool and its use; a form that changes its size."""
    pool = pool_figures(now=visit.now)
    stored = {"slots": pool.slots, "kept_from_services": pool.kept_from_services}
    form = SlotsForm(visit.request.POST if visit.changes else None, initial=stored)
    if visit.changes and form.is_valid():
        try:
            return _resize(visit, pool, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("slots", error.messages)
    start_in_error(form)
    midnight = visit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = usage.hours(since=midnight - (SHOWN_DAYS - 1) * _DAY, now=visit.now, kept=pool.absent)
    today = [hour for hour in hours if hour.hour >= midnight]
    context = {
        "pool": pool,
        "form": form,
        "uses": use_by_application(now=visit.now, most=SHOWN_APPLICATIONS),
        "peak_today": max(hour.peak for hour in today),
        "refused_today": sum(hour.refused for hour in today),
        "day": chart.draw(chart.hourly(hours[-SHOWN_HOURS:]), every=6),
        "month": chart.draw(chart.daily(hours), every=6),
    }
    return visit.page("manage/licenses.html", context)


def _resize(visit: Visit, before: PoolFigures, *, slots: int | None, kept_from_services: int | None) -> HttpResponse:
    if not set_slots(slots, actor=visit.actor, kept_from_services=kept_from_services):
        messages.info(visit.request, "Nothing has changed: the pool had this size already.")
    elif slots is None:
        messages.success(visit.request, "The pool is unlimited now.")
    else:
        many = "licence" if slots == 1 else "licences"
        text = f"The pool holds {slots} concurrent {many} now."
        if kept_from_services not in (None, before.kept_from_services):
            after = replace(before, slots=slots, kept_from_services=kept_from_services)
            text += f" Never for services: {after.for_people}."
        messages.success(visit.request, text)
    return SeeOther(reverse("manage:licenses"))
