"""An account that was switched off and on again starts anew: nothing of before lives again (ID-190)."""

import threading

import pytest
from django.db import connection
from django.test import Client

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity import sessions
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.users import services
from erpnet_identity.users.models import User, UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.processes import paused

SCOPE = "openid profile read offline_access"
PASSWORD = "correct horse battery"


def by_administrator(user, **values):
    browser = Client()
    browser.force_login(UserFactory(admin=True))
    body = {"login": user.login, "name": user.name, "email": "", "locale": "en", "user_type": user.user_type}
    body |= {"is_active": "on"} if user.is_active else {}
    body = {name: value for name, value in {**body, **values}.items() if value is not None}
    assert browser.post(f"/admin/users/user/{user.pk}/change/", body).status_code == 302


def switch_off_in_admin(user):
    by_administrator(user, is_active=None)


def switch_off_in_a_manifest(user):
    manifest.apply(f"users: [{{login: {user.login}, is_active: false}}]".encode(), environment={})


def make_it_virtual(user):
    by_administrator(user, user_type=int(UserType.VIRTUAL))


def revive(user):
    stored = User.objects.get(pk=user.pk)
    stored.is_active, stored.user_type = True, user.user_type
    services.save_user(stored, actor=services.actor_for(user))


@pytest.fixture
def maria(db):
    return UserFactory(login="maria", password=PASSWORD)


@pytest.mark.django_db
@pytest.mark.contract("ID-190")
@pytest.mark.parametrize("end", [switch_off_in_admin, switch_off_in_a_manifest, make_it_virtual])
def test_nothing_lives_again(end, maria, relying_party, web_app, client):
    party = relying_party(web_app, user=maria, scope=SCOPE)
    body, code = party.tokens(), party.code()
    assert party.call_api(body["access_token"]) == 200
    assert client.get("/id/").status_code == 200

    end(maria)
    for _ in ("while it is off", "when it is on again"):
        assert party.call_api(body["access_token"]) == 401
        assert party.userinfo(body["access_token"]).status_code == 401
        assert party.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"
        assert party.exchange(code).json()["error"] == "invalid_grant"
        assert client.get("/id/").status_code == 302
        revive(maria)
    assert IdentitySession.objects.filter(user=maria, ended_at=None).count() == 0
    cause = "account_type_changed" if end is make_it_virtual else "account_deactivated"
    event = AuditEvent.objects.get(name="user.signed_out")
    assert (event.cause, event.detail) == (cause, {})
    assert AuditEvent.objects.get(name="token.revoked").cause == cause

    again = relying_party(web_app, user=User.objects.get(pk=maria.pk), browser=Client(), scope=SCOPE)
    assert again.call_api(again.tokens()["access_token"]) == 200


@pytest.mark.django_db
@pytest.mark.contract("ID-190")
def test_services_need_a_new_token(service_app, service_token, client):
    token = service_token(service_app)
    other_app = TrustedApplicationFactory(service=True, client_id="other.example.com/sync")
    other = service_token(other_app)

    def status(token):
        address = "/api/domain/odata/Crm_Sales_Customers"
        return client.get(address, headers={"Authorization": f"Bearer {token}"}).status_code

    assert (status(token), status(other)) == (200, 200)
    switch_off_in_admin(service_app.system_user)
    assert status(token) == 401
    revive(service_app.system_user)
    assert status(token) == 401
    assert status(other) == 200
    assert status(service_token(service_app)) == 200


@pytest.mark.django_db
def test_other_changes_end_nothing(maria, relying_party, web_app, client):
    party = relying_party(web_app, user=maria, scope=SCOPE)
    body = party.tokens()
    by_administrator(maria, name="Maria P.")
    assert party.call_api(body["access_token"]) == 200
    assert client.get("/id/").status_code == 200


@pytest.mark.django_db
def test_it_is_one_transaction(maria, relying_party, web_app, client, monkeypatch):
    party = relying_party(web_app, user=maria, scope=SCOPE)
    body = party.tokens()

    def fail(*arguments, **options):
        raise OSError

    monkeypatch.setattr(services, "record", fail)
    maria.is_active = False
    with pytest.raises(OSError):
        services.save_user(maria, actor=services.actor_for(maria))
    monkeypatch.undo()
    assert party.call_api(body["access_token"]) == 200
    assert client.get("/id/").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
@pytest.mark.contract("ID-190")
@pytest.mark.parametrize("first", ["sign-in", "deactivation"])
def test_a_sign_in_at_the_same_moment(first, maria, monkeypatch):
    """Whichever comes first, the session that is begun is over when the account is."""
    browser = Client()

    def sign_in():
        browser.post("/id/signin", {"login": "maria", "password": PASSWORD})
        connection.close()

    def switch_off():
        user = User.objects.get(pk=maria.pk)
        user.is_active = False
        services.save_user(user, actor=services.actor_for(user))
        connection.close()

    one, other, module = (sign_in, switch_off, sessions) if first == "sign-in" else (switch_off, sign_in, services)
    threads = [threading.Thread(target=one), threading.Thread(target=other)]
    with paused(monkeypatch, module, "record") as reached:
        threads[0].start()
        assert reached.wait(20)
        threads[1].start()
        threads[1].join(1)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert not IdentitySession.objects.filter(user=maria, ended_at=None).exists()
    revive(maria)
    assert browser.get("/id/").status_code == 302
