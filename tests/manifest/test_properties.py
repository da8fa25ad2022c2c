"""Whatever the file holds: it is applied, or refused with the documented error and nothing is written."""

import pytest
import yaml
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import License, ReservedSeat
from erpnet_identity.manifest import schema
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.users.models import User, UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from trusted_apps.models import ClientSecret, ClientType, ReferenceTokenPolicy, TrustedApplication

pytestmark = pytest.mark.django_db
THOROUGH = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TABLES = (User, TrustedApplication, ClientSecret, ReservedSeat, License, Instance, AuditEvent)


def state():
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def try_it(data):
    """Apply and take it back; whether it was accepted. Checks all that must hold for any bytes."""
    before = state()
    refusal, lines, differs = None, [], False
    try:
        lines, differs = manifest.preview(data, environment={"SET": "value"})
    except manifest.ManifestError as error:
        refusal = str(error)
    if refusal is not None:
        with pytest.raises(manifest.ManifestError) as caught:
            manifest.apply(data, environment={"SET": "value"})
        assert str(caught.value) == refusal
        assert caught.value.problems
        assert state() == before
        return False
    assert state() == before
    with transaction.atomic():
        assert manifest.apply(data, environment={"SET": "value"}) == lines
        assert differs == (state() != before)
        assert not manifest.preview(data, environment={"SET": "value"})[1]
        transaction.set_rollback(True)
    return True


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.text(max_size=20)
    | st.sampled_from(["alice", "svc", "app", "${SET}", "${UNSET}", "$${", "read update", "https://a.example/", "*"])
    | st.sampled_from([*ClientType.labels, *UserType.labels, *ReferenceTokenPolicy.labels])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def entries(keys, likely):
    """Mappings of known keys, mostly with the kind of value that they want."""
    return st.fixed_dictionaries({}, optional={key: likely.get(key, SCALARS) | ANYTHING for key in keys})


LOGINS = st.sampled_from(["alice", "ALICE", "svc", "new", "newer", "ä", "Ä"])
SECRETS = st.lists(entries(schema.SECRET, {"secret": st.sampled_from(["one", "two", "DEMO"])}), max_size=3)
LIKELY = {
    "login": LOGINS,
    "application_uri": st.sampled_from(["app", "APP", "new/app", "internal.erp.net/x"]),
    "name": st.sampled_from(["Name", "123", "Ü"]),
    "type": st.sampled_from(UserType.labels),
    "client_type": st.sampled_from(ClientType.labels),
    "access_tokens": st.sampled_from(ReferenceTokenPolicy.labels),
    "system_user": LOGINS,
    "reserved_seats": st.lists(LOGINS, max_size=3),
    "concurrent_licenses": st.integers(0, 3),
    "email": st.sampled_from(["", "a@example.com"]),
    "locale": st.just("bg"),
    "scope": st.sampled_from(["", "read", "read  update", "read admin"]),
    "impersonate_login_url": st.lists(st.sampled_from(["https://a.example/", "x://y", "http://b"]), max_size=2),
    "impersonate_logout_url": st.lists(st.sampled_from(["https://a.example/", "x://y"]), max_size=2),
    "secrets": SECRETS,
    "id": st.sampled_from([0, 1]).map(lambda number: f"00000000-0000-0000-0000-00000000000{number}"),
    **{key: st.booleans() for key, read in {**schema.USER, **schema.APPLICATION}.items() if read is schema.fields.flag},
}
MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1) | SCALARS,
        "instance": entries(schema.INSTANCE, LIKELY | {"name": st.just("erp")}),
        "users": st.lists(entries(schema.USER, LIKELY), max_size=3) | ANYTHING,
        "applications": st.lists(entries(schema.APPLICATION, LIKELY), max_size=3) | ANYTHING,
    },
)


@pytest.fixture
def populated(db):
    UserFactory(login="alice", email="alice@example.com", email_confirmed=True)
    service = UserFactory(login="svc", system=True)
    TrustedApplicationFactory(client_id="app", name="App", secret="DEMO", allows_service=True, system_user=service)
    License.objects.create(slots=2)
    ReservedSeat.objects.create(user=service)


@pytest.mark.contract("MF-01", "MF-06")
@THOROUGH
@example(b"\x00")
@example("a: 😀\n".encode("utf-16"))
@example(b"%YAML 9.9\n---\nversion: 1\n")
@example(b"%TAG ! x\n--- !y\n")
@example(b"--- |\n x\n")
@example(b"? |\n  block\n: - x\n")
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes(data):
    try_it(data)


@pytest.mark.contract("MF-06")
@THOROUGH
@given(st.lists(st.sampled_from([*"-?:,[]{}#&*!|>'\"%@` \n\t\\~0a", "  ", "\n- ", "users:", "login: "]), max_size=40))
def test_arbitrary_punctuation(parts):
    try_it("".join(parts).encode())


@pytest.mark.contract("MF-01", "MF-02", "MF-04", "MF-06")
@THOROUGH
@given(document=MANIFESTS)
def test_manifests_that_are_almost_right(populated, document):
    # Through YAML's own writer: the kinds of the values are what a person could have typed.
    data = yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass")
    try_it(data)


@pytest.mark.contract("MF-01", "MF-02", "MF-04")
@THOROUGH
@given(
    users=st.lists(
        st.fixed_dictionaries(
            {"login": LOGINS},
            optional={key: LIKELY[key] for key in ("name", "email", "email_confirmed", "type", "is_active", "locale")},
        ),
        max_size=3,
        unique_by=lambda entry: entry["login"],
    ),
    applications=st.lists(
        st.fixed_dictionaries(
            {"application_uri": st.sampled_from(["app", "b"]), "name": LIKELY["name"]},
            optional={
                "secrets": st.lists(
                    st.fixed_dictionaries(
                        {"name": st.sampled_from(["default", "x"]), "secret": st.sampled_from(["DEMO", "2"])},
                        optional={"is_enabled": st.booleans(), "expires": st.none() | st.dates()},
                    ),
                    max_size=2,
                    unique_by=(lambda entry: entry["name"], lambda entry: entry["secret"]),
                ),
                **{key: LIKELY[key] for key in ("client_type", "system_user", "is_enabled", "impersonate_login_url")},
            },
        ),
        max_size=2,
        unique_by=lambda entry: entry["application_uri"],
    ),
)
def test_manifests_that_are_mostly_right(populated, users, applications):
    try_it(yaml.safe_dump({"users": users, "applications": applications}, allow_unicode=True).encode())
