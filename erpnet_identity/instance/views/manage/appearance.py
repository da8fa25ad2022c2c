"""What people see of the instance on every page: its title and logo, and where help and rules are."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from erpnet_identity.tenancy.services import stored_instance, update_instance

from ...forms import AppearanceForm, start_in_error
from .access import SeeOther, Visit


def appearance(visit: Visit) -> HttpResponse:
    """A form that shows what is set and changes it."""
    form = AppearanceForm(visit.request.POST if visit.changes else None, instance=stored_instance())
    if visit.changes and form.is_valid():
        if update_instance(form.cleaned_data, actor=visit.actor):
            messages.success(visit.request, "Saved. Every page shows it within ten seconds.")
        else:
            messages.info(visit.request, "Nothing has changed: this was set already.")
        return SeeOther(reverse("manage:appearance"))
    start_in_error(form)
    return visit.page("manage/appearance.html", {"form": form})
