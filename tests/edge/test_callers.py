"""One connection is one caller, for every limit."""

from uuid import uuid4

import pytest

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.edge.callers import caller_of
from erpnet_identity.platform import throttle


@pytest.mark.contract("OP-234")
@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_who_counts_as_one(address, caller):
    assert caller_of(address) == caller


def addresses():
    """A new address of one connection each time."""
    number = 0
    while True:
        number += 1
        yield f"2001:db8:1:2:{number:x}::{number:x}"


FORM = "application/x-www-form-urlencoded"


def wrong_password(client, **where):
    return client.post("/id/signin", {"login": "nobody", "password": "wrong"}, **where)


def wrong_secret(client, **where):
    body = f"grant_type=client_credentials&client_id={uuid4()}&client_secret=wrong"
    return client.post("/id/connect/token", body, content_type=FORM, **where)


def reset(client, **where):
    return client.post("/id/password/reset", {"email": "nobody@example.com"}, **where)


@pytest.mark.django_db
@pytest.mark.contract("OP-234")
@pytest.mark.parametrize("request_of", [wrong_password, wrong_secret, reset])
def test_every_limit_counts_a_connection(client, settings, monkeypatch, request_of):
    """From a new address each time, as anybody can who has IPv6."""
    monkeypatch.setattr(throttle.time, "time", lambda: 1_772_442_012.0)
    settings.SIGN_IN_FAILURES_PER_MINUTE = settings.TOKEN_FAILURES_PER_MINUTE = 10
    source = addresses()
    codes = [request_of(client, REMOTE_ADDR=next(source)).status_code for _ in range(12)]
    assert codes[10:] == [429, 429]
    assert 429 not in codes[:10]
    assert request_of(client, REMOTE_ADDR="2001:db8:1:3::1").status_code != 429


@pytest.mark.django_db
@pytest.mark.contract("AU-11")
def test_the_budget_of_the_trail_counts_a_connection(client, settings):
    settings.STRANGER_EVENTS_PER_MINUTE = 3
    source = addresses()
    for _ in range(6):
        client.get("/id/connect/authorize?client_id=nobody", REMOTE_ADDR=next(source))
    assert AuditEvent.objects.count() == 3
    client.get("/id/connect/authorize?client_id=nobody", REMOTE_ADDR="2001:db8:1:3::1")
    assert AuditEvent.objects.count() == 4
