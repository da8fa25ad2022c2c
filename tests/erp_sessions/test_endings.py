"""Sessions end with what they belong to, and no slot is written down as held twice."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.erp_sessions import presence, services, usage
from erpnet_identity.erp_sessions.models import ErpSession
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.api_callers import token_of_person, token_of_service
from trusted_apps.services import delete_application

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def call(token, *, now=None):
    now = now or timezone.now()
    session_id = services.open_or_touch(*token.read(), now=now)
    presence.end(session_id, now=now, bytes_up=0, bytes_down=0)
    return session_id


def delete(application):
    with TestCase.captureOnCommitCallbacks(execute=True):
        delete_application(application, actor=SYSTEM)


@pytest.fixture
def applications():
    return [TrustedApplicationFactory(web=True, secret=None) for _ in range(3)]


@pytest.mark.contract("SE-20", "SE-46", "SE-47", "TA-72")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_it_goes_on_while_one_of_its_applications_exists(applications, internal_user, order):
    used = applications[:2]
    tokens = [token_of_person(internal_user, application, "a" * 32) for application in used]
    assert call(tokens[0]) == call(tokens[1])
    delete(applications[2])
    delete(used[order[0]])
    assert ErpSession.objects.open().count() == 1
    delete(used[order[1]])
    assert ErpSession.objects.get().close_reason == "application"


@pytest.mark.contract("SE-46", "TA-72")
def test_an_application_that_joins_meanwhile_keeps_it(applications, internal_user, monkeypatch):
    """Between the look at the sessions and the closing, a call comes through another application."""
    first, second = (token_of_person(internal_user, application, "a" * 32) for application in applications[:2])
    session_id = call(first)
    close = services.close

    def join_and_close(sessions, **values):
        call(second)
        return close(sessions, **values)

    with monkeypatch.context() as patch:
        patch.setattr(services, "close", join_and_close)
        services.close_of_application(applications[0].pk, now=timezone.now(), actor=SYSTEM)
    assert ErpSession.objects.open().get().pk == session_id


@pytest.mark.contract("SE-06", "SE-56")
def test_a_slot_is_never_written_down_as_held_twice():
    """The second call began before the first session was closed, and waited for its slot."""
    application = TrustedApplicationFactory(service=True, secret=None)
    first, second = (token_of_service(application) for _ in range(2))
    began = timezone.now()
    earlier = call(first, now=began)
    services.close_chosen([earlier], now=began + 5 * SECOND, actor=SYSTEM)
    later = ErpSession.objects.get(pk=call(second, now=began + 3 * SECOND))
    assert later.opened_at == later.last_seen_at == began + 5 * SECOND
    assert later.expires_at == later.opened_at + timedelta(hours=1)
    spans = [(row.opened_at, row.closed_at or row.ends_at) for row in ErpSession.objects.all()]
    assert usage.peak(spans, began, began + timedelta(hours=2)) == 1


def test_an_opening_that_is_stored_late_is_counted():
    """The use was summed up after the call began and before its session was stored."""
    token = token_of_service(TrustedApplicationFactory(service=True, secret=None))
    began = timezone.now()
    usage.summarise(now=began + SECOND)
    call(token, now=began)
    usage.summarise(now=began + 60 * SECOND)
    assert sum(hour.opened for hour in usage.hours(since=began, now=began + 60 * SECOND)) == 1
