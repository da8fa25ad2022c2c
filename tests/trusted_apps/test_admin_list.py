"""The list: what stands in it, what it finds, and that it stays quick."""

from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.audit.model_admin import COUNTED_ROWS, CappedPaginator
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.trusted_apps.pages import LIST, text_of
from trusted_apps.admin.filters import RISKS
from trusted_apps.models import ClientSecret, TrustedApplication

pytestmark = pytest.mark.django_db


def found(response):
    return {application.name for application in response.context["cl"].result_list}


@pytest.mark.contract("TA-74")
def test_what_a_row_says(admin_client, system_user):
    now = timezone.now()
    application = TrustedApplicationFactory(
        name="Portal", client_id="portal.example.com", allows_internal_users=True, allows_community_users=True,
        allows_service=True, system_user=system_user, scope="openid read", last_used=now.replace(2026, 3, 2),
        owner="Harbour Partners", is_verified=True, is_first_party=True,
    )  # fmt: skip
    application.secrets.update(expires=now + timedelta(days=5))
    TrustedApplicationFactory(name="Holder", client_type="none", scope="")
    TrustedApplicationFactory(name="Off", is_enabled=False, secret=None, owner="Acme Ltd.")
    page = text_of(admin_client.get(LIST))
    for text in (
        "Portal", "portal.example.com", "Enabled", "Confidential", "Sign-in: internal, community",
        f"Service: {system_user.login}", "openid read", f"Expires {now + timedelta(days=5):%Y-%m-%d}", "2026-03-02",
        "Cannot authenticate", "Disabled", "Missing", "never", "Harbour Partners · verified", "First party: no consent",
        "Acme Ltd. · not verified",
    ):  # fmt: skip
        assert text in page, text


def test_internal_records_are_hidden(admin_client):
    internal = TrustedApplicationFactory(client_id="internal.erp.net/manage", name="Manage")
    assert found(admin_client.get(LIST)) == set()
    for page in ("change", "history", "delete", "secrets/add"):
        assert admin_client.get(f"{LIST}{internal.pk}/{page}/").status_code in (302, 404)
    admin_client.post(LIST, {"action": "disable_selected", "_selected_action": [internal.pk]})
    internal.refresh_from_db()
    assert internal.is_enabled


def test_search(admin_client):
    TrustedApplicationFactory(
        name="Shop sync", client_id="sync.id", redirect_uris="https://shop.example.com/cb", owner="Harbour Partners"
    )
    TrustedApplicationFactory(
        name="Portal", client_id="portal.id", post_logout_redirect_uris="https://bye.example.org/"
    )
    TrustedApplicationFactory(name="Scanner", client_id="app.id", client_type="public", redirect_uris="myapp://auth")
    for term, names in {
        "SHOP": {"Shop sync"},
        "portal.id": {"Portal"},
        "bye.example.org": {"Portal"},
        "myapp": {"Scanner"},
        "harbour": {"Shop sync"},
        "sync example.com": {"Shop sync"},
        "sync portal": set(),
        "": {"Shop sync", "Portal", "Scanner"},
    }.items():
        assert found(admin_client.get(LIST, {"q": term})) == names, term


@pytest.fixture
def risky(system_user, administrator):
    """One application per risk, each of one risk only, and one of none."""
    now = timezone.now()
    used = {"last_used": now}
    make = TrustedApplicationFactory
    make(name="fine", **used)
    make(name="disabled", is_enabled=False, **used)
    make(name="no_secret", secret=None, **used)
    make(name="secrets_expired", **used).secrets.update(expires=now - timedelta(days=1))
    make(name="secret_expiring", **used).secrets.update(expires=now + timedelta(days=29))
    make(name="administrator", allows_service=True, system_user=administrator, **used)
    make(name="system_user", allows_service=True, system_user=UserFactory(is_active=False), **used)
    make(name="identity_scopes", identity_scopes_imply_access=True, **used)
    make(name="unasked", is_first_party=True, owner="Acme Ltd.", **used)
    make(name="basic", allows_basic_authentication=True, **used)
    make(name="never_used")
    make(name="unused", last_used=now - timedelta(days=91))
    make(name="plain_http", redirect_uris="https://a.example.com/\nhttp://localhost/cb", **used)
    make(name="community_only", allows_community_users=True, redirect_uris="https://a.example.com/", **used)
    make(name="no_redirect", allows_internal_users=True, **used)


@pytest.mark.contract("TA-74")
def test_every_risk_has_a_saved_filter(admin_client, risky):
    for risk in RISKS:
        expected = {risk} | ({"secrets_expired"} if risk == "no_secret" else set())
        assert found(admin_client.get(LIST, {"risk": risk})) == expected, risk
    assert len(found(admin_client.get(LIST, {"risk": "unknown"}))) == 15


def test_an_unused_application_that_was_never_used_counts_from_its_creation(admin_client):
    TrustedApplicationFactory(name="old", created=timezone.now() - timedelta(days=91))
    assert found(admin_client.get(LIST, {"risk": "unused"})) == {"old"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"state": "enabled"}, {"web", "service", "spa"}),
        ({"state": "disabled"}, {"off"}),
        ({"state": "placeholder"}, {"holder"}),
        ({"type": "public"}, {"spa"}),
        ({"type": "none"}, {"holder"}),
        ({"mode": "internal"}, {"web", "spa"}),
        ({"mode": "service"}, {"service"}),
        ({"mode": "community"}, set()),
        ({"mode": "first_party"}, {"spa"}),
        ({"owner": "verified"}, {"web"}),
        ({"owner": "unverified"}, {"spa"}),
        ({"owner": "none"}, {"service", "holder", "off"}),
        ({"owner": "x"}, {"web", "spa", "service", "holder", "off"}),
        ({"data": "update"}, {"service", "spa", "off"}),
        ({"data": "read"}, {"web", "service", "spa", "off"}),
        ({"data": "nothing"}, {"holder"}),
        ({"data": "update", "type": "public"}, {"spa"}),
    ],
)
def test_filters(admin_client, query, names):
    TrustedApplicationFactory(name="web", web=True, scope="openid read", owner="Acme Ltd.", is_verified=True)
    TrustedApplicationFactory(name="service", service=True)
    TrustedApplicationFactory(name="spa", public=True, owner="Acme Ltd.", is_first_party=True)
    TrustedApplicationFactory(name="holder", client_type="none", scope="openid")
    TrustedApplicationFactory(name="off", is_enabled=False)
    assert found(admin_client.get(LIST, query)) == names


@pytest.mark.parametrize("query", [{}, {"q": "app"}, {"risk": "no_secret"}, {"data": "read", "q": "application"}])
def test_a_list_takes_few_queries_however_long_it_is(admin_client, django_assert_max_num_queries, query):
    for number in range(30):
        TrustedApplicationFactory(service=True, secret=None if number % 2 else "")
    admin_client.get(LIST, query)
    # session, user, count, rows with their system users, secrets
    with django_assert_max_num_queries(6):
        assert admin_client.get(LIST, query).status_code == 200


def test_the_pages_of_an_application_take_few_queries(admin_client, django_assert_max_num_queries, service_app):
    with django_assert_max_num_queries(14):
        admin_client.get(f"{LIST}{service_app.pk}/change/")
    with django_assert_max_num_queries(8):
        admin_client.get(f"{LIST}{service_app.pk}/history/")


def test_a_count_ends_at_a_bound(django_assert_num_queries):
    User.objects.bulk_create(User(login=f"u{number}", name="x") for number in range(COUNTED_ROWS + 5))
    pages = CappedPaginator(User.objects.order_by("login"), 50)
    with django_assert_num_queries(1):
        assert pages.count == COUNTED_ROWS
    assert pages.is_capped
    assert not CappedPaginator(TrustedApplication.objects.all(), 50).is_capped


def test_suggestions_are_accounts_that_run_services(admin_client, system_user, community_user):
    UserFactory(login="svc.inactive", system=True, is_active=False)
    UserFactory(login="svc.sync", name="Synchronisation", system=True)
    for number in range(30):
        UserFactory(login=f"svc.{number}", system=True)

    def logins(term):
        return [row["login"] for row in admin_client.get(f"{LIST}system-users/", {"term": term}).json()["results"]]

    assert logins("synchron") == ["svc.sync"]
    assert logins("inactive") == []
    assert logins(community_user.login) == []
    assert len(logins("svc")) == 20
    assert len(logins("")) == 20


def test_the_actions_switch_and_leave_a_trace(admin_client, audit_names):
    rows = [TrustedApplicationFactory() for _ in range(3)]
    keys = [row.pk for row in rows]
    admin_client.post(LIST, {"action": "disable_selected", "_selected_action": keys[:2]})
    assert TrustedApplication.objects.filter(is_enabled=False).count() == 2
    admin_client.post(LIST, {"action": "enable_selected", "_selected_action": keys})
    assert TrustedApplication.objects.filter(is_enabled=False).count() == 0
    assert audit_names() == ["application.disabled"] * 2 + ["application.enabled"] * 2


@pytest.mark.contract("TA-72", "TA-73")
def test_deleting_several_leaves_a_trace_for_each(admin_client, audit_names):
    rows = [TrustedApplicationFactory(), TrustedApplicationFactory()]
    body = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    page = text_of(admin_client.post(LIST, body))
    assert rows[0].client_id in page
    admin_client.post(LIST, {**body, "post": "yes"})
    assert not TrustedApplication.objects.exists()
    assert not ClientSecret.objects.exists()
    assert audit_names() == ["application.deleted", "application.deleted"]
