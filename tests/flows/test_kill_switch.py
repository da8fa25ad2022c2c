"""An administrator disables an application, and it stops: at the APIs and at the token endpoint, at once."""

import pytest
from django.urls import reverse

from erpnet_identity.audit.models import AuditEvent
from tests.factories.trusted_apps import TrustedApplicationFactory

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api/domain/odata/Crm_Sales_Customers?$top=1"


@pytest.fixture
def call(client, service_app, service_token):
    """One call with one unexpired token, the same every time."""
    headers = {"Authorization": f"Bearer {service_token(service_app)}"}
    return lambda: client.get(CUSTOMERS, headers=headers)


@pytest.fixture
def ask(service_app, token_request):
    return lambda: token_request(
        grant_type="client_credentials", client_id=service_app.client_id, client_secret=service_app.plain_secret
    )


@pytest.fixture
def browser(administrator):
    """A browser of an administrator, apart from the app that calls."""
    from django.test import Client

    browser = Client()
    browser.force_login(administrator)
    return browser


def by_button(browser, application, *, enabled):
    address = reverse("admin:trusted_apps_trustedapplication_enabled", args=[application.pk])
    return browser.post(address, {"enabled": "1" if enabled else "0"})


def by_action(browser, application, *, enabled):
    address = reverse("admin:trusted_apps_trustedapplication_changelist")
    action = "enable_selected" if enabled else "disable_selected"
    return browser.post(address, {"action": action, "_selected_action": [str(application.pk)]})


@pytest.mark.contract("TA-05", "TA-24", "TA-70", "TA-71", "TK-106", "ID-107", "API-91")
@pytest.mark.parametrize("throw", [by_button, by_action])
def test_the_very_next_call_is_refused(throw, service_app, call, ask, browser):
    assert call().status_code == 200

    assert throw(browser, service_app, enabled=False).status_code == 302
    refused = call()
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert AuditEvent.objects.filter(name="api_call.refused").latest("id").cause == "application_disabled"
    assert ask().json()["error"] == "invalid_client"

    throw(browser, service_app, enabled=True)
    assert call().status_code == 200
    assert ask().status_code == 200
    names = AuditEvent.objects.filter(name__startswith="application.").order_by("id").values_list("name", "actor_name")
    assert [name for name, _ in names] == ["application.disabled", "application.enabled"]
    assert {actor for _, actor in names} == {browser.get("/admin/").wsgi_request.user.login}


@pytest.mark.contract("TA-48", "CO-06")
def test_only_administrators_may(service_app, call, internal_user, client):
    client.force_login(internal_user)
    by_button(client, service_app, enabled=False)
    by_action(client, service_app, enabled=False)
    client.logout()
    assert call().status_code == 200


@pytest.mark.contract("TA-72")
def test_deleting_ends_the_tokens(service_app, call, ask, browser):
    other = TrustedApplicationFactory(service=True)
    address = reverse("admin:trusted_apps_trustedapplication_delete", args=[service_app.pk])
    assert browser.post(address, {"post": "yes"}).status_code == 302
    assert call().status_code == 401
    assert ask().json()["error"] == "invalid_client"
    other.refresh_from_db()
    assert AuditEvent.objects.filter(name="application.deleted", client_id=service_app.client_id).count() == 1
