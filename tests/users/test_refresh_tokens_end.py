"""What ends the refresh tokens of an account: the moment from which on they count is written with the change."""

from datetime import UTC, datetime

import pytest
import time_machine

from erpnet_identity import manifest
from erpnet_identity.audit.context import Actor
from erpnet_identity.users import services
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "", "tests")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "a long sentence as password"


@pytest.fixture
def maria():
    return UserFactory(login="maria", email="maria@example.com", password="correct horse")


@pytest.fixture
def changed(maria):
    """``changed(is_active=False)``: saves the account at ``NOW``; the stored moment."""

    def save(password_changed=False, **values):
        for name, value in values.items():
            setattr(maria, name, value)
        with time_machine.travel(NOW, tick=False):
            services.save_user(maria, actor=ACTOR, password_changed=password_changed)
        return User.objects.get(pk=maria.pk).refresh_tokens_from

    return save


@pytest.mark.contract("ID-195", "TK-57")
def test_a_new_password(admin_client, maria):
    assert maria.refresh_tokens_from is None
    address = f"/admin/users/user/{maria.pk}/password/"
    admin_client.post(address, {"password1": PASSWORD, "password2": PASSWORD})
    first = User.objects.get(pk=maria.pk).refresh_tokens_from
    assert first is not None
    manifest.apply(b"users: [{login: maria, password: another long sentence}]", environment={})
    assert User.objects.get(pk=maria.pk).refresh_tokens_from > first


@pytest.mark.contract("ID-190", "TK-57")
@pytest.mark.parametrize(
    "values",
    [
        {"is_active": False},
        {"user_type": UserType.SYSTEM},
        {"user_type": UserType.INVITED_COMMUNITY},
        {"user_type": UserType.VIRTUAL, "is_active": False},
    ],
)
def test_an_account_that_can_no_longer_sign_in(changed, values):
    assert changed(**values) == NOW


@pytest.mark.contract("ID-190", "TK-57")
def test_switching_it_on_again_brings_nothing_back(changed):
    changed(is_active=False)
    assert changed(is_active=True) == NOW
    assert changed(user_type=UserType.COMMUNITY) == NOW


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Other"},
        {"login": "petrova"},
        {"email": "other@example.com"},
        {"user_type": UserType.COMMUNITY},
        {"locale": "bg"},
        {"is_admin": True},
    ],
)
def test_other_changes_end_nothing(changed, values):
    assert changed(**values) is None


def test_what_is_refused_ends_nothing(changed, maria, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(services, "record", fail)
    with pytest.raises(RuntimeError):
        changed(is_active=False)
    stored = User.objects.get(pk=maria.pk)
    assert (stored.is_active, stored.refresh_tokens_from) == (True, None)


def test_a_new_account_has_none_to_end(admin_client):
    body = {"login": "new", "name": "New", "user_type": "0", "locale": "en", "is_active": "on"}
    admin_client.post("/admin/users/user/add/", {**body, "password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(login="new").refresh_tokens_from is None


@pytest.mark.contract("ID-194")
def test_a_stronger_hash_of_the_same_password_ends_nothing(maria, settings, client):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert client.login(username="maria", password="correct horse")
    stored = User.objects.get(pk=maria.pk)
    assert stored.password.startswith("pbkdf2")
    assert stored.refresh_tokens_from is None
