"""The first page of the Instance Manager, and the pool in numbers."""

import re
from html import unescape

import pytest
from django.utils import timezone

from erpnet_identity.erp_sessions.lifetimes import what_refuses
from erpnet_identity.erp_sessions.models import License, ReservedSeat
from erpnet_identity.erp_sessions.pool_figures import PoolFigures, pool_figures
from erpnet_identity.operations.version import VERSION
from erpnet_identity.tenancy.models import Instance
from tests.factories.users import UserFactory
from tests.support.live import live_session

pytestmark = pytest.mark.django_db


def text_of(response):
    """What a person reads, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def seat(**account):
    return ReservedSeat.objects.create(user=UserFactory(**account)).user


class TestFigures:
    @pytest.mark.contract("SE-62", "SE-67", "SE-68")
    def test_in_use_kept_and_free(self):
        License.objects.create(slots=10)
        present, _, _ = seat(), seat(), seat()
        live_session(present)
        for number in range(4):
            live_session(is_service=number == 0)
        pool = pool_figures(now=timezone.now())
        assert pool == PoolFigures(
            slots=10,
            people=4,
            services=1,
            shared=0,
            reserved=3,
            absent=2,
            service_applications=1,
            kept_from_services=20,
        )
        assert (pool.live, pool.kept, pool.free) == (5, 2, 3)

    @pytest.mark.contract("SE-62", "SE-39", "SE-31")
    def test_what_the_timers_have_ended_counts_no_more(self):
        holder = seat()
        live_session(holder, idle=20)
        live_session(opened=60, is_service=True)
        live_session(closed_at=timezone.now())
        live_session(opened=300, idle=19)
        pool = pool_figures(now=timezone.now())
        assert (pool.people, pool.services) == (1, 0)
        assert pool.absent == 1, "a session that is over makes nobody present"

    @pytest.mark.contract("SE-71")
    def test_an_inactive_account_holds_nothing_back(self):
        License.objects.create(slots=10)
        seat(is_active=False)
        pool = pool_figures(now=timezone.now())
        assert (pool.reserved, pool.absent, pool.free) == (1, 0, 10)

    @pytest.mark.contract("SE-55")
    def test_unlimited(self):
        seat()
        live_session()
        pool = pool_figures(now=timezone.now())
        assert pool.slots is None
        assert not pool.is_exhausted
        assert pool.surplus == 0

    @pytest.mark.contract("SE-67", "SE-61")
    @pytest.mark.parametrize("slots", [0, 1, 3, 4, None])
    @pytest.mark.parametrize("live", [0, 1, 3, 5])
    @pytest.mark.parametrize("absent", [0, 1, 3])
    def test_what_it_says_is_what_the_pool_does(self, slots, live, absent):
        pool = PoolFigures(slots=slots, people=live, services=0, shared=0, reserved=absent, absent=absent)
        is_refused = bool(what_refuses(slots=slots, live=live, absent=absent, holds_seat=False))
        assert pool.is_exhausted == is_refused
        if slots is not None:
            assert pool.free == max(0, slots - live - absent)
            assert pool.live + pool.kept + pool.free - pool.surplus == slots

    def test_how_often_it_asks_the_database(self, django_assert_num_queries):
        for _ in range(3):
            live_session(seat())
        with django_assert_num_queries(3):
            pool_figures(now=timezone.now())


class TestPage:
    @pytest.mark.contract("IS-83", "IS-33")
    def test_name_version_licenses_and_sessions(self, admin_client):
        Instance.objects.create(name="ACME")
        License.objects.create(slots=20)
        seat()
        for _ in range(2):
            live_session()
        live_session(is_service=True, shared_at=timezone.now(), other_address="10.0.0.9")
        response = admin_client.get("/manage")
        text = text_of(response)
        assert '<h1 id="heading">ACME</h1>' in response.content.decode()
        assert VERSION in text
        assert "3 of 20 in use" in text
        assert (
            "In use 3 2 sessions of people, 1 of 1 service Kept 1 reserved for 1 person who is offline Free 16" in text
        )
        assert "Sessions 3 live" in text
        assert "1 used from two addresses" in text

    @pytest.mark.contract("IS-83", "SE-58")
    @pytest.mark.parametrize(
        ("slots", "says"),
        [(3, "1 free"), (2, "No license free"), (1, "1 more session than licenses"), (None, "Unlimited")],
    )
    def test_how_it_stands_in_words(self, admin_client, slots, says):
        License.objects.create(slots=slots)
        live_session()
        live_session()
        text = text_of(admin_client.get("/manage"))
        assert says in text
        others = {"1 free", "No license free", "1 more session than licenses", "Unlimited"} - {says}
        assert not [other for other in others if f" {other} " in text]

    def test_how_often_it_asks_the_database(self, admin_client, django_assert_num_queries):
        for _ in range(3):
            live_session(seat())
        admin_client.get("/manage")
        # Django's session, the account, the identity session; the pool. The name is remembered.
        with django_assert_num_queries(6):
            admin_client.get("/manage")
