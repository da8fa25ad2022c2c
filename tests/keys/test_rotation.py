"""Keys rotate without a restart and without a refused token."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.keys import jwks, jwt, schedule, services
from erpnet_identity.keys.models import SigningKey

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def kids(now):
    return [key["kid"] for key in jwks.key_set(now)["keys"]]


@pytest.mark.django_db
@pytest.mark.contract("ID-23", "ID-24", "OP-23", "OP-24", "OP-25")
def test_a_rotation_from_announcement_to_removal():
    with time_machine.travel(START, tick=False) as clock:
        old, _ = services.signing_key(timezone.now())
        new = services.announce_key(actor=SYSTEM).kid
        assert kids(timezone.now()) == [old, new]
        assert services.signing_key(timezone.now())[0] == old

        clock.shift(timedelta(hours=23, minutes=59))
        token = jwt.sign({"n": 1}, typ="at+jwt", now=timezone.now())

        clock.shift(timedelta(minutes=2))
        now = timezone.now()
        assert services.signing_key(now)[0] == new
        assert jwt.verify(token, typ="at+jwt", now=now) == {"n": 1}
        assert kids(now) == [old, new]

        clock.shift(schedule.KEEP)
        now = timezone.now()
        assert kids(now) == [new]
        with pytest.raises(jwt.BadToken, match="token_key_unknown"):
            jwt.verify(token, typ="at+jwt", now=now)


@pytest.mark.django_db
@pytest.mark.contract("OP-26")
def test_a_key_is_announced_for_longer_than_the_set_may_be_cached(client):
    header = client.get("/id/.well-known/openid-configuration/jwks").headers["Cache-Control"]
    assert timedelta(seconds=int(header.split("max-age=")[1])) <= schedule.ANNOUNCE


@pytest.mark.django_db
def test_a_revoked_key_is_neither_published_nor_accepted_and_is_replaced():
    now = timezone.now()
    token = jwt.sign({}, typ="at+jwt", now=now)
    kid, _ = services.signing_key(now)
    services.revoke_key(kid, actor=SYSTEM)
    later = timezone.now()
    assert kid not in kids(later)
    assert services.signing_key(later)[0] != kid
    with pytest.raises(jwt.BadToken, match="token_key_unknown"):
        jwt.verify(token, typ="at+jwt", now=later)
    assert AuditEvent.objects.filter(name="signing_key.revoked", detail__kid=kid).count() == 1


@pytest.mark.django_db
@pytest.mark.contract("ID-22", "OP-27")
def test_the_private_part_is_stored_encrypted(settings):
    services.ensure_key()
    row = SigningKey.objects.get()
    assert "PRIVATE" not in row.private_key
    assert set(row.public_jwk) == {"kty", "use", "alg", "kid", "n", "e"}

    # Adding a new first key keeps the stored keys readable; losing the old one is said in a sentence.
    fresh = Fernet.generate_key().decode()
    settings.KEY_ENCRYPTION_KEYS = [fresh, *settings.KEY_ENCRYPTION_KEYS]
    assert services.private_key(row).is_private
    settings.KEY_ENCRYPTION_KEYS = [fresh]
    with pytest.raises(ImproperlyConfigured, match="KEY_ENCRYPTION_KEYS"):
        services.private_key(row)


@pytest.mark.django_db
@pytest.mark.contract("ID-20", "ID-21", "ID-22", "OP-20", "OP-21")
def test_key_set_has_public_members_only(client):
    response = client.get("/id/.well-known/openid-configuration/jwks")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    (key,) = response.json()["keys"]
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert len(key["kid"]) == 32
    assert key["kid"] == key["kid"].upper()
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert len(key["n"]) >= 342  # 2048 bits in base64url


@pytest.mark.django_db(transaction=True)
def test_several_first_starts_make_one_key(postgresql):
    barrier = threading.Barrier(4)

    def start():
        barrier.wait()
        services.ensure_key()
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SigningKey.objects.count() == 1
