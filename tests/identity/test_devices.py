"""Strangers who lock an account do not lock out its owner on a device that has signed in before."""

import threading

import pytest
from django.conf import settings as configured
from django.contrib.auth import authenticate
from django.core import signing
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from erpnet_identity.platform import throttle as counting
from erpnet_identity.users import services
from erpnet_identity.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.contract("ID-191")]
COOKIE = configured.DEVICE_COOKIE_NAME
NEW = "a new long sentence"


def lock(somebody, login="maria"):
    stranger = somebody()
    for _ in range(configured.SIGN_IN_FAILURES):
        stranger.sign_in(login, "wrong")
    assert User.objects.get(login=login).is_locked(timezone.now())


def tries(person, *passwords):
    """Whether each of these lets the person in, each time without the session of the last."""
    for password in passwords:
        person.browser.cookies.pop(configured.SESSION_COOKIE_NAME, None)
        yield person.sign_in("maria", password).status_code == 302


@pytest.fixture
def known(person, maria):
    """A browser at which Maria has signed in."""
    assert person.sign_in("maria").status_code == 302
    return person


def test_the_owner_gets_in_and_strangers_do_not(known, somebody, password):
    lock(somebody)
    assert list(tries(known, password)) == [True]
    assert list(tries(somebody(), password)) == [False]
    # What the owner did has not lifted the lock for the others.
    assert User.objects.get().is_locked(timezone.now())


def test_it_still_takes_the_right_password(known, somebody, password):
    lock(somebody)
    assert list(tries(known, "wrong", password)) == [False, True]


def test_a_device_has_its_own_limit(known, somebody, password):
    """Whoever steals the cookie guesses five times, and the right answer is none any more after that."""
    lock(somebody)
    assert list(tries(known, *["wrong"] * configured.SIGN_IN_FAILURES, password)) == [False] * 6


def test_failures_on_a_device_count_while_nothing_is_locked(known, somebody, password):
    """A device has no more guesses than any other place: whoever locks the account there is locked out there."""
    assert list(tries(known, *["wrong"] * configured.SIGN_IN_FAILURES)) == [False] * 5
    assert list(tries(somebody(), password)) == [False]
    assert list(tries(known, password)) == [False]


def test_only_its_own_account(known, boris, somebody, password):
    lock(somebody, "boris")
    known.browser.cookies.pop(configured.SESSION_COOKIE_NAME)
    assert known.sign_in("boris", password).status_code == 200


def test_a_shared_device_knows_several(known, boris, somebody, password):
    known.browser.cookies.pop(configured.SESSION_COOKIE_NAME)
    known.sign_in("boris", password)
    lock(somebody)
    lock(somebody, "boris")
    assert list(tries(known, password)) == [True]
    known.browser.cookies.pop(configured.SESSION_COOKIE_NAME)
    assert known.sign_in("boris", password).status_code == 302


@pytest.mark.parametrize(
    "value", ["", "x", "a:b:c", signing.dumps(["x", {}], salt="another")], ids=["empty", "short", "parts", "signed"]
)
def test_a_note_that_is_not_ours(value, known, somebody, password):
    lock(somebody)
    known.browser.cookies[COOKIE] = value
    assert list(tries(known, password)) == [False]


def test_a_note_of_before_a_new_password_is_void(known, maria, somebody):
    maria.set_password(NEW)
    services.save_user(maria, actor=services.actor_for(maria), password_changed=True)
    lock(somebody)
    assert list(tries(known, NEW)) == [False]


def test_the_device_that_changes_the_password_stays_known(known, somebody, password):
    page = known.open("/id/password/change")
    known.submit(page, "change", oldpassword=password, password1=NEW, password2=NEW)
    lock(somebody)
    assert list(tries(known, NEW)) == [True]


def test_a_blocked_address_does_not_hold_up_the_owner(known, somebody, password, settings):
    settings.SIGN_IN_FAILURES_PER_MINUTE = 3
    for number in range(4):
        somebody().sign_in(f"user{number}", "wrong")
    assert somebody().sign_in("maria").status_code == 429
    assert list(tries(known, password)) == [True]
    # At its own limit too, and not for the accounts of others.
    assert list(tries(known, *["wrong"] * 5, password)) == [False] * 6
    known.browser.cookies.pop(configured.SESSION_COOKIE_NAME, None)
    assert known.sign_in("boris", password).status_code == 429


def test_without_a_cache_there_is_no_exception(known, somebody, password, monkeypatch):
    lock(somebody)

    def fail(*args, **kwargs):
        raise ConnectionError("refused")

    monkeypatch.setattr(counting, "cache", type("Away", (), {"get": fail, "add": fail, "incr": fail})())
    assert list(tries(known, password)) == [False]


def test_the_cookie_says_nothing_and_is_the_servers_alone(known, maria):
    cookie = known.browser.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert "maria" not in cookie.value
    assert cookie.value not in str(list(User.objects.values()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
def test_guesses_that_come_all_at_once(known, maria, somebody, password):
    """Of sixteen at the same time at most as many are looked at as the limit allows."""
    lock(somebody)
    cookie = known.browser.cookies[COOKIE].value
    let_in = []

    def attempt():
        request = RequestFactory().post("/id/signin")
        request.COOKIES[COOKIE] = cookie
        let_in.append(authenticate(request, username="maria", password=password) is not None)
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(let_in) == 16
    assert sum(let_in) == configured.SIGN_IN_FAILURES
