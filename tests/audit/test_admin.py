"""The trace in the admin site: found, filtered, read, never changed; and the lists of keys and tokens beside it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.audit import descriptions, events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import SYSTEM, Actor, Origin, enter, leave
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.services import record
from erpnet_identity.keys import services as keys
from erpnet_identity.keys.admin import state
from erpnet_identity.keys.models import SigningKey

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditevent/"
ALICE = Actor("user", "1", "alice")
CORRELATION_ID = "0123456789abcdef0123456789abcdef"


def found(response):
    return [event.name for event in response.context["cl"].result_list]


@pytest.fixture
def some_events(service_app, internal_user):
    token = enter(Origin(CORRELATION_ID, "10.0.0.1"))
    record(events.APPLICATION_DISABLED, actor=ALICE, application=service_app)
    leave(token)
    record(events.TOKEN_REFUSED, actor=SYSTEM, outcome="refused", client_id="unknown.id", cause=Cause.SECRET_WRONG)
    record(events.USER_UPDATED, actor=ALICE, user=internal_user, detail={"changes": {"name": {"old": "A", "new": "B"}}})


def test_search_and_filters(admin_client, service_app, internal_user, some_events):
    for query, names in {
        f"q={CORRELATION_ID}": [events.APPLICATION_DISABLED],
        f"q={service_app.client_id}": [events.APPLICATION_DISABLED],
        f"q={internal_user.login.upper()}": [events.USER_UPDATED],
        "q=alice": [events.USER_UPDATED, events.APPLICATION_DISABLED],
        "q=012345": [],
        "outcome=refused": [events.TOKEN_REFUSED],
        "event=token": [events.TOKEN_REFUSED],
        "event=application.disabled": [events.APPLICATION_DISABLED],
        "event=user": [events.USER_UPDATED],
        "q=secret_retired": [],
        "q=secret_wrong": [events.TOKEN_REFUSED],
        "event=nothing": [events.USER_UPDATED, events.TOKEN_REFUSED, events.APPLICATION_DISABLED],
        "outcome=%00": [events.USER_UPDATED, events.TOKEN_REFUSED, events.APPLICATION_DISABLED],
    }.items():
        assert found(admin_client.get(f"{LIST}?{query}")) == names, query
    for query in ("q=%00", "time__gte=x", "time__gte=%00", "o=1", "p=x", "e=1"):
        assert admin_client.get(f"{LIST}?{query}").status_code in (200, 302), query
    day = timezone.now().strftime("%Y-%m-%d")
    assert len(found(admin_client.get(f"{LIST}?time__gte={day}%2000:00:00%2B00:00"))) == 3


def test_nothing_can_be_changed(admin_client, some_events):
    event = AuditEvent.objects.first()
    page = admin_client.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "save-button" not in page
    for address in (f"{LIST}add/", f"{LIST}{event.pk}/change/", f"{LIST}{event.pk}/delete/"):
        assert admin_client.post(address, {"name": "x", "post": "yes"}).status_code == 403, address
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    # The three refusals have left their own.
    assert AuditEvent.objects.exclude(name=events.REQUEST_REFUSED).count() == 3


def test_an_event_in_words(admin_client, some_events):
    event = AuditEvent.objects.get(name=events.USER_UPDATED)
    page = admin_client.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "<strong>alice</strong> changed the account" in page
    assert "<li><code>name</code>: A → B</li>" in page
    refused = AuditEvent.objects.get(name=events.TOKEN_REFUSED)
    page = admin_client.get(f"{LIST}{refused.pk}/change/").content.decode()
    assert "was refused a token (secret wrong)" in page
    assert f'<a href="{LIST}?q=secret_wrong"><code>secret_wrong</code></a> The secret is none of' in page
    assert "Copy the secret once more, or add a new one." in page
    assert "May be told: administrators only." in page
    found = admin_client.get(f"{LIST}?q=secret_wrong").context["cl"].result_list
    assert list(found) == [refused]


def test_a_cause_of_an_earlier_version(admin_client):
    AuditEvent.objects.create(time=timezone.now(), name=events.TOKEN_REFUSED, outcome="refused", cause="of_long_ago")
    event = AuditEvent.objects.get()
    page = admin_client.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "was refused a token (of long ago)" in page
    assert "<code>of_long_ago</code>" in page


def test_a_list_takes_few_queries(admin_client, some_events, django_assert_max_num_queries):
    for number in range(60):
        record(events.TOKEN_ISSUED, actor=ALICE, client_id=f"app.{number}")
    for query in ("", "?event=token", f"?q={CORRELATION_ID}", "?q=app.7"):
        with django_assert_max_num_queries(6):
            admin_client.get(LIST + query)


@pytest.mark.parametrize("name", sorted(events.ALL))
def test_every_event_has_a_sentence(name):
    said = descriptions.sentence(name, detail={"secret_name": "one"}, user_login="maria")
    assert said != name
    assert "{" not in said


@pytest.mark.parametrize("detail", [{}, {"changes": None}, {"changes": []}, {"changes": {"Name": "x"}}, {"values": 1}])
def test_no_detail_breaks_the_words(detail):
    descriptions.changes(detail)
    assert descriptions.sentence("application.updated", detail=detail)
    assert descriptions.sentence("unknown.event", detail=detail) == "unknown.event"


def test_values_in_words():
    assert descriptions.shown(None) == descriptions.shown([]) == descriptions.shown("") == "—"
    assert descriptions.shown(True) == "yes"
    assert descriptions.shown(False) == "no"
    assert descriptions.shown(["a", "b"]) == "a, b"
    assert [change.name for change in descriptions.changes({"values": {"Name": "x", "SystemUserAllowed": False}})] == [
        "Name"
    ]


@pytest.mark.contract("ID-23")
def test_the_states_of_signing_keys(admin_client):
    now = timezone.now()
    for days in (-10, -5, 1):
        keys.create_key(activates_at=now + timedelta(days=days), actor=SYSTEM)
    oldest, signing, announced = SigningKey.objects.order_by("activates_at")
    keys.revoke_key(keys.create_key(activates_at=now - timedelta(days=20), actor=SYSTEM).kid, actor=SYSTEM)
    response = admin_client.get("/admin/keys/signingkey/")
    shown = {key.kid: state(key, superseded=key.superseded, now=now) for key in response.context["cl"].result_list}
    assert [shown[key.kid] for key in (oldest, signing, announced)] == ["retired", "active", "announced"]
    assert sorted(shown.values()) == ["active", "announced", "retired", "revoked"]
    page = admin_client.get(f"/admin/keys/signingkey/{signing.pk}/change/").content.decode()
    assert signing.kid in page
    assert signing.private_key not in page
    assert admin_client.post(f"/admin/keys/signingkey/{signing.pk}/delete/", {"post": "yes"}).status_code == 403


def test_issued_tokens(admin_client, service_app, service_token, django_assert_max_num_queries):
    for _ in range(3):
        token = service_token(service_app)
    address = "/admin/tokens/accesstoken/"
    with django_assert_max_num_queries(5):
        page = admin_client.get(address).content.decode()
    assert f"{service_app.system_user.login} (service)" in page
    assert token not in page
    for query, number in {
        f"q={service_app.client_id}": 3, "q=nobody": 0, "state=valid": 3, "state=expired": 0, "state=revoked": 0,
        "state=%00": 3,
    }.items():  # fmt: skip
        assert len(admin_client.get(f"{address}?{query}").context["cl"].result_list) == number, query
    service_app.is_enabled = False
    service_app.save()
    assert "application disabled" in admin_client.get(address).content.decode()


def test_the_two_schemes_are_those_of_the_product():
    import re
    from pathlib import Path

    folder = Path(__file__).resolve().parents[2] / "templates/static/erp"

    def block(text, selector):
        body = text[text.index(selector) + len(selector) :]
        return dict(re.findall(r"(--erp-[a-z-]+):\s*([^;]+);", body[: body.index("}")]))

    tokens, admin = (folder / "tokens.css").read_text(), (folder / "admin.css").read_text()
    light = {name: value for name, value in block(tokens, ":root {").items() if name in block(admin, '"light"] {')}
    dark = block(tokens[tokens.index("prefers-color-scheme: dark") :], ":root {")
    assert block(admin, 'html[data-theme="light"] {') == light
    assert set(light) == set(dark)
    assert block(admin, 'html[data-theme="dark"] {') == dark
