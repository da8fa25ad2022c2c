"""Threads of one process at the same slots, on every database: SQLite has one writer and no locks of rows."""

import time
from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import pool, presence, services
from erpnet_identity.erp_sessions.exceptions import LicenseSlotsExhausted
from erpnet_identity.erp_sessions.models import ErpSession
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.api_callers import token_of_service
from tests.support.chance import chance
from tests.support.processes import in_threads

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/domain/odata/Crm_Sales_Customers?$top=1"
THREADS, SLOTS, CALLS = 8, 3, 25


def get(token):
    return Client().get(URL, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.contract("SE-56", "SE-57", "OPS-02")
def test_one_free_slot(service_app, service_token):
    pool.set_slots(1, actor=SYSTEM)
    for _ in range(3):
        tokens = [service_token(service_app) for _ in range(4)]
        assert sorted(in_threads(4, lambda number, tokens=tokens: get(tokens[number]))) == [200, 503, 503, 503]
        services.close_all(now=timezone.now(), actor=SYSTEM)


@pytest.mark.contract("SE-04", "SE-05", "OPS-02")
def test_one_key(service_app, service_token):
    token = service_token(service_app)
    assert set(in_threads(THREADS, lambda number: get(token))) == {200}
    presence.flush(now=timezone.now(), everything=True)
    assert ErpSession.objects.get().requests == THREADS
    assert AuditEvent.objects.filter(name="erp_session.opened").count() == 1


@pytest.mark.contract("SE-06", "SE-47", "SE-56", "OPS-02")
def test_never_more_than_the_pool():
    """Everybody opens and closes without a pause; whoever has opened one looks how many there are."""
    application = TrustedApplicationFactory(service=True, secret=None)
    tokens = [token_of_service(application) for _ in range(2 * SLOTS)]
    pool.set_slots(SLOTS, actor=SYSTEM)

    def work(number):
        luck, happened = chance(number), Counter()
        for _ in range(CALLS):
            try:
                session_id = services.open_or_touch(*luck.choice(tokens).read(), now=timezone.now())
            except LicenseSlotsExhausted:
                happened["refused"] += 1
                services.close_chosen(
                    ErpSession.objects.open().values_list("pk", flat=True)[:1], now=timezone.now(), actor=SYSTEM
                )
                continue
            happened[ErpSession.objects.open().count()] += 1
            time.sleep(luck.random() / 500)
            presence.end(session_id, now=timezone.now(), bytes_up=0, bytes_down=1)
        return happened

    happened = sum(in_threads(THREADS, work), Counter())
    assert happened.pop("refused") > 0
    assert max(happened) == SLOTS
    services.close_all(now=timezone.now(), actor=SYSTEM)
    rows = sorted(str(key) for key in ErpSession.objects.values_list("pk", flat=True))
    assert len(rows) > SLOTS
    for name in ("erp_session.opened", "erp_session.closed"):
        found = AuditEvent.objects.filter(name=name).values_list("detail", flat=True)
        assert sorted(detail["session"] for detail in found) == rows
