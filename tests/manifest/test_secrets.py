"""Secrets and passwords of a manifest: hashed, compared, never shown."""

from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest
from django.utils import timezone

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from trusted_apps import secrets
from trusted_apps.models import ClientSecret, TrustedApplication

pytestmark = pytest.mark.django_db
HASH = "T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4="


def apply(text):
    return manifest.apply(dedent(text).encode(), environment={})


def app(keys):
    return f"applications: [{{application_uri: app, {keys}}}]"


def names(**filters):
    return sorted(ClientSecret.objects.filter(**filters).values_list("name", flat=True))


def recent_events():
    return [
        name.removeprefix("application.") for name in AuditEvent.objects.order_by("id").values_list("name", flat=True)
    ]


@pytest.fixture
def application(db):
    return TrustedApplicationFactory(client_id="app", name="App", secret="DEMO")


@pytest.mark.contract("MF-07", "TA-51")
@pytest.mark.parametrize("keys", ["secret: DEMO", f"secret_hash: {HASH}", "secrets: [{secret: DEMO}]"])
def test_matching_secret_is_unchanged(application, keys):
    assert apply(app(keys)) == ["application app: unchanged"]
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("MF-07")
def test_short_form_finds_the_secret_under_any_name(application):
    ClientSecret.objects.update(name="from the admin")
    assert apply(app("secret: DEMO")) == ["application app: unchanged"]


@pytest.mark.contract("MF-07", "TA-53")
def test_another_secret_replaces_the_stored_one(application):
    assert apply(app("secret: OTHER")) == ["application app: updated secret"]
    row = ClientSecret.objects.get()
    assert (row.name, row.disabled_at, secrets.matches("OTHER", row.secret_hash)) == ("default", None, True)
    assert recent_events() == ["secret_retired", "secret_removed", "secret_added", "manifest.applied"]
    assert apply(app("secret: OTHER")) == ["application app: unchanged"]


@pytest.mark.contract("MF-01")
def test_secret_of_a_disabled_application_stays_valid():
    """``is_enabled`` beside the short form speaks of the application."""
    apply(app("name: A, secret: DEMO, is_enabled: false"))
    assert not TrustedApplication.objects.get().is_enabled
    assert names(disabled_at=None) == ["default"]


@pytest.mark.contract("MF-01", "MF-02")
def test_list_describes_all_secrets(application):
    text = app(
        f"secrets: [{{name: a, secret_hash: {HASH}}}, {{name: b, secret: two, expires: 2031-05-06}},"
        " {name: c, secret: three, is_enabled: false}]"
    )
    assert apply(text) == ["application app: updated secrets"]
    assert names() == ["a", "b", "c"]
    assert names(disabled_at=None) == ["a", "b"]
    assert ClientSecret.objects.get(name="b").expires == datetime(2031, 5, 6, tzinfo=UTC)
    assert apply(text) == ["application app: unchanged"]
    # What the list does not name any more is retired, and a retired one comes back.
    text = app("secrets: [{name: c, secret: three, expires: '2031-01-01T02:00:00+02:00'}]")
    assert apply(text) == ["application app: updated secrets"]
    assert names(disabled_at=None) == ["c"]
    assert names() == ["a", "b", "c"]
    assert ClientSecret.objects.get(name="c").expires == datetime(2031, 1, 1, tzinfo=UTC)
    assert apply(text) == ["application app: unchanged"]


@pytest.mark.contract("MF-01", "MF-09")
def test_expiry_changes_in_place(application):
    soon = timezone.now() + timedelta(days=1)
    ClientSecret.objects.update(expires=soon)
    key = ClientSecret.objects.get().pk
    assert apply(app("secret: DEMO")) == ["application app: updated secret"]
    row = ClientSecret.objects.get()
    assert (row.pk, row.expires) == (key, None)
    event = AuditEvent.objects.get(name="application.secret_updated")
    assert event.detail["expires"] == {"old": soon.isoformat(), "new": None}


@pytest.mark.contract("TA-54", "TK-57")
@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        ("secret: DEMO", False),
        ("secrets: [{secret: DEMO}, {name: second, secret: two}]", False),
        ("secrets: [{secret: DEMO}, {name: old, secret: two, is_enabled: false}]", False),
        ("secrets: [{name: renamed, secret: DEMO}]", False),
        ("secrets: [{name: default, secret: two}, {name: renamed, secret: DEMO}]", False),
        ("secrets: [{secret: DEMO, expires: 2099-01-01}]", False),
        ("secret: OTHER", True),
        ("secrets: []", True),
        ("secrets: [{secret: DEMO, is_enabled: false}]", True),
        ("secrets: [{secret: DEMO, expires: 2020-01-01}]", True),
        ("secrets: [{name: renamed, secret: DEMO, is_enabled: false}]", True),
        ("secrets: [{name: renamed, secret: DEMO, expires: 2020-01-01}]", True),
    ],
)
def test_refresh_tokens_end_with_a_secret_that_stops(application, keys, ends):
    """Another name for the same secret is no rotation, a secret that nobody could use is none either."""
    apply(app(keys))
    application.refresh_from_db()
    assert (application.refresh_tokens_from is not None) is ends


@pytest.mark.contract("MF-06", "TA-33")
def test_application_becomes_public_when_its_secrets_go(application):
    urls = "impersonate_login_url: [https://a.example/cb]"
    with pytest.raises(
        manifest.ManifestError, match=r"applications\[0\]\.client_type \(line 1\): A public application"
    ):
        apply(app(f"client_type: Public, {urls}"))
    assert apply(app(f"client_type: Public, {urls}, secrets: []")) == [
        "application app: updated client_type, impersonate_login_url, secrets"
    ]
    assert TrustedApplication.objects.get().is_public
    assert names(disabled_at=None) == []
    assert apply(app(f"client_type: Confidential, {urls}, secret: DEMO")) == [
        "application app: updated client_type, secret"
    ]
    assert names(disabled_at=None) == ["default"]


@pytest.mark.contract("MF-06", "TA-33")
def test_public_application_with_a_secret_is_refused_at_the_secret():
    with pytest.raises(manifest.ManifestError, match=r"^applications\[0\]\.secret \(line 1\): A public application"):
        apply(app("name: A, client_type: Public, secret: hunter2-hunter2"))


@pytest.mark.contract("MF-06")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (f"secret: a, secret_hash: {HASH}", ".secret_hash (line 1): Use only one of"),
        ("secrets: [], secret: a", ".secrets (line 1): Use only one of"),
        ("secrets: [{name: a}]", ".secrets[0] (line 1): Give either secret or secret_hash."),
        (f"secrets: [{{secret: a, secret_hash: {HASH}}}]", ".secrets[0].secret_hash (line 1): Give either"),
        ("secrets: [{secret: a}, {secret: b}]", ".secrets[1].name (line 1): Another secret"),
        ("secrets: [{secret: a}, {name: b, secret: a}]", ".secrets[1].secret (line 1): This secret stands here twice"),
        ("secrets: [{secret: a, expires: soon}]", '.secrets[0].expires (line 1): "soon" is not a time'),
        ("secrets: [{secret: a, expires: 0001-01-01T00:00:00+14:00}]", ".secrets[0].expires (line 1)"),
        ("secrets: [{secret: a, expire: null}]", '.secrets[0].expire (line 1): The key "expire" is not known'),
        ("secrets: {secret: a}", ".secrets (line 1): Expected a list, found a mapping"),
        ("secrets: [a]", ".secrets[0] (line 1): Expected a mapping, found text"),
        ("secret: ''", ".secret (line 1): A secret has 1 to 1,000 characters."),
        ("secret: true", ".secret (line 1): Expected text"),
        ("secret_hash: plain", ".secret_hash (line 1): Expected the Base64 of a SHA-256 hash"),
        (f"secrets: [{{name: {'x' * 65}, secret: a}}]", ".secrets[0].name (line 1): Ensure this value has at most 64"),
    ],
)
def test_mistakes_in_secrets(keys, expected):
    with pytest.raises(manifest.ManifestError) as caught:
        apply(app(f"name: A, {keys}"))
    assert str(caught.value).startswith(f"applications[0]{expected}")
    assert len(caught.value.problems) == 1


@pytest.mark.contract("MF-07")
def test_matching_password_is_unchanged_and_another_is_hashed():
    user = UserFactory(login="a", password="correct horse")
    stored = user.password
    assert apply("users: [{login: a, password: correct horse}]") == ["user a: unchanged"]
    assert apply(f"users: [{{login: a, password_hash: '{stored}'}}]") == ["user a: unchanged"]
    assert User.objects.get().password == stored
    assert apply("users: [{login: a, password: wrong pony}]") == ["user a: updated password"]
    assert User.objects.get().check_password("wrong pony")
    assert AuditEvent.objects.get(name="user.updated").detail["credential_changed"] is True
    assert apply(f"users: [{{login: a, password_hash: '{stored}'}}]") == ["user a: updated password_hash"]
    assert User.objects.get().check_password("correct horse")


@pytest.mark.contract("MF-04", "MF-07")
def test_comparing_a_password_does_not_upgrade_its_hash(settings):
    user = UserFactory(login="a", password="correct horse")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert manifest.preview(b"users: [{login: a, password: correct horse}]")[1] is False
    assert User.objects.get().password == user.password


@pytest.mark.contract("MF-06")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("password: short1", "password (line 1): This password is too short."),
        ("password: password", "password (line 1): This password is too common."),
        ("password_hash: plain", "password_hash (line 1): This is not a password hash"),
        ("password_hash: pbkdf2_sha256$garbage", "password_hash (line 1): This is not a password hash"),
        ("password_hash: '!unusable'", "password_hash (line 1): This is not a password hash"),
        ("password: a good long one, password_hash: x", "password_hash (line 1): Use either"),
        ("password: null", "password (line 1): Expected text, found nothing"),
        ("password: [a good long one]", "password (line 1): Expected text, found a list."),
    ],
)
def test_mistakes_in_passwords(keys, expected):
    with pytest.raises(manifest.ManifestError) as caught:
        apply(f"users: [{{login: a, {keys}}}]")
    assert str(caught.value).startswith(f"users[0].{expected}")
    assert not User.objects.exists()


CANARY = "c4n4ry-5ecret-v4lue"


@pytest.mark.contract("MF-07", "TA-55")
@pytest.mark.parametrize(
    "text",
    [
        "users:\n- login: a\n  password: {0}\n  password_hash: {0}\n",
        "users:\n- login: a\n  password: [{0}]\n",
        "users:\n- login: a\n  pasword: {0}\n",
        "users:\n- login: a\n  password_hash: {0}\n",
        "users:\n- {0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret_hash: {0}\n",
        "applications:\n- application_uri: a\n  name: A\n  client_type: Public\n  secret: {0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: *{0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: &{0} x\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: !{0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: !{0}! x\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: '{0}\n",
        'applications:\n- application_uri: a\n  name: A\n  secret: "\\z{0}"\n',
        "applications:\n- application_uri: a\n  name: A\n  secret: @{0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: a: {0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: ${{{0}\n",
        "applications:\n- application_uri: a\n  name: A\n  secrets: [{{name: n, secret: {0}, secret_hash: {0}}}]\n",
        "applications:\n- application_uri: a\n  name: A\n  secret: x{0}" + "x" * 1000 + "\n",
    ],
)
def test_no_error_shows_a_secret(text):
    with pytest.raises(manifest.ManifestError) as caught:
        manifest.apply(text.format(CANARY).encode(), environment={})
    assert CANARY not in str(caught.value)
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("MF-07", "MF-09")
def test_no_line_no_event_and_no_export_shows_a_secret():
    text = f"""\
        users: [{{login: a, password: {CANARY}-a}}]
        applications: [{{application_uri: app, name: A, secret: {CANARY}-b}}]
        """
    lines = apply(text)
    recorded = repr(list(AuditEvent.objects.values()))
    hashes = [User.objects.get().password, ClientSecret.objects.get().secret_hash]
    assert CANARY not in "".join(lines) + recorded + manifest.export()
    assert not any(stored in recorded for stored in hashes)
    without = manifest.export(with_secrets=False)
    assert not any(stored in without for stored in hashes)
