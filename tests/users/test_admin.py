"""Accounts in the admin site: created, changed, locked out of nothing by accident, never deleted."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.models import User, UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/users/user/"
PASSWORD = "a long sentence as password"


def page_of(user, page="change"):
    return f"{LIST}{user.pk}/{page}/"


def form(**values):
    body = {
        "login": "maria",
        "name": "Maria",
        "email": "",
        "user_type": "0",
        "locale": "en",
        "is_active": "on",
        **values,
    }
    return {name: value for name, value in body.items() if value is not False}


def form_of(user, **values):
    flags = {name: "on" for name in ("is_admin", "is_active", "email_confirmed") if getattr(user, name)}
    stored = {"login": user.login, "name": user.name, "email": user.email, "locale": user.locale}
    return {k: v for k, v in {**stored, "user_type": user.user_type, **flags, **values}.items() if v is not False}


def errors_of(response):
    assert response.status_code == 200
    return set(response.context["adminform"].form.errors)


def last_event():
    return AuditEvent.objects.exclude(name="user.signed_in").latest("id")


def test_an_account_with_a_password(admin_client, administrator):
    response = admin_client.post(f"{LIST}add/", form(password1=PASSWORD, password2=PASSWORD, is_admin="on"))
    user = User.objects.get(login="maria")
    assert response["Location"] == page_of(user)
    assert user.check_password(PASSWORD)
    assert user.password != PASSWORD
    event = last_event()
    assert (event.name, event.actor_name, event.user_login) == ("user.created", administrator.login, "maria")
    assert PASSWORD not in str(event.detail)


def test_an_account_without_a_password(admin_client):
    admin_client.post(f"{LIST}add/", form(login="svc.sync", user_type="3"))
    user = User.objects.get(login="svc.sync")
    assert not user.has_usable_password()
    assert user.may_run_services


@pytest.mark.contract("ID-193")
@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"password1": "short", "password2": "short"}, {"password1"}),
        ({"password1": "password123", "password2": "password123"}, {"password1"}),
        ({"password1": PASSWORD, "password2": PASSWORD + "x"}, {"password2"}),
        ({"password1": PASSWORD, "password2": ""}, {"password2"}),
        ({"password1": "", "password2": PASSWORD}, {"password1"}),
        ({"password1": PASSWORD, "password2": PASSWORD, "user_type": "3"}, {"password1"}),
        ({"password1": "nul\x00" + PASSWORD, "password2": "nul\x00" + PASSWORD}, {"password1", "password2"}),
        ({"password1": "x" * 2000, "password2": "x" * 2000}, {"password1", "password2"}),
        ({"login": ""}, {"login"}),
        ({"login": "two words"}, {"login"}),
        ({"login": "nul\x00"}, {"login"}),
        ({"login": "x" * 65}, {"login"}),
        ({"name": ""}, {"name"}),
        ({"email": "nobody"}, {"email"}),
        ({"email_confirmed": "on"}, {"email_confirmed"}),
        ({"user_type": "7"}, {"user_type"}),
        ({"user_type": "x"}, {"user_type"}),
        ({"user_type": "1", "is_admin": "on"}, {"is_admin"}),
        ({"locale": "xx"}, {"locale"}),
    ],
)
def test_what_is_refused(admin_client, values, fields):
    response = admin_client.post(f"{LIST}add/", form(**values))
    assert errors_of(response) == fields
    assert PASSWORD not in response.content.decode()
    assert User.objects.count() == 1


@pytest.mark.contract("ID-63")
def test_a_login_that_another_has(admin_client):
    UserFactory(login="Maria")
    assert errors_of(admin_client.post(f"{LIST}add/", form())) == {"login"}


def test_a_change_leaves_its_trace(admin_client, administrator, internal_user):
    body = form_of(internal_user, name="Other", user_type=UserType.COMMUNITY, is_active=False)
    admin_client.post(page_of(internal_user), body)
    event = last_event()
    assert (event.name, event.actor_name, event.user_login) == (
        "user.updated",
        administrator.login,
        internal_user.login,
    )
    assert event.detail["changes"] == {
        "name": {"old": internal_user.name, "new": "Other"},
        "user_type": {"old": "InternalUser", "new": "ExternalCommunityUser"},
        "is_active": {"old": True, "new": False},
    }
    before = AuditEvent.objects.count()
    internal_user.refresh_from_db()
    admin_client.post(page_of(internal_user), form_of(internal_user))
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    ("values", "field"),
    [({"is_admin": False}, "is_admin"), ({"is_active": False}, "is_active"), ({"user_type": "1"}, "user_type")],
)
def test_administrators_cannot_lock_themselves_out(admin_client, administrator, values, field):
    assert field in errors_of(admin_client.post(page_of(administrator), form_of(administrator, **values)))
    administrator.refresh_from_db()
    assert administrator.is_staff
    other = UserFactory(admin=True)
    assert admin_client.post(page_of(other), form_of(other, is_admin=False)).status_code == 302


def test_accounts_are_never_deleted(admin_client, internal_user):
    assert admin_client.post(page_of(internal_user, "delete"), {"post": "yes"}).status_code == 403
    body = {"action": "delete_selected", "_selected_action": [internal_user.pk], "post": "yes"}
    admin_client.post(LIST, body)
    assert User.objects.filter(pk=internal_user.pk).exists()
    assert "delete_selected" not in admin_client.get(LIST).content.decode()


@pytest.mark.contract("ID-193")
def test_a_password_manager_learns_whose_password_is_set(admin_client):
    """It would keep the new password as the administrator's own."""
    user = UserFactory(login="maria")
    page = admin_client.get(page_of(user, "password")).content.decode()
    (field,) = re.findall(r'<input [^>]*autocomplete="username"[^>]*>', page)
    assert 'value="maria"' in field
    assert page.index(field) < page.index('type="password"')


def test_setting_a_password(admin_client):
    internal_user = UserFactory(login="maria", email="maria.petrova@example.com")
    address = page_of(internal_user, "password")
    for first, second in (
        (PASSWORD, "x"),
        ("short", "short"),
        ("", ""),
        ("maria.petrova@example", "maria.petrova@example"),
    ):
        response = admin_client.post(address, {"password1": first, "password2": second})
        assert response.status_code == 200
        assert response.context["form"].errors
    assert admin_client.post(address, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    internal_user.refresh_from_db()
    assert internal_user.check_password(PASSWORD)
    event = last_event()
    assert event.detail["credential_changed"] is True
    assert PASSWORD not in str(event.detail)


def test_no_password_for_an_account_that_cannot_sign_in(admin_client, system_user):
    body = {"password1": PASSWORD, "password2": PASSWORD}
    assert admin_client.post(page_of(system_user, "password"), body)["Location"] == page_of(system_user)
    system_user.refresh_from_db()
    assert not system_user.has_usable_password()


@pytest.mark.contract("ID-191")
def test_unlocking(admin_client, internal_user):
    User.objects.filter(pk=internal_user.pk).update(
        access_failed_count=2, lockout_end=timezone.now() + timedelta(minutes=5)
    )
    assert b"unlock-button" in admin_client.get(page_of(internal_user)).content
    assert admin_client.get(page_of(internal_user, "unlock")).status_code == 405
    admin_client.post(page_of(internal_user, "unlock"))
    internal_user.refresh_from_db()
    assert (internal_user.access_failed_count, internal_user.lockout_end) == (0, None)
    assert list(last_event().detail["changes"]) == ["lockout_end"]
    before = AuditEvent.objects.count()
    admin_client.post(page_of(internal_user, "unlock"))
    assert AuditEvent.objects.count() == before
    assert b"unlock-button" not in admin_client.get(page_of(internal_user)).content


def test_the_list(
    admin_client, administrator, internal_user, community_user, system_user, django_assert_max_num_queries
):
    UserFactory(login="locked", lockout_end=timezone.now() + timedelta(minutes=5))
    UserFactory(login="off", is_active=False)
    for query, logins in {
        "type=SystemUserNoLogin": {system_user.login},
        "type=ExternalCommunityUser": {community_user.login},
        "locked=yes": {"locked"},
        "locked=failed": {"locked"},
        "is_active__exact=0": {"off"},
        "is_admin__exact=1": {administrator.login},
        f"q={community_user.login}": {community_user.login},
    }.items():
        found = {user.login for user in admin_client.get(f"{LIST}?{query}").context["cl"].result_list}
        assert found == logins, query
    for query in ("type=%00", "type=x", "locked=x", "q=%00", "is_active__exact=%00", "o=99", "p=x"):
        assert admin_client.get(f"{LIST}?{query}").status_code in (200, 302), query
    with django_assert_max_num_queries(5):
        admin_client.get(LIST)


def test_the_page_names_the_applications_that_run_as_the_account(admin_client, service_app):
    other = TrustedApplicationFactory()
    content = admin_client.get(page_of(service_app.system_user)).content.decode()
    assert service_app.name in content
    assert page_of(other) not in content


def test_the_log_of_django_is_not_shown(admin_client, internal_user):
    assert admin_client.get(page_of(internal_user, "history"))["Location"] == "/admin/audit/auditevent/"


def test_unknown_accounts(admin_client):
    for page in ("password", "unlock"):
        assert admin_client.post(f"{LIST}{uuid.uuid4()}/{page}/").status_code == 404
        assert admin_client.post(f"{LIST}%00/{page}/").status_code == 404


def test_administrators_sign_in(client, administrator):
    response = client.post("/id/signin?next=/admin/", {"login": administrator.login, "password": "correct horse"})
    assert response["Location"] == "/admin/"
    page = client.get("/admin/").content.decode()
    assert "ERP Identity" in page
    assert "Groups" not in page
    names = [model["object_name"] for app in client.get("/admin/").context["app_list"] for model in app["models"]]
    assert names[:2] == ["TrustedApplication", "User"]
