"""A new password ends what was given for the old one: codes and refresh tokens always, access tokens where somebody
else may have known it (ID-115, ID-195, TK-57)."""

import re
import threading

import pytest
from django.db import connection

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.tokens import renewals
from erpnet_identity.users import services
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from tests.support.processes import paused

NEW = "a new long sentence"
SCOPE = "openid profile read offline_access"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/id/password/reset/[0-9a-f]{32}-[0-9a-z]+-[0-9a-f]{32})\n")


def by_mail(somebody, mails, **_):
    other = somebody()
    other.submit(other.open("/id/password/reset"), "reset", email="maria@example.com")
    page = other.open(LINK.search(mails()[-1].body)[1])
    other.submit(page, "reset-key", password1=NEW, password2=NEW)


def by_administrator(client, maria, **_):
    client.force_login(UserFactory(admin=True))
    client.post(f"/admin/users/user/{maria.pk}/password/", {"password1": NEW, "password2": NEW})


def by_manifest(**_):
    manifest.apply(f"users: [{{login: maria, password: {NEW}}}]".encode(), environment={})


def by_herself(person, password, **_):
    page = person.open("/id/password/change")
    person.submit(page, "change", oldpassword=password, password1=NEW, password2=NEW)


BY_OTHERS = [by_mail, by_administrator, by_manifest]


@pytest.fixture
def party(person, maria, web_app):
    person.sign_in("maria")
    return person.at(web_app, scope=SCOPE)


@pytest.fixture
def change(request, somebody, mails, client, maria, person, password):
    def go(how):
        how(somebody=somebody, mails=mails, client=client, maria=maria, person=person, password=password)
        assert User.objects.get(pk=maria.pk).check_password(NEW)

    return go


def is_refused(response):
    return (response.status_code, response.json()["error"]) == (400, "invalid_grant")


@pytest.mark.django_db
@pytest.mark.contract("ID-115", "ID-195")
@pytest.mark.parametrize("how", [*BY_OTHERS, by_herself])
def test_a_code_of_before(how, party, change):
    code = party.code()
    change(how)
    assert is_refused(party.exchange(code))
    # Once it is over for good, it is over however often it is tried.
    assert is_refused(party.exchange(code))


@pytest.mark.django_db
@pytest.mark.contract("ID-115")
def test_the_trail_says_why(party, change):
    code = party.code()
    change(by_herself)
    party.exchange(code)
    assert AuditEvent.objects.filter(name="token.refused").latest("id").cause == "code_revoked"


@pytest.mark.django_db
@pytest.mark.contract("ID-195", "TK-57", "AU-01")
@pytest.mark.parametrize("how", BY_OTHERS)
def test_everything_ends_when_somebody_else_may_have_known_it(how, party, change, maria, relying_party, web_app):
    stranger = relying_party(web_app, user=UserFactory(), scope=SCOPE)
    theirs = stranger.tokens()
    first = party.tokens()
    second = party.refresh(first["refresh_token"]).json()
    party.tokens(scope="openid")
    change(how)
    for body in (first, second):
        assert party.call_api(body["access_token"]) == 401
        assert party.userinfo(body["access_token"]).status_code == 401
    assert is_refused(party.refresh(second["refresh_token"]))
    event = AuditEvent.objects.get(name="token.revoked")
    assert (event.user_login, event.cause, event.detail) == ("maria", "password_changed", {"ended": 2})
    # Nobody else's, and nothing of what comes after it.
    assert stranger.call_api(theirs["access_token"]) == 200
    assert stranger.refresh(theirs["refresh_token"]).status_code == 200
    again = relying_party(web_app, user=User.objects.get(pk=maria.pk), scope=SCOPE)
    assert again.call_api(again.tokens()["access_token"]) == 200


@pytest.mark.django_db
@pytest.mark.contract("ID-195", "ID-158")
def test_access_tokens_live_on_when_the_person_knew_the_old_one(party, change):
    body = party.tokens()
    change(by_herself)
    assert party.call_api(body["access_token"]) == 200
    assert is_refused(party.refresh(body["refresh_token"]))
    assert not AuditEvent.objects.filter(name="token.revoked").exists()
    # This browser is still signed in, and what it is given now is good.
    assert party.refresh(party.tokens()["refresh_token"]).status_code == 200


@pytest.mark.django_db
def test_other_changes_of_an_account_end_nothing(party, admin_client):
    body = party.tokens()
    manifest.apply(b"users: [{login: maria, name: Maria P.}]", environment={})
    assert party.call_api(body["access_token"]) == 200
    assert party.refresh(body["refresh_token"]).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
@pytest.mark.contract("ID-195", "TK-57")
@pytest.mark.parametrize("where", ["in the renewal", "in the change"])
def test_a_renewal_at_the_same_moment(where, person, maria, web_app, monkeypatch):
    """Whoever comes first: neither waits for the other for ever, and nothing is good afterwards."""
    person.sign_in("maria")
    party = person.at(web_app, scope=SCOPE)
    first = party.tokens()
    bodies = []

    def renew():
        bodies.append(party.refresh(first["refresh_token"]).json())
        connection.close()

    def set_password():
        user = User.objects.get(pk=maria.pk)
        user.set_password(NEW)
        services.save_user(user, actor=services.actor_for(maria), password_changed=True)
        connection.close()

    module, name = (renewals, "successor") if where == "in the renewal" else (services, "record")
    one, other = (renew, set_password) if where == "in the renewal" else (set_password, renew)
    threads = [threading.Thread(target=one), threading.Thread(target=other)]
    with paused(monkeypatch, module, name) as reached:
        threads[0].start()
        assert reached.wait(20)
        threads[1].start()
        threads[1].join(1)
        assert threads[1].is_alive()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    (body,) = bodies
    for token in filter(None, (first["access_token"], body.get("access_token"))):
        assert party.call_api(token) == 401
    assert is_refused(party.refresh(body.get("refresh_token", first["refresh_token"])))
