"""Secrets over HTTP: shown exactly once, kept as hashes, added once however often the form is sent."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.trusted_apps.pages import page_of, text_of
from trusted_apps.models import ClientSecret
from trusted_apps.secrets import digest, matches

pytestmark = pytest.mark.django_db

DEMO_HASH = "T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4="


@pytest.fixture
def application(db):
    return TrustedApplicationFactory(web=True, secret=None)


@pytest.fixture
def add(admin_client, application):
    """``add(how=…)`` sends the form of a new secret."""

    def send(**values):
        body = {"nonce": str(uuid.uuid4()), "how": "generate", "lifetime": "365", **values}
        return admin_client.post(page_of(application, "secrets/add"), body)

    return send


@pytest.mark.contract("TA-14", "TA-55", "TA-56", "TA-73")
def test_a_generated_secret_is_shown_once(admin_client, application, add):
    response = add(name="production")
    secret = response.context["plain_secret"]
    assert response.status_code == 200
    assert len(secret) == 40
    assert response.content.decode().count(secret) == 1
    assert "no-store" in response["Cache-Control"]
    row = application.secrets.get()
    assert matches(secret, row.secret_hash)
    assert row.name == "production"
    assert timedelta(days=364) < row.expires - timezone.now() <= timedelta(days=365)

    for page in ("change", "history", "secrets/add"):
        content = admin_client.get(page_of(application, page)).content.decode()
        assert secret not in content
        assert row.secret_hash not in content
    assert not any(secret in str(session.get_decoded()) for session in Session.objects.all())
    event = AuditEvent.objects.get(name="application.secret_added")
    assert secret not in str(event.detail)
    assert row.secret_hash not in str(event.detail)


@pytest.mark.contract("TA-56")
def test_a_form_that_is_sent_again_adds_nothing(admin_client, application, add):
    nonce = str(uuid.uuid4())
    secret = add(nonce=nonce).context["plain_secret"]
    again = add(nonce=nonce)
    assert again.status_code == 409
    assert secret not in again.content.decode()
    assert application.secrets.count() == 1

    admin_client.post(page_of(application, f"secrets/{application.secrets.get().pk}/remove"))
    assert add(nonce=nonce).status_code == 409, "the trace remembers a secret that was removed"
    assert not application.secrets.exists()


@pytest.mark.parametrize("nonce", ["", "x", "nul\x00"])
def test_a_form_without_a_good_nonce_adds_nothing(application, add, nonce):
    assert add(nonce=nonce).status_code == 200
    assert not application.secrets.exists()


def test_a_nonce_that_is_the_key_of_another_secret_adds_nothing(add, application):
    other = TrustedApplicationFactory().secrets.get()
    response = add(nonce=str(other.pk))
    assert response.status_code == 200
    assert not application.secrets.exists()
    assert ClientSecret.objects.get() == other


@pytest.mark.contract("TA-50", "TA-51", "TA-52")
def test_an_own_secret(application, add):
    response = add(how="own", secret="DEMO")
    assert "can be guessed" in text_of(response)
    assert "DEMO" not in response.content.decode(), "a secret is not sent back"
    assert not application.secrets.exists()

    assert add(how="own", secret="DEMO", accept_weak="on").status_code == 302
    assert application.secrets.get().secret_hash == DEMO_HASH
    strong = "a long and random Secret: 2b94f1c0"
    assert add(how="own", secret=strong).status_code == 302
    assert application.secrets.filter(secret_hash=digest(strong)).exists()


@pytest.mark.parametrize("secret", ["", " leading-and-long-enough-1234", "x" * 1001, "nul\x00" + "y" * 30])
def test_own_secrets_that_are_refused(application, add, secret):
    response = add(how="own", secret=secret, accept_weak="on")
    assert "secret" in response.context["form"].errors
    assert not application.secrets.exists()


@pytest.mark.contract("TA-14", "TA-35")
def test_a_pasted_hash(application, add):
    for bad in ("", "DEMO", DEMO_HASH[:-1], DEMO_HASH.replace("/", "_"), "A" * 44, DEMO_HASH + "A", "nul\x00"):
        assert "secret_hash" in add(how="hash", secret_hash=bad).context["form"].errors, bad
    assert not application.secrets.exists()
    assert add(how="hash", secret_hash=DEMO_HASH).status_code == 302
    assert matches("DEMO", application.secrets.get().secret_hash)
    again = add(how="hash", secret_hash=DEMO_HASH)
    assert "already has this secret" in text_of(again)


def test_names(application, add):
    add(name="production")
    assert "name" in add(name="production").context["form"].errors
    assert "name" in add(name="x" * 65).context["form"].errors
    add()
    add()
    assert list(application.secrets.values_list("name", flat=True)) == ["production", "default", "secret 2"]


@pytest.mark.parametrize("how", ["", "guess", "\x00"])
def test_unknown_ways_are_refused(application, add, how):
    assert "how" in add(how=how).context["form"].errors
    assert not application.secrets.exists()


def test_expiry(application, add):
    add(name="never", lifetime="never")
    assert application.secrets.get(name="never").expires is None
    add(name="day", lifetime="date", expires_on="2099-12-31")
    assert application.secrets.get(name="day").expires == datetime(2100, 1, 1, tzinfo=UTC)
    for bad in ("", "2020-01-01", "9999-12-31", "tomorrow", "nul\x00"):
        assert "expires_on" in add(lifetime="date", expires_on=bad).context["form"].errors, bad
    assert "lifetime" in add(lifetime="1000000").context["form"].errors
    assert application.secrets.count() == 2


@pytest.mark.contract("TA-53")
def test_retiring_and_removing_ask_first(admin_client, application, add, audit_names):
    add(name="old")
    secret = application.secrets.get()
    for verb in ("retire", "remove"):
        page = text_of(admin_client.get(page_of(application, f"secrets/{secret.pk}/{verb}")))
        assert "It is the only valid secret." in page
    secret.refresh_from_db()
    assert secret.is_usable(timezone.now())

    assert admin_client.post(page_of(application, f"secrets/{secret.pk}/retire")).status_code == 302
    secret.refresh_from_db()
    assert not secret.is_usable(timezone.now())
    assert "Retired" in text_of(admin_client.get(page_of(application)))
    admin_client.post(page_of(application, f"secrets/{secret.pk}/retire"))  # once more changes nothing
    admin_client.post(page_of(application, f"secrets/{secret.pk}/remove"))
    assert not application.secrets.exists()
    assert audit_names() == ["application.secret_added", "application.secret_retired", "application.secret_removed"]


def test_a_secret_is_reached_through_its_own_application_only(admin_client, application):
    other = TrustedApplicationFactory()
    secret = other.secrets.get()
    for verb in ("retire", "remove"):
        assert admin_client.post(page_of(application, f"secrets/{secret.pk}/{verb}")).status_code == 404
    assert admin_client.get(page_of(application, f"secrets/{uuid.uuid4()}/remove")).status_code == 404
    assert other.secrets.get().disabled_at is None


def test_every_change_needs_a_form_token(application, administrator):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator)
    for page in ("secrets/add", "enabled", "delete", "change"):
        response = browser.post(page_of(application, page), {"enabled": "0", "post": "yes"})
        assert response.status_code == 403, page


@pytest.mark.contract("TA-55")
def test_nobody_but_administrators_sees_hashes(client, internal_user, application):
    client.force_login(internal_user)
    response = client.get(page_of(application))
    assert response.status_code == 403
