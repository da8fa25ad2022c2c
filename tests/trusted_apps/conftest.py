"""The form of an application over HTTP, as a browser sends it."""

import pytest

from erpnet_identity.audit.models import AuditEvent
from tests.trusted_apps.pages import LIST, errors_of, fields, fields_of, page_of
from trusted_apps.models import TrustedApplication


@pytest.fixture
def register(admin_client):
    """``register(**values)`` sends the form for a new application; returns the stored row or the errors."""

    def send(preset="", **values):
        response = admin_client.post(f"{LIST}add/{preset}", fields(**values))
        if response.status_code == 302:
            return TrustedApplication.objects.get(client_id=values.get("client_id", "shop.example.com"))
        return errors_of(response)

    return send


@pytest.fixture
def change(admin_client):
    """``change(application, **values)`` sends its form; returns the stored row or the errors."""

    def send(application, **values):
        response = admin_client.post(page_of(application), fields_of(application, **values))
        if response.status_code == 302:
            return TrustedApplication.objects.get(pk=application.pk)
        return errors_of(response)

    return send


@pytest.fixture
def audit_names():
    """``audit_names()``: the names of the events so far, in order, sign-in apart."""

    def names():
        events = AuditEvent.objects.exclude(name__startswith="user.").order_by("id")
        return list(events.values_list("name", flat=True))

    return names
