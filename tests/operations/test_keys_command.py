"""Looking after the signing keys from the command line."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.keys import services
from erpnet_identity.keys.models import SigningKey
from erpnet_identity.operations import checks, commands

OLD, NEW = (urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))

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


@pytest.mark.contract("OPS-04")
class TestAnotherEncryptionKey:
    """KEY_ENCRYPTION_KEYS is replaced: the new key first, `reencrypt`, the former one away."""

    @pytest.fixture
    def key(self, settings):
        settings.KEY_ENCRYPTION_KEYS = [OLD]
        services.ensure_key()
        return SigningKey.objects.get()

    def test_the_whole_way(self, key, settings):
        number = services.private_key(key).as_dict(private=True)["d"]
        settings.KEY_ENCRYPTION_KEYS = [NEW, OLD]
        assert "; encrypted with a former key: `keys reencrypt`\n" in keys("list")
        output = keys("reencrypt")
        assert "Encrypted anew: 1. Every key is opened by the first" in output
        assert "former" not in output
        settings.KEY_ENCRYPTION_KEYS = [NEW]
        key.refresh_from_db()
        assert services.private_key(key).as_dict(private=True)["d"] == number
        assert AuditEvent.objects.filter(name="signing_key.reencrypted", actor_kind="system").count() == 1
        assert "Encrypted anew: 0." in keys("reencrypt")
        assert AuditEvent.objects.filter(name="signing_key.reencrypted").count() == 1

    def test_a_lost_key_is_told(self, key, settings):
        assert checks.check_signing_keys(None) == []
        settings.KEY_ENCRYPTION_KEYS = [NEW]
        output = StringIO()
        with pytest.raises(CommandError, match=f"cannot sign with {key.kid}: nothing in KEY_ENCRYPTION_KEYS opens"):
            call_command("keys", "list", stdout=output)
        assert "; CANNOT BE OPENED with KEY_ENCRYPTION_KEYS\n" in output.getvalue()
        (message,) = checks.check_signing_keys(None)
        assert (message.id, message.level) == ("erpnet.E012", 40)
        assert key.kid in message.msg
        with pytest.raises(CommandError):
            keys("reencrypt")
        stored = key.private_key
        key.refresh_from_db()
        assert key.private_key == stored

    def test_it_is_given_up(self, key, settings):
        settings.KEY_ENCRYPTION_KEYS = [NEW]
        output = keys("revoke", key.kid)
        assert output.count("signs now") == 1
        assert checks.check_signing_keys(None) == []

    def test_one_that_is_not_needed_any_more_stops_nothing(self, key, settings):
        settings.KEY_ENCRYPTION_KEYS = [NEW]
        services.create_key(activates_at=key.activates_at + timedelta(seconds=1), actor=SYSTEM)
        assert keys("list").count("CANNOT BE OPENED") == 1

    def test_the_check_is_one_of_the_deployment(self, key, settings):
        settings.KEY_ENCRYPTION_KEYS = [NEW]
        ids = {message.id for message in run_checks(include_deployment_checks=True)}
        assert "erpnet.E012" in ids


@pytest.mark.parametrize("name", sorted(commands.NOT_OFFERED))
def test_what_writes_past_the_trail_is_not_offered(name):
    with pytest.raises(CommandError, match=f"Unknown command: '{name}'"):
        call_command(name)
