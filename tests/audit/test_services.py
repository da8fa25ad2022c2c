"""An event commits with its change or not at all, and never changes afterwards."""

import pytest
from django.db import transaction

from erpnet_identity.audit import context, events
from erpnet_identity.audit.context import SYSTEM, Actor, Origin
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.services import record
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.contract("AU-03")
def test_rolled_back_together():
    @transaction.atomic
    def change():
        record(events.USER_CREATED, actor=SYSTEM, user=UserFactory())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert not User.objects.exists()
    assert not AuditEvent.objects.exists()


def test_append_only():
    event = record(events.USER_CREATED, actor=SYSTEM)
    event.name = "user.updated"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()
    with pytest.raises(TypeError):
        AuditEvent.objects.all().delete()
    with pytest.raises(TypeError):
        AuditEvent.objects.update(name="x")
    assert AuditEvent.objects.get().name == "user.created"


def test_only_known_names():
    with pytest.raises(ValueError, match="unknown audit event"):
        record("user.exploded", actor=SYSTEM)
    assert all(name.count(".") == 1 for name in events.ALL)


@pytest.mark.contract("AU-02")
def test_outlives_what_it_describes():
    user = UserFactory(login="maria")
    key = str(user.pk)
    record(events.USER_UPDATED, actor=Actor("user", key, "maria"), user=user, detail={"password": "x", "n": 1})
    user.delete()
    event = AuditEvent.objects.get()
    assert (event.user_id, event.user_login, event.actor_id) == (key, "maria", key)
    assert event.detail == {"password": "***", "n": 1}


@pytest.mark.contract("OP-139")
def test_hostile_text_is_stored_and_not_an_error():
    token = context.enter(Origin("id", address="x" * 100, user_agent="\x00\ud800" + "y" * 300))
    try:
        record(
            events.TOKEN_REFUSED, actor=Actor("application", "", "\x00" * 300), client_id="\ud800\x00" * 200,
            detail={"scope": "a\x00\udfff", "list": ["\x00"]},
        )  # fmt: skip
    finally:
        context.leave(token)
    event = AuditEvent.objects.get()
    assert len(event.client_id) <= 254
    assert "\x00" not in event.client_id + event.user_agent + str(event.detail)


@pytest.mark.contract("AU-02", "OP-233")
@pytest.mark.parametrize("credential", ["0A1B2C3D" * 8, "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln", "aB3dE" * 8])
def test_a_stranger_that_calls_itself_by_a_credential(credential):
    event = record(
        events.TOKEN_REFUSED, outcome="refused", actor=Actor("application", "", credential), client_id=credential
    )
    assert (event.client_id, event.actor_name) == ("***", "***")
    known = record(events.TOKEN_REFUSED, actor=Actor("application", "", "my.app/x"), client_id="my.app/x")
    assert (known.client_id, known.actor_name) == ("my.app/x", "my.app/x")
