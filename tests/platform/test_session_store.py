"""Browser sessions in the database: what is stored there opens none of them."""

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as product
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from erpnet_identity.platform.session_store import SessionStore
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in():
    browser = Client()
    browser.force_login(UserFactory())
    assert browser.get("/id/").status_code == 200
    return browser


@pytest.mark.contract("ID-70")
def test_the_key_of_the_cookie_is_not_in_the_database(signed_in):
    key = signed_in.cookies[product.SESSION_COOKIE_NAME].value
    (row,) = Session.objects.values()
    assert key not in str(row)
    assert key not in str(SessionStore().decode(row["session_data"]))


@pytest.mark.contract("ID-70")
def test_what_is_stored_signs_nobody_in(signed_in):
    thief = Client()
    thief.cookies[product.SESSION_COOKIE_NAME] = Session.objects.get().session_key
    assert thief.get("/id/").status_code == 302
    assert signed_in.get("/id/").status_code == 200


def test_signing_out_deletes_the_row(signed_in):
    signed_in.logout()
    assert not Session.objects.exists()


def test_a_new_key_keeps_what_was_stored():
    store = SessionStore()
    store["a"] = 1
    store.save()
    first = store.session_key
    store.cycle_key()
    store.save()
    assert store.session_key != first
    assert SessionStore(store.session_key)["a"] == 1
    assert SessionStore(first).get("a") is None
    assert not store.exists(first)
    assert store.exists(store.session_key)
    assert Session.objects.count() == 1
    store.delete()
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "é" * 50, "\x00", "x" * 5000])
def test_keys_that_nobody_has(key):
    client = Client()
    client.cookies[product.SESSION_COOKIE_NAME] = key
    assert client.get("/id/").status_code == 302
    store = SessionStore(key)
    assert dict(store.items()) == {}
    assert store.session_key is None


def test_a_session_that_was_ended_meanwhile_is_not_written_back():
    store = SessionStore()
    store.create()
    other = SessionStore(store.session_key)
    other["a"] = 1
    store.delete()
    from django.contrib.sessions.backends.base import UpdateError

    with pytest.raises(UpdateError):
        other.save()


def test_expired_sessions_are_gone(signed_in):
    Session.objects.update(expire_date=timezone.now())
    assert signed_in.get("/id/").status_code == 302
    call_command("clearsessions")
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_asynchronous_half_stores_digests_too():
    async def walk():
        store = SessionStore()
        await store.aset("a", 1)
        await store.asave()
        key = store.session_key
        assert await store.aexists(key)
        assert await SessionStore(key).aget("a") == 1
        stored = await Session.objects.aget()
        assert stored.session_key != key
        assert await SessionStore(stored.session_key).aget("a") is None
        await store.adelete()
        return await Session.objects.acount()

    assert async_to_sync(walk)() == 0
