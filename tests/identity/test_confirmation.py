"""Whoever finds a browser that has been signed in for days changes nothing there without the password (TA-48)."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import License
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.platform import throttle
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from tests.support.relying_party import form_of
from trusted_apps.models import TrustedApplication

pytestmark = [pytest.mark.django_db, pytest.mark.contract("TA-48")]
PASSWORD = "correct horse"
ADD = "/admin/users/user/add/"
NEW = {"login": "maria", "name": "Maria & Co", "email": "", "user_type": "0", "locale": "en", "is_active": "on"}


def age(seconds):
    IdentitySession.objects.update(auth_time=timezone.now() - timedelta(seconds=seconds))


def answer(client, page, password=PASSWORD):
    """Fill in the question and send it, with everything that it carries."""
    action, fields = form_of(page, id="confirmation")
    return client.post(action, {**fields, "confirmation-password": password})


def asks(response):
    return b'id="confirmation"' in response.content


@pytest.fixture
def old(admin_client):
    """An administrator who signed in a while ago."""
    age(901)
    return admin_client


def test_a_recent_sign_in_is_not_asked(admin_client):
    age(890)
    assert admin_client.post(ADD, NEW).status_code == 302
    assert User.objects.filter(login="maria").exists()


def test_an_old_one_is_asked_and_nothing_that_was_typed_is_lost(old, administrator):
    page = old.post(ADD, {**NEW, "password1": "a long sentence", "password2": "a long sentence"})
    assert page.status_code == 200
    assert asks(page)
    assert "no-store" in page["Cache-Control"]
    assert not User.objects.filter(login="maria").exists()

    done = answer(old, page)
    user = User.objects.get(login="maria")
    assert done["Location"] == f"/admin/users/user/{user.pk}/change/"
    assert (user.name, user.check_password("a long sentence")) == ("Maria & Co", True)
    # It was a sign-in: the next change is not asked, and the browser keeps its session.
    assert old.post(ADD, {**NEW, "login": "boris"}).status_code == 302
    event = AuditEvent.objects.filter(name="user.signed_in").latest("id")
    assert (event.user_id, event.detail["again"]) == (str(administrator.pk), True)
    assert IdentitySession.objects.get().user == administrator


def test_several_values_of_one_name_come_back_in_order(old):
    page = old.post(f"{ADD}?x=1", {"several": ["b", "a", 'a"<'], **NEW})
    text = page.content.decode()
    assert 'action="/admin/users/user/add/?x=1"' in text
    assert [text.index(f'name="several" value="{value}"') for value in ("b", "a", "a&quot;&lt;")]


def test_a_wrong_password_changes_nothing_and_asks_again(old):
    page = old.post(ADD, NEW)
    again = answer(old, page, "wrong")
    assert asks(again)
    assert b'data-outcome="failed"' in again.content
    assert AuditEvent.objects.filter(name="user.sign_in_refused").latest("id").cause == "wrong_password"
    assert not User.objects.filter(login="maria").exists()
    assert answer(old, again).status_code == 302
    assert User.objects.filter(login="maria").exists()


def test_guesses_are_limited(old, administrator, settings, monkeypatch):
    monkeypatch.setattr(throttle.time, "time", lambda: 1_772_442_012.0)  # all of it within one minute
    page = old.post(ADD, NEW)
    for _ in range(settings.SIGN_IN_FAILURES):
        page = answer(old, page, "wrong")
    assert asks(answer(old, page)), "locked"
    settings.SIGN_IN_FAILURES_PER_MINUTE = 1
    answer(old, page, "wrong")
    throttled = answer(old, page)
    assert throttled.status_code == 429
    assert throttled["Retry-After"]
    assert not User.objects.filter(login="maria").exists()


def test_a_password_in_an_address_or_of_somebody_else_does_not_count(old):
    UserFactory(login="other", password="another sentence")
    assert asks(old.post(f"{ADD}?confirmation-password={PASSWORD.replace(' ', '+')}", NEW))
    assert asks(old.post(ADD, {**NEW, "confirmation-password": "another sentence", "confirmation-login": "other"}))
    assert not User.objects.filter(login="maria").exists()


def test_the_form_token_is_asked_first(administrator):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(administrator)
    age(901)
    refused = strict.post(ADD, {**NEW, "confirmation-password": PASSWORD})
    assert refused.status_code == 403
    assert not User.objects.filter(login="maria").exists()


def addresses(application, user):
    """Every address of the two sites that could change something, walked from what is mounted."""
    for model, entry in admin.site._registry.items():
        row = {TrustedApplication: application, User: user}.get(model)
        for pattern in entry.get_urls():
            names = {"object_id": row and row.pk, "secret_id": application.secrets.get().pk}
            wanted = pattern.pattern.converters
            if pattern.name and (row is not None or not wanted):
                yield reverse(f"admin:{pattern.name}", kwargs={name: names[name] for name in wanted})
    for name in ("licenses", "reservations", "close-all"):
        yield reverse(f"manage:{name}")


def test_every_change_is_asked(old, service_app, internal_user):
    License.objects.create(slots=20)
    before = AuditEvent.objects.count()
    walked = list(addresses(service_app, internal_user))
    assert len(walked) > 25
    for address in walked:
        assert asks(old.post(address, {"slots": "3", "enabled": "0", "post": "yes", "password1": "x"})), address
    assert AuditEvent.objects.count() == before
    service_app.refresh_from_db()
    assert service_app.is_enabled
    assert License.objects.get().slots == 20


def test_looking_is_never_asked(old, service_app, internal_user):
    License.objects.create(slots=20)
    for address in addresses(service_app, internal_user):
        assert not asks(old.get(address)), address


def test_how_long_is_a_setting(admin_client, settings):
    settings.ADMINISTRATION_SECONDS = 60
    age(61)
    assert asks(admin_client.post(ADD, NEW))
