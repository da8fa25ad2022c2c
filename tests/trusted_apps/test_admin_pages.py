"""Presets, the page of an application, the switch, the history and deleting, over HTTP."""

import pytest

from erpnet_identity.audit.models import AuditEvent
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.trusted_apps.pages import LIST, fields, fields_of, page_of, text_of
from trusted_apps import services
from trusted_apps.admin.history import events_of
from trusted_apps.models import ClientSecret, TrustedApplication
from trusted_apps.presets import PRESETS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("preset", "client_type", "flags", "scope"),
    [
        pytest.param("web", "confidential", {"internal"}, ["read"], marks=pytest.mark.contract("TA-90")),
        pytest.param("spa", "public", {"internal"}, ["read"], marks=pytest.mark.contract("TA-91")),
        pytest.param("service", "confidential", {"service"}, ["read", "update"], marks=pytest.mark.contract("TA-92")),
        pytest.param(
            "hybrid",
            "confidential",
            {"internal", "community", "service"},
            ["read", "update"],
            marks=pytest.mark.contract("TA-93"),
        ),
        pytest.param("signin", "confidential", {"internal", "community"}, [], marks=pytest.mark.contract("TA-94")),
    ],
)
def test_presets_fill_in_the_form(admin_client, system_user, preset, client_type, flags, scope):
    response = admin_client.get(f"{LIST}add/?preset={preset}")
    form = response.context["adminform"].form
    shown = {
        "internal": form["allows_internal_users"].value(),
        "community": form["allows_community_users"].value(),
        "service": form["allows_service"].value(),
    }
    assert {name for name, value in shown.items() if value} == flags
    assert form["client_type"].value() == client_type
    assert form["scope"].value() == scope
    assert form["is_enabled"].value() is True
    assert form["reference_tokens"].value() == "none"
    chosen = next(item for item in PRESETS if item.key == preset)
    assert chosen.sentence in text_of(response)
    assert chosen.needs in text_of(response)

    body = fields(
        client_type=client_type,
        scope=scope,
        allows_internal_users="internal" in flags,
        allows_community_users="community" in flags,
        allows_service="service" in flags,
        system_user=system_user.login if "service" in flags else "",
        redirect_uris="https://shop.example.com/cb" if flags != {"service"} else "",
    )
    response = admin_client.post(f"{LIST}add/?preset={preset}", body)
    application = TrustedApplication.objects.get()
    assert application.scope == " ".join(scope)
    following = "secrets/add" if client_type == "confidential" else "change"
    assert response["Location"] == page_of(application, following)


def test_without_a_preset_nothing_is_allowed(admin_client):
    for query in ("", "?preset=unknown", "?allows_service=1&client_type=public"):
        form = admin_client.get(f"{LIST}add/{query}").context["adminform"].form
        assert form["client_type"].value() == "confidential"
        assert not form["allows_service"].value()
        assert not form["scope"].value()


@pytest.mark.contract("TA-11", "TA-24", "TA-27")
def test_every_attribute_has_both_of_its_names(admin_client, service_app):
    page = text_of(admin_client.get(page_of(service_app)))
    for name in (
        "ApplicationUri", "ClientType", "ImpersonateLoginUrl", "ImpersonateLogoutUrl", "SystemUser",
        "ImpersonateAsInternalUserAllowed", "ImpersonateAsCommunityUserAllowed", "SystemUserAllowed", "Scope",
        "AccessTokens", "BasicAuthenticationAllowed", "IdentityScopesImplyAccess", "SystemUserLoginUrl",
        "Owner", "IsVerified", "IsFirstParty", "ObjectVersion",
    ):  # fmt: skip
        assert name in page
    assert "Redirect URIs ImpersonateLoginUrl" in page
    add = text_of(admin_client.get(f"{LIST}add/"))
    assert "Enabled IsEnabled" in add


@pytest.mark.contract("TA-73")
def test_a_new_record_leaves_its_trace(admin_client, administrator):
    admin_client.post(f"{LIST}add/", fields(notes="From the form"))
    event = AuditEvent.objects.get()
    assert event.name == "application.registered"
    assert event.actor_name == administrator.login
    assert event.detail["values"]["ApplicationUri"] == "shop.example.com"
    assert event.detail["values"]["Notes"] == "From the form"
    assert event.correlation_id


@pytest.mark.contract("TA-73", "TA-22")
def test_a_change_is_recorded_attribute_by_attribute(admin_client, administrator, system_user):
    application = TrustedApplicationFactory(name="Before")
    body = fields_of(
        application, name="After", reference_tokens="administrators_only", allows_service=True,
        system_user=system_user.login, redirect_uris="https://a.example.com/",
    )  # fmt: skip
    admin_client.post(page_of(application), body)
    event = AuditEvent.objects.get()
    assert (event.name, event.actor_name) == ("application.updated", administrator.login)
    assert event.detail["changes"] == {
        "Name": {"old": "Before", "new": "After"},
        "ImpersonateLoginUrl": {"old": [], "new": ["https://a.example.com/"]},
        "SystemUserAllowed": {"old": False, "new": True},
        "SystemUser": {"old": None, "new": system_user.login},
        "AccessTokens": {"old": "None", "new": "AdministratorsOnly"},
    }
    page = text_of(admin_client.get(page_of(application, "history")))
    assert f"{administrator.login} changed the application" in page
    assert "Name Before → After" in page
    assert "AccessTokens None → AdministratorsOnly" in page
    assert "Before → After" in text_of(admin_client.get(page_of(application))), "the page shows the latest events"


def test_saving_without_a_change_writes_nothing(admin_client, service_app):
    response = admin_client.post(page_of(service_app), fields_of(service_app), follow=True)
    assert "Nothing was changed." in text_of(response)
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("TA-12", "TA-73")
def test_the_history_survives_another_client_id(admin_client, administrator):
    application = TrustedApplicationFactory(client_id="first.id", name="A")
    for values in ({"name": "B"}, {"client_id": "second.id"}, {"name": "C"}, {"client_id": "third.id"}):
        application.refresh_from_db()
        admin_client.post(page_of(application), fields_of(application, **values))
    application.refresh_from_db()
    assert application.client_id == "third.id"
    assert [event.client_id for event in events_of(application)] == ["third.id", "second.id", "second.id", "first.id"]


def test_the_history_is_that_of_this_record(admin_client, administrator, service_app):
    from erpnet_identity.users.services import actor_for

    services.set_enabled(service_app, False, actor=actor_for(administrator))
    client_id = service_app.client_id
    services.delete_application(service_app, actor=actor_for(administrator))
    successor = TrustedApplicationFactory(client_id=client_id)
    assert "Nothing is recorded." in text_of(admin_client.get(page_of(successor, "history")))


def test_a_long_history_has_pages(admin_client, administrator, service_app):
    from erpnet_identity.users.services import actor_for

    for number in range(120):
        services.set_enabled(service_app, bool(number % 2), actor=actor_for(administrator))
    assert "Page 1 of 3" in text_of(admin_client.get(page_of(service_app, "history")))
    assert "Page 3 of 3" in text_of(admin_client.get(page_of(service_app, "history") + "?page=3"))


@pytest.mark.contract("TA-70", "TA-71", "TA-24")
def test_the_switch(admin_client, service_app, audit_names):
    for value, enabled in (("0", False), ("0", False), ("1", True)):
        assert admin_client.post(page_of(service_app, "enabled"), {"enabled": value}).status_code == 302
        service_app.refresh_from_db()
        assert service_app.is_enabled is enabled
    assert audit_names() == ["application.disabled", "application.enabled"]
    assert admin_client.get(page_of(service_app, "enabled")).status_code == 405
    assert admin_client.post(page_of(service_app, "enabled"), {"enabled": "x"}).status_code == 400
    assert service_app.object_version == 3


@pytest.mark.contract("TA-70")
def test_a_record_that_breaks_a_newer_rule_can_be_switched_off(admin_client):
    broken = TrustedApplicationFactory(redirect_uris="http://old.example.com/*", scope="everything")
    admin_client.post(page_of(broken, "enabled"), {"enabled": "0"})
    broken.refresh_from_db()
    assert not broken.is_enabled


@pytest.mark.contract("TA-24")
def test_a_new_record_can_be_saved_switched_off(admin_client):
    admin_client.post(f"{LIST}add/", fields(is_enabled=False))
    assert not TrustedApplication.objects.get().is_enabled


@pytest.mark.contract("TA-28")
def test_the_switch_is_not_part_of_the_form(admin_client):
    application = TrustedApplicationFactory(is_enabled=False)
    admin_client.post(page_of(application), fields_of(application, name="Other", is_enabled=True))
    application.refresh_from_db()
    assert (application.name, application.is_enabled, application.object_version) == ("Other", False, 2)


@pytest.mark.contract("TA-72", "TA-73")
def test_deleting_asks_and_leaves_a_trace(admin_client, service_app, audit_names):
    page = text_of(admin_client.get(page_of(service_app, "delete")))
    assert service_app.client_id in page
    assert "1 client secret" in page
    assert TrustedApplication.objects.exists()
    admin_client.post(page_of(service_app, "delete"), {"post": "yes"})
    assert not TrustedApplication.objects.exists()
    assert not ClientSecret.objects.exists()
    assert audit_names() == ["application.deleted"]


def test_an_application_with_tokens_can_be_deleted(admin_client, service_app, service_token):
    service_token(service_app)
    page = text_of(admin_client.get(page_of(service_app, "delete")))
    assert "1 access token" in page
    admin_client.post(page_of(service_app, "delete"), {"post": "yes"})
    assert not TrustedApplication.objects.exists()


def test_texts_of_people_are_never_markup(admin_client):
    evil = "<script>alert(1)</script>"
    user = UserFactory(system=True, login="<i>svc", name=evil)
    application = TrustedApplicationFactory(
        name=evil, client_id="<b>x", notes=evil, allows_service=True, system_user=user
    )
    admin_client.post(page_of(application), fields_of(application, notes=f"{evil} again"))
    application.secrets.update(name=evil)
    secret = application.secrets.get()
    pages = [LIST, *(page_of(application, page) for page in ("change", "history", "delete", "secrets/add"))]
    pages += [page_of(application, f"secrets/{secret.pk}/retire"), "/admin/users/user/", "/admin/audit/auditevent/"]
    for page in pages:
        content = admin_client.get(page).content.decode()
        assert evil not in content, page
        assert "<i>svc" not in content, page
        assert "<b>x" not in content, page


def test_pages_hold_no_script_or_style_of_their_own(admin_client, service_app):
    import re

    for page in (LIST, f"{LIST}add/", page_of(service_app), page_of(service_app, "secrets/add"), "/admin/users/user/"):
        response = admin_client.get(page)
        content = response.content.decode()
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*src=)", content), page
        assert not re.search(r"(src|href)=\"(https?:)?//", content), page
