"""A login and a password: one answer for every failure, and a limit on guessing."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory

PASSWORD = "correct horse"


def causes():
    return [event.detail["cause"] for event in AuditEvent.objects.filter(name="user.sign_in_refused").order_by("id")]


@pytest.fixture
def maria(db):
    return UserFactory(login="Maria", password=PASSWORD)


@pytest.mark.contract("ID-63")
@pytest.mark.parametrize("login", ["Maria", "maria", "MARIA"])
def test_letter_case_of_the_login_does_not_count(login, maria):
    assert authenticate(username=login, password=PASSWORD) == maria


@pytest.mark.contract("ID-64", "ID-190", "ID-199")
@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"is_active": False}, "inactive"),
        ({"user_type": UserType.SYSTEM}, "type_cannot_sign_in"),
        ({"user_type": UserType.INVITED_INTERNAL}, "type_cannot_sign_in"),
    ],
)
def test_right_password_of_an_account_that_cannot_sign_in(change, cause, maria):
    User.objects.update(**change)
    assert authenticate(username="maria", password=PASSWORD) is None
    assert causes() == [cause]


@pytest.mark.django_db
@pytest.mark.contract("ID-64")
@pytest.mark.parametrize("login", ["nobody", "", "a\x00b"])
def test_nobody(login):
    assert authenticate(username=login, password=PASSWORD) is None


@pytest.mark.contract("ID-191")
def test_locked_after_five_failures_and_open_again_after_five_minutes(maria):
    with time_machine.travel("2026-03-02T09:00:00Z", tick=False) as clock:
        for _ in range(4):
            assert authenticate(username="maria", password="wrong") is None
        assert authenticate(username="maria", password=PASSWORD) == maria, "success resets the count"
        for _ in range(5):
            assert authenticate(username="maria", password="wrong") is None
        assert authenticate(username="maria", password=PASSWORD) is None
        assert causes()[-1] == "locked"
        assert AuditEvent.objects.filter(detail__locked=True).count() == 1
        clock.shift(timedelta(minutes=5, seconds=1))
        assert authenticate(username="maria", password=PASSWORD) == maria
        maria.refresh_from_db()
        assert (maria.access_failed_count, maria.lockout_end) == (0, None)


@pytest.mark.contract("ID-190")
def test_a_browser_session_ends_with_the_account(maria, client):
    User.objects.update(is_admin=True)
    client.force_login(maria)
    assert client.get("/admin/").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/admin/").status_code == 302


@pytest.mark.contract("ID-194")
def test_argon2_at_interactive_cost_and_upgrade_of_imported_hashes(maria):
    hashers = [
        "erpnet_identity.users.hashers.InteractiveArgon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    with override_settings(PASSWORD_HASHERS=hashers):
        assert make_password("x").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000))
        assert authenticate(username="maria", password=PASSWORD) == maria
        stored = User.objects.get().password
        assert stored.startswith("argon2$")
        assert check_password(PASSWORD, stored)


@pytest.mark.django_db(transaction=True)
@pytest.mark.contract("ID-191")
def test_parallel_guesses_all_count(postgresql):
    UserFactory(login="maria", password=PASSWORD)
    barrier = threading.Barrier(5)

    def guess():
        barrier.wait()
        authenticate(username="maria", password="wrong")
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.get().lockout_end > timezone.now()
    assert authenticate(username="maria", password=PASSWORD) is None
