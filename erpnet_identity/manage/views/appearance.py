"""What people see of the instance on every page: its title and logo, and where help and rules are."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from erpnet_identity.tenancy.services import stored_instance, update_instance

from ..forms import AppearanceForm, start_in_error
from .access import AdminRequest, SeeOther


def appearance(admin_request: AdminRequest) -> HttpResponse:
    """A form that shows what is set and changes it."""
    form = AppearanceForm(admin_request.request.POST if admin_request.changes else None, instance=stored_instance())
    if admin_request.changes and form.is_valid():
        if update_instance(form.cleaned_data, actor=admin_request.actor):
            messages.success(admin_request.request, "Saved. Every page shows it within ten seconds.")
        else:
            messages.info(admin_request.request, "Nothing has changed: this was set already.")
        return SeeOther(reverse("manage:appearance"))
    start_in_error(form)
    return admin_request.page("manage/appearance.html", {"form": form})
