"""Looking after the signing keys from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.keys import services
from erpnet_identity.keys.models import SigningKey

pytestmark = pytest.mark.django_db


def keys(*arguments):
    output = StringIO()
    call_command("keys", *arguments, stdout=output)
    return output.getvalue()


def test_an_instance_without_keys():
    assert "no signing key yet" in keys("list")
    assert SigningKey.objects.count() == 0


@pytest.mark.contract("ID-23")
def test_a_rotation():
    services.ensure_key()
    first = SigningKey.objects.get()
    output = keys("rotate")
    second = SigningKey.objects.exclude(pk=first.pk).get()
    assert f"Announced {second.kid}" in output
    assert f"{first.kid}  made {first.created:%Y-%m-%d %H:%M} UTC  signs now\n" in output
    assert f"announced, signs from {second.activates_at:%Y-%m-%d %H:%M} UTC\n" in output
    assert (second.activates_at - second.created).total_seconds() == pytest.approx(24 * 3600, abs=60)


def test_one_rotation_at_a_time():
    keys("rotate")
    with pytest.raises(CommandError, match="A rotation is under way"):
        keys("rotate")
    assert SigningKey.objects.count() == 2


def test_a_new_instance_can_sign_after_its_first_rotation():
    assert "signs now" in keys("rotate")


@pytest.mark.contract("ID-23")
def test_a_revocation():
    services.ensure_key()
    key = SigningKey.objects.get()
    output = keys("revoke", key.kid)
    assert f"Revoked {key.kid}." in output
    assert "revoked 2" in output
    assert "signs now" in output, "a successor signs at once"
    assert AuditEvent.objects.filter(name="signing_key.revoked", actor_kind="system").count() == 1


def test_a_key_that_does_not_exist():
    with pytest.raises(CommandError, match="There is no signing key 'ABC'"):
        keys("revoke", "ABC")


def test_private_keys_are_not_printed():
    services.ensure_key()
    assert SigningKey.objects.get().private_key not in keys("list")
