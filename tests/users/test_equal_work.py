"""A refused sign-in takes the same work whatever kind of hash the account has, and for no account (ID-64)."""

import unicodedata
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import (
    MD5PasswordHasher,
    PBKDF2PasswordHasher,
    PBKDF2SHA1PasswordHasher,
    ScryptPasswordHasher,
)
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erpnet_identity.users import equal_work
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.contract("ID-64")]

PASSWORD = "correct horse"
KINDS = {
    "md5": MD5PasswordHasher().encode(PASSWORD, "salt"),
    "pbkdf2": PBKDF2PasswordHasher().encode(PASSWORD, "salt", 2000),
    "weaker": PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000),
    "sha1": PBKDF2SHA1PasswordHasher().encode(PASSWORD, "salt", 1500),
    "scrypt": ScryptPasswordHasher().encode(PASSWORD, "salt", 16),
}
HASHERS = [MD5PasswordHasher, PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher, ScryptPasswordHasher]


@pytest.fixture(autouse=True)
def _hashers(settings):
    settings.PASSWORD_HASHERS = [f"{hasher.__module__}.{hasher.__qualname__}" for hasher in HASHERS]


@pytest.fixture
def work(monkeypatch):
    """``work(login, password)``: what is worked through for a refused sign-in, sorted."""
    done = []
    for hasher in HASHERS:

        def encode(self, password, salt, cost=None, *more, _encode=hasher.encode, **named):
            done.append((self.algorithm, cost))
            arguments = [argument for argument in (cost, *more) if argument is not None]
            return _encode(self, password, salt, *arguments, **named)

        monkeypatch.setattr(hasher, "encode", encode)

    def of(login, password):
        done.clear()
        with CaptureQueriesContext(connection) as taken:
            assert authenticate(username=login, password=password) is None
        return sorted(done, key=str), [query["sql"].split()[0] for query in taken]

    return of


def accounts(**more):
    for kind, encoded in KINDS.items():
        UserFactory(login=kind, **more)
        User.objects.filter(login=kind).update(password=encoded)


@pytest.mark.parametrize("password", ["wrong", unicodedata.normalize("NFD", "größer")])
def test_for_every_kind_of_hash_and_for_nobody(work, password):
    accounts()
    UserFactory(login="none")
    equal_work.in_use.samples()
    taken = [work(login, password) for login in ("nobody", "none", *KINDS)]
    assert all(one == taken[0] for one in taken), taken
    assert len(set(taken[0][0])) == len(KINDS)


@pytest.mark.parametrize("closed", [{"is_active": False}, {"lockout_end": timezone.now() + timedelta(hours=1)}])
def test_a_right_password_of_a_closed_account_is_not_upgraded_and_no_slower(work, closed):
    accounts(**closed)
    equal_work.in_use.samples()
    taken = [work(login, password) for login in ("nobody", *KINDS) for password in ("wrong", PASSWORD)]
    assert all(one == taken[0] for one in taken), taken
    assert set(User.objects.values_list("password", flat=True)) == set(KINDS.values())


def test_without_imports_it_is_one_hash(work):
    UserFactory(login="maria", password=PASSWORD)
    equal_work.in_use.samples()
    assert work("nobody", "wrong") == work("maria", "wrong")
    assert work("maria", "wrong")[0] == [("md5", None)]


@pytest.mark.contract("ID-194")
@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_in_gets_a_hash_of_todays_kind(kind):
    accounts()
    assert authenticate(username=kind, password=PASSWORD)
    assert User.objects.get(login=kind).password.startswith("md5$")
