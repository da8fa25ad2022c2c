"""A rotation ends refresh tokens: when the old secret stops, not when the new one is added."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from erpnet_identity.audit.context import Actor
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.trusted_apps.pages import fields_of, page_of, text_of
from trusted_apps import services
from trusted_apps.models import ClientSecret, TrustedApplication

pytestmark = [pytest.mark.django_db, pytest.mark.contract("TA-53", "TA-54", "TK-57")]

ACTOR = Actor("user", "", "tests")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
AGAIN = "People who are signed in through this application must sign in again"


@pytest.fixture
def application():
    return TrustedApplicationFactory(web=True)


def ended(application):
    """From when on refresh tokens count; None when nothing has ended any."""
    return TrustedApplication.objects.values_list("refresh_tokens_from", flat=True).get(pk=application.pk)


@pytest.mark.parametrize("verb", ["retire", "remove"])
def test_a_valid_secret_that_goes(admin_client, application, verb):
    address = page_of(application, f"secrets/{application.secrets.get().pk}/{verb}")
    assert AGAIN in text_of(admin_client.get(address))
    assert ended(application) is None
    before = timezone.now()
    assert AGAIN in text_of(admin_client.post(address, follow=True))
    assert before <= ended(application) <= timezone.now()


def test_adding_a_second_one_ends_nothing_until_the_first_is_retired(admin_client, application):
    first = application.secrets.get()
    body = {"nonce": str(uuid.uuid4()), "how": "generate", "lifetime": "365"}
    page = text_of(admin_client.post(page_of(application, "secrets/add"), body))
    assert AGAIN not in page
    assert (application.secrets.count(), ended(application)) == (2, None)
    admin_client.post(page_of(application, f"secrets/{first.pk}/retire"))
    assert ended(application) is not None


@pytest.mark.parametrize("verb", ["retire", "remove"])
@pytest.mark.parametrize("gone", [{"expires": PAST}, {"disabled_at": PAST}])
def test_a_secret_that_was_not_valid_any_more_ends_nothing(admin_client, application, verb, gone):
    application.secrets.update(**gone)
    address = page_of(application, f"secrets/{application.secrets.get().pk}/{verb}")
    assert AGAIN not in text_of(admin_client.get(address))
    assert AGAIN not in text_of(admin_client.post(address, follow=True))
    assert ended(application) is None


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (None, NOW, True),
        (None, NOW - timedelta(days=1), True),
        (NOW + timedelta(days=9), NOW, True),
        (NOW - timedelta(days=1), NOW - timedelta(days=2), False),
        (None, NOW + timedelta(seconds=1), False),
        (NOW + timedelta(days=1), None, False),
        (NOW - timedelta(days=1), NOW + timedelta(days=1), False),
    ],
)
def test_an_expiry_that_has_passed_is_an_end_too(application, before, after, ends):
    application.secrets.update(expires=before)
    with time_machine.travel(NOW, tick=False):
        services.set_secret_expiry(application.secrets.get(), after, actor=ACTOR)
    assert ended(application) == (NOW if ends else None)


def test_retiring_and_then_removing_ends_them_once(application):
    row = application.secrets.get()
    with time_machine.travel(NOW, tick=False) as clock:
        assert services.retire_secret(row, actor=ACTOR)
        clock.shift(60)
        assert not services.retire_secret(row, actor=ACTOR)
        assert services.remove_secret(row, actor=ACTOR)
        assert not services.remove_secret(row, actor=ACTOR), "somebody was first"
    assert ended(application) == NOW


def test_people_are_told_only_where_there_are_any(admin_client, service_app):
    assert AGAIN not in text_of(admin_client.get(page_of(service_app)))
    address = page_of(service_app, f"secrets/{service_app.secrets.get().pk}/retire")
    assert AGAIN not in text_of(admin_client.get(address))
    assert AGAIN not in text_of(admin_client.post(address, follow=True))
    # It may let people in later; what was granted before this moment is void all the same.
    assert ended(service_app) is not None


def test_the_moment_is_no_attribute_and_survives_a_save(admin_client, application):
    services.retire_secret(application.secrets.get(), actor=ACTOR)
    moment = ended(application)
    application.refresh_from_db()
    version = application.object_version
    assert admin_client.post(page_of(application), fields_of(application, name="Other")).status_code == 302
    application.refresh_from_db()
    assert (application.name, application.refresh_tokens_from) == ("Other", moment)
    assert application.object_version == version + 1


def test_what_is_undone_ends_nothing(application, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(services, "record", fail)
    with pytest.raises(RuntimeError):
        services.retire_secret(application.secrets.get(), actor=ACTOR)
    assert ended(application) is None
    assert ClientSecret.objects.get().disabled_at is None
