"""A login and a password: one answer for every failure, and a limit on guessing."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher, check_password, make_password
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users import equal_work
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory

PASSWORD = "correct horse"


def causes():
    return [event.cause for event in AuditEvent.objects.filter(name="user.sign_in_refused").order_by("id")]


@pytest.fixture
def maria(db):
    return UserFactory(login="Maria", password=PASSWORD)


@pytest.mark.contract("ID-63")
@pytest.mark.parametrize("login", ["Maria", "maria", "MARIA"])
def test_letter_case_of_the_login_does_not_count(login, maria):
    assert authenticate(username=login, password=PASSWORD) == maria


@pytest.mark.contract("ID-63")
@pytest.mark.django_db
class TestEmailAddress:
    @pytest.mark.parametrize("address", ["maria.petrova@example.com", "Maria.Petrova@EXAMPLE.com"])
    def test_it_names_the_account_whatever_the_letter_case(self, address):
        maria = UserFactory(login="m.petrova", email="Maria.Petrova@example.com", password=PASSWORD)
        assert authenticate(username=address, password=PASSWORD) == maria

    def test_one_that_several_accounts_have_is_of_no_use(self):
        UserFactory(login="one", email="office@example.com", password=PASSWORD)
        UserFactory(login="two", email="Office@example.com", password=PASSWORD, is_active=False)
        assert authenticate(username="office@example.com", password=PASSWORD) is None
        event = AuditEvent.objects.get()
        assert (event.cause, event.detail, event.user_login) == ("email_ambiguous", {"length": 18}, "")
        assert User.objects.filter(access_failed_count=0).count() == 2
        assert authenticate(username="one", password=PASSWORD).login == "one"

    def test_a_login_comes_before_an_address(self):
        for number in range(3):
            UserFactory(login=f"a{number}", email="info@example.com", password="another password")
        named_so = UserFactory(login="Info@example.com", password=PASSWORD)
        assert authenticate(username="info@example.com", password=PASSWORD) == named_so
        assert authenticate(username="info@example.com", password="another password") is None

    @pytest.mark.contract("ID-191")
    def test_guesses_by_address_count_like_those_by_login(self):
        user = UserFactory(login="maria", email="maria@example.com", password=PASSWORD)
        for name in ("maria", "maria@example.com", "MARIA", "maria@EXAMPLE.com", "maria@example.com"):
            assert authenticate(username=name, password="wrong") is None
        assert authenticate(username="maria@example.com", password=PASSWORD) is None
        assert authenticate(username="maria", password=PASSWORD) is None
        assert causes() == ["wrong_password"] * 5 + ["locked"] * 2
        assert set(AuditEvent.objects.values_list("actor_name", "user_login")) == {(user.login, user.login)}

    def test_no_address_names_no_account(self):
        UserFactory(email="", password=PASSWORD)
        assert authenticate(username=" ", password=PASSWORD) is None


@pytest.mark.django_db
@pytest.mark.contract("ID-64")
def test_every_failure_takes_the_same_statements_and_one_password_check(monkeypatch):
    UserFactory(login="maria", email="maria@example.com", password=PASSWORD)
    UserFactory(login="off", password=PASSWORD, is_active=False)
    UserFactory(login="svc", password=PASSWORD, system=True)
    UserFactory(login="locked", password=PASSWORD, lockout_end=timezone.now() + timedelta(minutes=5))
    UserFactory(login="nopassword")
    UserFactory.create_batch(2, email="two@example.com", password=PASSWORD)
    equal_work.in_use.samples()  # looked up once a minute
    checks = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args, **kw: checks.append(1) or encode(*args, **kw))
    statements = set()
    for name, password in (
        ("nobody", PASSWORD), ("two@example.com", PASSWORD), ("maria", "wrong"), ("maria@example.com", "wrong"),
        ("off", PASSWORD), ("off", "wrong"), ("svc", PASSWORD), ("locked", PASSWORD), ("locked", "wrong"),
        ("nopassword", PASSWORD),
    ):  # fmt: skip
        checks.clear()
        with CaptureQueriesContext(connection) as taken:
            assert authenticate(username=name, password=password) is None
        statements.add(tuple(query["sql"].split()[0] for query in taken))
        assert len(checks) == 1, name
    assert len(statements) == 1, statements


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


def at_once(*attempts):
    """Run the attempts at the same moment; their results."""
    barrier = threading.Barrier(len(attempts))
    results = []

    def run(password):
        barrier.wait()
        results.append(authenticate(username="maria", password=password))
        connection.close()

    threads = [threading.Thread(target=run, args=[password]) for password in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
@pytest.mark.contract("ID-191")
@pytest.mark.parametrize("number", [5, 6, 9])
def test_parallel_guesses_all_count(postgresql, number):
    """Those beyond the last allowed one must not lift the lock either."""
    UserFactory(login="maria", password=PASSWORD)
    at_once(*["wrong"] * number)
    assert User.objects.get().lockout_end > timezone.now()
    assert AuditEvent.objects.filter(detail__locked=True).count() == 1
    assert authenticate(username="maria", password=PASSWORD) is None


@pytest.mark.contract("ID-191")
def test_a_guess_beyond_the_last_allowed_one_neither_lifts_nor_extends_the_lock(maria, monkeypatch):
    end = timezone.now() + timedelta(minutes=2)
    check = User.check_password

    def locked_meanwhile(user, password):
        User.objects.update(lockout_end=end)
        return check(user, password)

    monkeypatch.setattr(User, "check_password", locked_meanwhile)
    assert authenticate(username="maria", password="wrong") is None
    maria.refresh_from_db()
    assert (maria.lockout_end, maria.access_failed_count) == (end, 0)


@pytest.mark.contract("ID-191")
def test_a_right_guess_while_others_lock_the_account_is_refused(maria, monkeypatch):
    check = User.check_password

    def locked_meanwhile(user, password):
        User.objects.update(lockout_end=timezone.now() + timedelta(minutes=5))
        return check(user, password)

    monkeypatch.setattr(User, "check_password", locked_meanwhile)
    assert authenticate(username="maria", password=PASSWORD) is None
    assert causes() == ["locked"]
    maria.refresh_from_db()
    assert maria.lockout_end is not None
