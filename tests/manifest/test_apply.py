"""Applying and previewing a manifest: what changes, what is left alone, what is recorded."""

import hashlib
from textwrap import dedent

import pytest
from django.core.exceptions import ValidationError

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import License, ReservedSeat
from erpnet_identity.operations.quickstart import MANIFEST
from erpnet_identity.tenancy.models import Instance, database_name
from erpnet_identity.users.models import User, UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from trusted_apps import services
from trusted_apps.models import ClientType, ReferenceTokenPolicy, TrustedApplication

pytestmark = pytest.mark.django_db

DOCUMENTED = """\
version: 1
instance:
  name: demodb                    # db claim, DbName
  concurrent_licenses: 10         # omit for unlimited
  reserved_seats: [alice]
users:
  - login: alice
    name: Alice Adams
    email: alice@example.com
    email_confirmed: true
    type: InternalUser            # ID-175 to ID-181
    is_admin: true
    locale: en-US
    password: ${ALICE_PASSWORD}
  - login: svc.integration
    name: Integration service
    type: SystemUserNoLogin
applications:
  - application_uri: my.trusted.app/service
    name: Nightly sync
    client_type: Confidential
    secret: ${SYNC_SECRET}        # or secret_hash: base64 of SHA-256
    impersonate_login_url: [https://app.example.com/auth/callback]
    impersonate_logout_url: [https://app.example.com/]
    impersonate_as_internal_user_allowed: false
    impersonate_as_community_user_allowed: false
    system_user_allowed: true
    system_user: svc.integration
    scope: read update
    access_tokens: AdministratorsOnly
    is_enabled: true
    notes: owner is the integration team
"""
ENVIRONMENT = {"ALICE_PASSWORD": "correct horse battery", "SYNC_SECRET": "nightly sync secret"}


def apply(text, environment=None, **options):
    return manifest.apply(dedent(text).encode(), environment=environment or {}, **options)


def plan(text, environment=None, **options):
    return manifest.preview(dedent(text).encode(), environment=environment or {}, **options)


@pytest.mark.contract("MF-01", "MF-08")
def test_documented_manifest_sets_up_the_instance():
    lines = apply(DOCUMENTED, ENVIRONMENT)
    assert lines == [
        "user alice: created",
        "user svc.integration: created",
        "application my.trusted.app/service: created",
        "instance: updated concurrent_licenses, name, reserved_seats",
    ]
    alice = User.objects.get(login="alice")
    assert (alice.name, alice.email, alice.email_confirmed) == ("Alice Adams", "alice@example.com", True)
    assert (alice.user_type, alice.is_admin, alice.locale) == (UserType.INTERNAL, True, "en-US")
    assert alice.check_password("correct horse battery")
    service = User.objects.get(login="svc.integration")
    assert service.user_type == UserType.SYSTEM
    assert not service.has_usable_password()
    application = TrustedApplication.objects.get()
    assert application.client_id == "my.trusted.app/service"
    assert application.client_type == ClientType.CONFIDENTIAL
    assert application.redirect_uri_list == ["https://app.example.com/auth/callback"]
    assert application.post_logout_redirect_uri_list == ["https://app.example.com/"]
    assert application.allows_service_access
    assert application.system_user == service
    assert application.scope == "read update"
    assert application.reference_tokens == ReferenceTokenPolicy.ADMINISTRATORS_ONLY
    assert application.notes == "owner is the integration team"
    assert application.secrets.get().name == "default"
    assert database_name() == "demodb"
    assert License.objects.get().slots == 10
    assert ReservedSeat.objects.get().user == alice


@pytest.mark.contract("MF-02")
def test_second_time_changes_nothing_and_records_nothing():
    apply(DOCUMENTED, ENVIRONMENT)
    events = AuditEvent.objects.count()
    versions = list(TrustedApplication.objects.values_list("object_version", "updated"))
    lines = apply(DOCUMENTED, ENVIRONMENT)
    assert [line.rpartition(": ")[2] for line in lines] == ["unchanged"] * 4
    assert AuditEvent.objects.count() == events
    assert list(TrustedApplication.objects.values_list("object_version", "updated")) == versions


@pytest.mark.contract("MF-01")
def test_updates_name_their_fields_in_alphabetical_order():
    apply(DOCUMENTED, ENVIRONMENT)
    text = (
        DOCUMENTED.replace("Alice Adams", "Alice Baker")
        .replace("alice@example.com", "baker@example.com")
        .replace("scope: read update", "scope: read")
    )
    assert apply(text, ENVIRONMENT) == [
        "user alice: updated email, name",
        "user svc.integration: unchanged",
        "application my.trusted.app/service: updated scope",
        "instance: unchanged",
    ]
    alice = User.objects.get(login="alice")
    # The file says that this address is confirmed, so the change of address does not take that back.
    assert (alice.email, alice.email_confirmed) == ("baker@example.com", True)
    assert [line.rpartition(": ")[2] for line in apply(text, ENVIRONMENT)] == ["unchanged"] * 4


@pytest.mark.contract("MF-01", "MF-04")
def test_changed_address_loses_its_confirmation_when_the_file_is_silent():
    UserFactory(login="bob", email="old@example.com", email_confirmed=True)
    text = "users: [{login: bob, email: new@example.com}]"
    expected = ["user bob: updated email, email_confirmed"]
    assert plan(text) == (expected, True)
    assert apply(text) == expected
    assert not User.objects.get(login="bob").email_confirmed
    assert plan(text) == (["user bob: unchanged"], False)


@pytest.mark.contract("MF-01")
def test_one_bad_object_stops_all_of_them():
    with pytest.raises(manifest.ManifestError):
        apply("users: [{login: good}, {login: 'not good'}]\napplications: [{application_uri: a, name: A}]")
    assert not User.objects.exists()
    assert not TrustedApplication.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("MF-01", "MF-06")
def test_refusal_while_writing_takes_everything_back_and_names_the_place(monkeypatch):
    """What only the database knows is reported like the rest."""

    def refuse(*args, **kwargs):
        raise ValidationError({"client_id": ValidationError("Somebody was faster.", code="unique")})

    monkeypatch.setattr(services, "save_application", refuse)
    with pytest.raises(manifest.ManifestError, match=r"applications\[0\]\.application_uri \(line 3\): Somebody"):
        apply("users: [{login: good}]\napplications:\n- application_uri: a\n  name: A\n")
    assert not User.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("MF-03")
def test_objects_and_keys_that_are_not_named_are_left_alone():
    other = UserFactory(login="other")
    kept = TrustedApplicationFactory(client_id="kept", name="Kept", notes="by hand", scope="read")
    seat = ReservedSeat.objects.create(user=other)
    Instance.objects.create(name="mine")
    License.objects.create(slots=3)
    assert apply("instance: {concurrent_licenses: 4}\napplications: [{application_uri: kept, scope: read update}]") == [
        "application kept: updated scope",
        "instance: updated concurrent_licenses",
    ]
    kept.refresh_from_db()
    assert (kept.name, kept.notes, kept.scope) == ("Kept", "by hand", "read update")
    assert kept.secrets.get().disabled_at is None
    assert ReservedSeat.objects.get() == seat
    assert Instance.objects.get().name == "mine"
    assert License.objects.get().slots == 4


@pytest.mark.contract("MF-03")
def test_prune_disables_absent_applications_only():
    UserFactory(login="bystander")
    TrustedApplicationFactory(client_id="absent")
    TrustedApplicationFactory(client_id="off", is_enabled=False)
    TrustedApplicationFactory(client_id="internal.erp.net/manage")
    TrustedApplicationFactory(client_id="named", name="Named")
    text = "applications: [{application_uri: named}]"
    assert apply(text) == ["application named: unchanged"]
    expected = ["application named: unchanged", "application absent: updated is_enabled (not in the manifest)"]
    assert plan(text, prune=True) == (expected, True)
    assert apply(text, prune=True) == expected
    assert dict(TrustedApplication.objects.values_list("client_id", "is_enabled")) == {
        "absent": False,
        "off": False,
        "internal.erp.net/manage": True,
        "named": True,
    }
    assert User.objects.get(login="bystander").is_active
    assert AuditEvent.objects.get(name="application.disabled").client_id == "absent"
    assert apply(text, prune=True) == ["application named: unchanged"]


@pytest.mark.contract("MF-03")
def test_prune_needs_a_list_of_applications():
    """A file that was cut short must not switch everything off."""
    application = TrustedApplicationFactory()
    with pytest.raises(manifest.ManifestError, match="applications: This key is required with --prune"):
        apply("version: 1", prune=True)
    application.refresh_from_db()
    assert application.is_enabled
    assert len(apply("applications: []", prune=True)) == 1


@pytest.mark.contract("MF-04")
def test_plan_says_what_apply_says_and_writes_nothing():
    assert plan(DOCUMENTED, ENVIRONMENT) == (
        [
            "user alice: created",
            "user svc.integration: created",
            "application my.trusted.app/service: created",
            "instance: updated concurrent_licenses, name, reserved_seats",
        ],
        True,
    )
    assert not User.objects.exists()
    assert not TrustedApplication.objects.exists()
    assert not Instance.objects.exists()
    assert not License.objects.exists()
    assert not AuditEvent.objects.exists()
    apply(DOCUMENTED, ENVIRONMENT)
    assert plan(DOCUMENTED, ENVIRONMENT)[1] is False
    changed = DOCUMENTED.replace("Alice Adams", "Alice").replace("${ALICE_PASSWORD}", "quite another one")
    assert plan(changed, ENVIRONMENT)[0][0] == "user alice: updated name, password"
    assert User.objects.get(login="alice").check_password("correct horse battery")


@pytest.mark.contract("MF-09")
def test_every_change_is_recorded_with_actor_and_file():
    apply(DOCUMENTED, ENVIRONMENT)
    events = list(AuditEvent.objects.order_by("id"))
    assert [event.name for event in events] == [
        "user.created",
        "user.created",
        "application.registered",
        "application.secret_added",
        "instance.updated",
        "instance.updated",
        "manifest.applied",
    ]
    assert {(event.actor_kind, event.actor_name) for event in events} == {("manifest", "manifest")}
    sha256 = hashlib.sha256(DOCUMENTED.encode()).hexdigest()
    assert {event.detail["manifest_sha256"] for event in events} == {sha256}
    assert len({event.correlation_id for event in events}) == 1
    assert events[-1].detail == {"manifest_sha256": sha256, "created": 3, "updated": 1}
    assert events[4].detail["changes"] == {"name": {"old": "ERP", "new": "demodb"}}
    assert events[5].detail["changes"] == {
        "concurrent_licenses": {"old": None, "new": 10},
        "reserved_seats": {"old": [], "new": ["alice"]},
    }


@pytest.mark.contract("MF-10")
def test_plan_reads_in_batches(django_assert_max_num_queries):
    """Four hundred objects more cost no query more."""

    def text(count):
        users = "".join(f"- {{login: u{n}, email: u{n}@example.com}}\n" for n in range(count))
        applications = "".join(
            f"- {{application_uri: a/{n}, name: A, secret: s{n}, system_user: u{n}}}\n" for n in range(count)
        )
        return f"instance: {{name: big, reserved_seats: [u0]}}\nusers:\n{users}applications:\n{applications}"

    apply(text(150))
    for count in (2, 150):
        with django_assert_max_num_queries(10):
            assert plan(text(count))[1] is False


@pytest.mark.contract("MF-01", "ID-63", "TA-31")
def test_logins_meet_without_regard_to_case_and_client_ids_do_not():
    UserFactory(login="Alice", name="Alice")
    TrustedApplicationFactory(client_id="My.App")
    assert apply("users: [{login: alice}]") == ["user alice: updated login"]
    assert User.objects.get().login == "alice"
    with pytest.raises(manifest.ManifestError, match=r'"My\.App" differs only in letter case'):
        apply("applications: [{application_uri: my.app, name: X}]")


@pytest.mark.contract("MF-04", "MF-06", "ID-63")
def test_plan_and_apply_agree_on_what_is_one_login():
    for text in ("users: [{login: ä}, {login: Ä}]", "users: [{login: ß}, {login: SS}]"):
        for run in (plan, apply):
            with pytest.raises(manifest.ManifestError, match=r"users\[1\]\.login \(line 1\): .* stands already"):
                run(text)
    text = "users: [{login: ß}, {login: s}]"
    lines, _ = plan(text)
    assert apply(text) == lines


@pytest.mark.contract("MF-01")
def test_ids_are_honoured_on_creation_only():
    text = """\
        users: [{login: a, id: cc314327-3d04-477f-ac53-cde19d8350e9}]
        applications: [{application_uri: b, name: B, id: 9da64839-a8d0-491d-aebb-4d18fa42b014}]
        """
    apply(text)
    assert str(User.objects.get().pk) == "cc314327-3d04-477f-ac53-cde19d8350e9"
    assert str(TrustedApplication.objects.get().pk) == "9da64839-a8d0-491d-aebb-4d18fa42b014"
    assert plan(text.replace("cc31", "cc32").replace("9da6", "9da7"))[1] is False
    with pytest.raises(manifest.ManifestError, match=r"users\[0\]\.id \(line 1\): Another stored object has this id"):
        apply(text.replace("login: a", "login: c"))


@pytest.mark.contract("MF-06", "TA-38")
def test_system_user_is_judged_as_the_file_leaves_it():
    service = UserFactory(system=True, login="svc")
    TrustedApplicationFactory(client_id="app", name="App", allows_service=True, system_user=service)
    text = "users: [{login: svc, is_active: false}]\napplications: [{application_uri: app, notes: new}]"
    with pytest.raises(
        manifest.ManifestError, match=r"applications\[0\]\.system_user \(line 2\): The system user must"
    ):
        apply(text)
    TrustedApplication.objects.update(system_user=None, allows_service=False)
    User.objects.update(is_active=False)
    apply("users: [{login: svc, is_active: true}]\napplications: [{application_uri: app, system_user: svc}]")
    assert TrustedApplication.objects.get().system_user == service


@pytest.mark.contract("MF-06", "SE-71")
def test_more_seats_than_licenses_are_refused():
    UserFactory(login="a")
    UserFactory(login="b")
    with pytest.raises(
        manifest.ManifestError, match=r"instance\.reserved_seats \(line 1\): 2 seats .* 1 concurrent license\."
    ):
        apply("instance: {concurrent_licenses: 1, reserved_seats: [a, b]}")
    apply("instance: {concurrent_licenses: null, reserved_seats: [a, b]}")
    with pytest.raises(manifest.ManifestError, match=r"instance\.concurrent_licenses"):
        apply("instance: {concurrent_licenses: 1}")
    assert apply("instance: {concurrent_licenses: 1, reserved_seats: [B]}") == [
        "instance: updated concurrent_licenses, reserved_seats"
    ]
    assert ReservedSeat.objects.get().user.login == "b"


@pytest.mark.contract("MF-06", "SE-16", "SE-65")
@pytest.mark.parametrize("kind", ["ExternalCommunityUser", "VirtualUserNoLogin", "ApplicationUserNoLogin"])
def test_a_seat_of_an_account_that_never_calls_an_api_is_refused(kind):
    """As on the page: it would keep a slot from everybody for ever."""
    text = f"users: [{{login: shop, type: {kind}}}]\ninstance: {{reserved_seats: [shop]}}"
    with pytest.raises(manifest.ManifestError) as refused:
        apply(text)
    assert f"instance.reserved_seats[0] (line 2): shop cannot use a license: accounts of type {kind} never do." in str(
        refused.value
    ).replace('"', "")
    assert not User.objects.exists()
    # As the manifest leaves the account, not as it was.
    UserFactory(login="shop", user_type=UserType[kind_of(kind)])
    apply("users: [{login: shop, type: InternalUser}]\ninstance: {reserved_seats: [shop]}")
    assert ReservedSeat.objects.get().user.login == "shop"


def kind_of(label):
    return next(name for name in UserType.names if UserType[name].label == label)


@pytest.mark.contract("MF-05", "SE-71")
def test_a_seat_of_no_use_is_left_out_of_an_export():
    user = UserFactory(login="shop")
    apply("instance: {reserved_seats: [shop]}")
    User.objects.filter(pk=user.pk).update(user_type=UserType.COMMUNITY)
    text = manifest.export()
    assert "reserved_seats: []" in text
    assert any("shop: left out of reserved_seats" in warning for warning in manifest.export_warnings())
    assert all(line.endswith("unchanged") for line in apply(text))


@pytest.mark.contract("MF-05", "SE-63", "SE-64")
def test_the_limits_of_applications_and_the_share_of_people():
    text = """
        instance: {concurrent_licenses: 10, kept_from_services_percent: 50}
        applications: [{application_uri: app, name: App, license_slot_limit: 3}]
    """
    assert apply(text) == [
        "application app: created",
        "instance: updated concurrent_licenses, kept_from_services_percent",
    ]
    assert License.objects.get().kept_from_services == 50
    assert TrustedApplication.objects.get().slot_limit == 3
    event = AuditEvent.objects.get(name="instance.updated")
    assert event.detail["changes"]["kept_from_services_percent"] == {"old": 20, "new": 50}
    assert apply(text) == ["application app: unchanged", "instance: unchanged"]
    assert apply("applications: [{application_uri: app, license_slot_limit: null}]") == [
        "application app: updated license_slot_limit"
    ]
    assert TrustedApplication.objects.get().slot_limit is None


@pytest.mark.contract("MF-06", "SE-63", "SE-64")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instance: {kept_from_services_percent: 101}", r"instance\.kept_from_services_percent .*from 0 to 100"),
        ("instance: {kept_from_services_percent: null}", r"instance\.kept_from_services_percent .*from 0 to 100"),
        ("instance: {kept_from_services_percent: '20'}", r"instance\.kept_from_services_percent .*from 0 to 100"),
        (
            "applications: [{application_uri: a, name: A, license_slot_limit: 0}]",
            r"applications\[0\]\.license_slot_limit .*greater than or equal to 1",
        ),
        (
            "applications: [{application_uri: a, name: A, license_slot_limit: many}]",
            r"applications\[0\]\.license_slot_limit .*whole number or null",
        ),
    ],
)
def test_limits_that_are_none(text, message):
    with pytest.raises(manifest.ManifestError, match=message):
        apply(text)


@pytest.mark.contract("MF-01", "TA-51")
def test_demo_manifest_is_valid_without_an_environment():
    path = MANIFEST
    lines = manifest.apply_file(path, environment={})
    assert "application ServiceDemoClient: created" in lines
    assert not any("unchanged" in line for line in lines)
    client = TrustedApplication.objects.get(client_id="ServiceDemoClient")
    assert client.secrets.get().secret_hash == "T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4="
    assert str(client.system_user.pk) == "cc314327-3d04-477f-ac53-cde19d8350e9"
    assert client.allows_service_access
    assert client.scope == "read"
    assert str(User.objects.get(login="alice").pk) == "9da64839-a8d0-491d-aebb-4d18fa42b014"
    assert all(line.endswith("unchanged") for line in manifest.apply_file(path, environment={}))
