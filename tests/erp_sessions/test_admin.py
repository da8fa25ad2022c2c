"""An administrator looks at API sessions in the administration and ends them."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import lifetimes
from erpnet_identity.erp_sessions.models import ErpSession, Kind, Reason
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.live import live_session

pytestmark = pytest.mark.django_db

LIST = "/admin/erp_sessions/erpsession/"


@pytest.fixture
def browser(administrator):
    browser = Client()
    browser.force_login(administrator)
    return browser


def listed(browser, query=""):
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200, response
    return response.context["cl"].result_list, response.content.decode()


@pytest.mark.contract("SE-09", "IS-90", "SE-75")
def test_what_is_shown(browser, service_app):
    live = live_session(applications=f"{service_app.pk} 6db0751e-c2f1-453b-93af-32c9f22b665e", address="192.0.2.1")
    shared = live_session(shared_at=timezone.now(), other_address="192.0.2.9")
    over = live_session(last_seen_at=timezone.now() - lifetimes.IDLE_LIMIT)
    closed = live_session(closed_at=timezone.now(), close_reason=Reason.SIGN_OUT)
    rows, text = listed(browser)
    assert set(rows) == {live, shared, over, closed}
    for wanted in (service_app.client_id, "deleted", "192.0.2.1", "two addresses", "ended by the timers", "signed out"):
        assert wanted in text
    assert set(listed(browser, "state=live")[0]) == {live, shared}
    assert set(listed(browser, "state=ended")[0]) == {over, closed}
    assert set(listed(browser, "state=shared")[0]) == {shared}
    assert set(listed(browser, f"q={live.user.login}")[0]) == {live}
    page = browser.get(f"{LIST}{shared.pk}/change/").content.decode()
    assert "192.0.2.9" in page
    page = browser.get(f"{LIST}{live.pk}/change/").content.decode()
    assert f"/admin/trusted_apps/trustedapplication/{service_app.pk}/change/" in page


@pytest.mark.contract("SE-46", "SE-47", "IS-95")
def test_ending(browser, administrator):
    wanted, kept, over = (
        live_session(),
        live_session(),
        live_session(last_seen_at=timezone.now() - lifetimes.IDLE_LIMIT),
    )
    chosen = {"action": "end_selected", ACTION_CHECKBOX_NAME: [wanted.pk, over.pk]}
    response = browser.post(LIST, chosen, follow=True)
    assert "Ended: 1." in response.content.decode()
    assert list(ErpSession.objects.open()) == [kept]
    events = AuditEvent.objects.filter(name="erp_session.closed")
    assert {(event.actor_kind, event.actor_name, event.cause) for event in events} == {
        ("user", administrator.login, "administrator"),
        ("system", "system", "idle"),
    }
    assert "Ended: 0." in browser.post(LIST, chosen, follow=True).content.decode()
    assert events.count() == 2


def test_nothing_can_be_edited(browser):
    row = live_session()
    assert browser.post(f"{LIST}{row.pk}/change/", {"requests": "7"}).status_code == 403
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_queries_do_not_grow_with_the_rows(browser):
    applications = [TrustedApplicationFactory() for _ in range(3)]

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            listed(browser)
        return len(found)

    live_session(applications=str(applications[0].pk))
    listed(browser)  # what a process reads once in a while is read now
    before = queries()
    for application in applications:
        live_session(applications=f"{application.pk} {applications[0].pk}")
    assert queries() == before


def test_only_for_administrators(client, internal_user):
    client.force_login(internal_user)
    assert client.get(LIST).status_code == 403


def test_a_session_speaks_for_itself():
    row = ErpSession(kind=Kind.SERVICE, opened_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert str(row).startswith("service session ")
